import { bitOf, isAlnum } from './chars.ts'
import { hostDomain } from './names.ts'
import type { Scanner, Word } from './scanner.ts'

/** RFC 5321, 4.5.3.1.1. */
const localLengthMax = 64
const localChars = new Set([..."+%=!#$&'*/?^~{}"].map((c) => c.charCodeAt(0)))
const hostRun = /[\w.\-\u00a1-\uffff]{1,255}/y
const messageId =
  /(?:message-id|in-reply-to|references|content-id|resent-message-id)["']?\s*:\s*["']?(?:<[^<>\n]{0,200}>[\s,]*)*<?$/i

/** Accounts that a bare `name@host` is read as; any other such word is more often a package or a handle. */
const accounts =
  /^(?:root|admin|administrator|ubuntu|debian|centos|ec2-user|oracle|postgres|mysql|www-data|git|kali|pi|user|guest|test|nobody|daemon|service|svc[-_]\w+|backup|jenkins|ansible|deploy|sysadmin|support|vagrant|azureuser|opc|hadoop|tomcat|nagios|zabbix)$/i

/** An address at the `@` behind a word, or `account@host`. Always says where to go on. */
export function readEmail(scanner: Scanner, word: Word, at: number): number {
  const { text } = scanner
  const start = localStart(text, word.start)
  hostRun.lastIndex = at + 1
  const run = hostRun.exec(text)?.[0].replace(/[._-]+$/, '') ?? ''
  const end = at + 1 + run.length
  const local = text.slice(start, at)
  if (run === '' || at !== word.end || at - start > localLengthMax || local.includes('..')) return at + 1
  const domain = hostDomain(run)
  if (domain !== undefined) {
    if (messageId.test(text.slice(Math.max(0, start - 80), start))) return end
    return scanner.add('email', `${local}@${domain}`.toLowerCase(), start, end)
  }
  return isAccount(text, local, run, start, end) ? scanner.add('user', `${local}@${run}`, start, end) : at + 1
}

function isAccount(text: string, local: string, host: string, start: number, end: number): boolean {
  if (!/^[a-zA-Z_][\w.-]{0,31}$/.test(local) || !/^[a-zA-Z][a-zA-Z0-9-]{0,62}$/.test(host)) return false
  if (isAlnum(text.charCodeAt(end)) || /^[.@:/(]\w/.test(text.slice(end, end + 2))) return false
  return (
    accounts.test(local) ||
    /\b(?:ssh|scp|sftp|rsync|login|key)\b[^\n]{0,30}$/i.test(text.slice(Math.max(0, start - 40), start))
  )
}

/** The word before the `@`, and before it the other characters a local part may have. */
function localStart(text: string, wordStart: number): number {
  let i = wordStart
  const limit = Math.max(0, wordStart - localLengthMax)
  while (i > limit) {
    const c = text.charCodeAt(i - 1)
    if (localChars.has(c) || bitOf(c) !== 0) i--
    else break
  }
  // Marks before the first letter belong to the text around: `(user=a@b.example`, `'a@b.example`, `u=a@b.example`.
  const joined = text.slice(i, wordStart)
  const cut = Math.max(...[..."=/?&'*{}^!#$%~"].map((c) => joined.lastIndexOf(c)))
  let from = i + cut + 1
  while (from < wordStart && !isAlnum(text.charCodeAt(from)) && text.charCodeAt(from) !== 95) from++
  return from
}
