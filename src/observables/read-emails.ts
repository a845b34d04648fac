import { bitOf, dot, isAlnum } from './chars.ts'
import type { Scanner, Word } from './scanner.ts'

/** RFC 5321, 4.5.3.1. */
const localLengthMax = 64
const hostLengthMax = 255

/** Marks a local part may have besides letters, digits, dots, dashes and underscores; 2 for those that also end words around it. */
const localMarks = new Uint8Array(128)
localMarks[43] = 1
for (const c of "%=!#$&'*/?^~{}") localMarks[c.charCodeAt(0)] = 2

const messageId = /(?:message-id|in-reply-to|references|content-id)["']?\s*:[^\n]*$/i

/** Accounts that a bare `name@host` is read as; any other such word is more often a package or a handle. */
const accounts =
  /^(?:root|admin|administrator|ubuntu|debian|centos|ec2-user|oracle|postgres|mysql|www-data|git|kali|pi|user|guest|test|nobody|daemon|service|svc[-_]\w+|backup|jenkins|ansible|deploy|sysadmin|support|vagrant|azureuser|opc|hadoop|tomcat|nagios|zabbix)$/i

/** An address at the `@` behind a word, or `account@host`. Always says where to go on. */
export function readEmail(scanner: Scanner, word: Word, at: number): number {
  const { text } = scanner
  if (at !== word.end) return at + 1
  let bits = 0
  let end = at + 1
  for (const limit = Math.min(text.length, end + hostLengthMax); end < limit; end++) {
    const bit = bitOf(text.charCodeAt(end))
    if (bit === 0) break
    bits |= bit
  }
  // Another at sign behind the host: neither of the two is an address.
  if (end === at + 1 || text.charCodeAt(end) === 64) return at + 1
  while (end > at + 1 && !isAlnum(text.charCodeAt(end - 1))) end--
  const domain = (bits & dot) === 0 ? undefined : scanner.domain(text.slice(at + 1, end))
  const start = localStart(text, word.start)
  if (domain === undefined) {
    if (end === at + 1 || !isAccount(text, start, at, end)) return at + 1
    return scanner.add('user', text.slice(start, end), start, end)
  }
  const local = text.slice(start, at)
  if (local.length > localLengthMax || local.includes('..')) return at + 1
  if (text.charCodeAt(start - 1) === 60 && messageId.test(text.slice(Math.max(0, start - 80), start - 1))) return end
  return scanner.add('email', `${local.toLowerCase()}@${domain}`, start, end)
}

function isAccount(text: string, start: number, at: number, end: number): boolean {
  if (at - start > 32 || end - at > 64 || isAlnum(text.charCodeAt(end))) return false
  const mark = text.charCodeAt(end)
  if ((mark === 46 || mark === 58 || mark === 47 || mark === 40) && isAlnum(text.charCodeAt(end + 1))) return false
  if (mark === 58 && text.charCodeAt(end + 1) === 47) return false
  if (!/^[a-zA-Z_][\w.-]*@[a-zA-Z][a-zA-Z0-9-]*$/.test(text.slice(start, end))) return false
  if (accounts.test(text.slice(start, at))) return true
  return /\b(?:ssh|scp|sftp|rsync|login|key)\b[^\n]{0,30}$/i.test(text.slice(Math.max(0, start - 40), start))
}

/**
 * Where the local part begins: the word before the `@` and what is joined to it by a plus. Other marks are allowed in a
 * local part, but in logs and markup they belong to the text around (`suser=a@b.example`, `'a@b.example`).
 */
function localStart(text: string, wordStart: number): number {
  let from = wordStart
  for (let i = wordStart, limit = Math.max(0, wordStart - localLengthMax); i > limit; i--) {
    const c = text.charCodeAt(i - 1)
    if (c < 128 && localMarks[c] === 2) break
    if (isAlnum(c) || c === 95) from = i - 1
    else if (c !== 43 && c !== 46 && c !== 45) break
  }
  return from
}
