import { bitOf, isAlnum, isDigit, isSpace, letterBits, unitAt } from './chars.ts'
import { hasExtension } from './extensions.ts'
import { hiveOf, registryKeyEnd, registryKeyText, unixPathEnd, windowsPathEnd, windowsPathText } from './paths.ts'
import { readAddressIn } from './read-share.ts'
import type { Scanner, Word } from './scanner.ts'

/** `C:\…` and `C:/…`. `colon` is where the colon is. -1 when it is none. */
export function readDrive(scanner: Scanner, word: Word, colon: number): number {
  const { text } = scanner
  const start = colon - 1
  const separator = text.charCodeAt(colon + 1)
  if (separator !== 92 && separator !== 47) return -1
  if (start !== word.start && isAlnum(text.charCodeAt(start - 1))) return -1
  if ((bitOf(text.charCodeAt(start)) & letterBits) === 0 || isSpace(text.charCodeAt(colon + 2))) return -1
  if (separator !== 92 && !(separator === 47 && isAlnum(text.charCodeAt(colon + 2)))) return -1
  return addPath(scanner, start, skipSeparators(text, colon + 1))
}

const environment = /%[A-Za-z][\w()]{1,30}%(?=[\\/])/y

/** `%APPDATA%\…`. */
export function readEnvironment(scanner: Scanner, start: number): number {
  environment.lastIndex = start
  const match = environment.exec(scanner.text)
  if (match === null) return start + 1
  const end = addPath(scanner, start, skipSeparators(scanner.text, start + match[0].length))
  return Math.max(end, start + 1)
}

const namespace = /^\\+(?:[\w.-]+\\+)?root\\+(?:cimv2|default|subscription|microsoft|wmi|security|standardcimv2)/i
const share = /\\{2,4}(?:[\w.$-]{1,255})(\\{1,2})(?=[\w$])/y

/** `\\server\share\…`, and in the same place pipes and devices (`\\.\pipe\…`), which are no files. */
export function readShare(scanner: Scanner, start: number): number {
  const { text } = scanner
  const next = unitAt(text, start + 1)
  if ((next | 32) === 114) return readKernelKey(scanner, start)
  const before = unitAt(text, start - 1)
  if (next !== 92 || before === 92 || isAlnum(before)) return start + 1
  const mark = text.charCodeAt(start + 2) === 92 ? text.charCodeAt(start + 4) : text.charCodeAt(start + 2)
  const device =
    mark !== 46 && mark !== 63
      ? undefined
      : /^\\{2,4}[.?]\\{1,2}[^\s"'<>|`]{0,200}/.exec(text.slice(start, start + 210))?.[0]
  if (device !== undefined) {
    const drive = /^\\{2,4}\?\\{1,2}(?=[A-Za-z]:\\)/.exec(device)?.[0]
    return start + (drive ?? device).length
  }
  share.lastIndex = start
  const match = share.exec(text)
  if (match === null) return start + 2
  const end = start + match[0].length
  let server = start + 2
  while (text.charCodeAt(server) === 92) server++
  // Namespaces of WMI are written like shares.
  const mayBeRoot = (text.charCodeAt(server) | 32) === 114 || (text.charCodeAt(end) | 32) === 114
  if (mayBeRoot && namespace.test(text.slice(start, start + 80))) return end
  if (isDigit(text.charCodeAt(server))) readAddressIn(scanner, start, end)
  return addPath(scanner, start, end)
}

const kernelKey = /\\REGISTRY\\{1,2}(MACHINE|USER)(?=\\)/iy

/** `\\REGISTRY\\MACHINE\\…`, as drivers and so many sensors write the hives. */
function readKernelKey(scanner: Scanner, start: number): number {
  const { text } = scanner
  kernelKey.lastIndex = start
  const match = kernelKey.exec(text)
  if (match === null) return start + 1
  const body = start + match[0].length
  const end = registryKeyEnd(text, start, body)
  if (end < 0) return body
  const hive = (match[1] as string).toUpperCase() === 'USER' ? 'HKU' : 'HKLM'
  return scanner.add('regkey', registryKeyText(hive, text.slice(body, end)), start, end)
}

function skipSeparators(text: string, at: number): number {
  let i = at
  while (i - at < 4 && (text.charCodeAt(i) === 92 || text.charCodeAt(i) === 47)) i++
  return i
}

function addPath(scanner: Scanner, start: number, body: number): number {
  const { text } = scanner
  // The next drive, glued on: this one has no folder.
  if (text.charCodeAt(body + 1) === 58 && text.charCodeAt(body + 2) === 92) return body
  const end = windowsPathEnd(text, start, body)
  if (end <= body) return body
  return scanner.add('filepath', windowsPathText(text.slice(start, end)), start, end)
}

/** `/etc/…`, `~/.ssh/…`. What stands before must not be part of a longer path or web address. */
export function readUnix(scanner: Scanner, start: number): number {
  const { text } = scanner
  const before = text.charCodeAt(start - 1)
  if (isAlnum(before) || (before === 47 && text.charCodeAt(start - 2) === 47 && text.charCodeAt(start - 3) !== 58))
    return start + 1
  if (
    before === 46 ||
    (before === 47 && text.charCodeAt(start - 2) !== 47) ||
    before === 93 ||
    before === 126 ||
    before === 41 ||
    before === 125 ||
    before === 95
  )
    return start + 1
  const end = unixPathEnd(text, start)
  return end < 0 ? start + 1 : scanner.add('filepath', text.slice(start, end), start, end)
}

/** `HKLM\…`, `HKLM:\…`. `to` is where the word ends. -1 when the word is no hive. */
export function readRegistry(scanner: Scanner, word: Word, to: number): number {
  const { text } = scanner
  const body = unitAt(text, to) === 58 ? to + 1 : to
  if (word.end !== to || unitAt(text, body) !== 92) return -1
  const hive = hiveOf(text, word.start, word.end)
  if (hive === undefined) return -1
  const end = registryKeyEnd(text, word.start, body)
  if (end < 0) return -1
  return scanner.add('regkey', registryKeyText(hive, text.slice(body, end)), word.start, end)
}

const accountName = /\\{1,2}([A-Za-z0-9_][\w.$-]{2,63})/y
/** Names before a backslash that are folders, keys or namespaces and no domain of accounts. */
const notDomains =
  /^(?:SOFTWARE|SYSTEM|SYSTEM32|SAM|SECURITY|HARDWARE|WINDOWS|WINNT|TEMP|TMP|USERS|PROGRAMDATA|DEVICE|REGISTRY|GLOBAL|LOCAL|SESSIONS|BASENAMEDOBJECTS|PIPE|DRIVERS|ROOT|CIMV2|STARTUP|DESKTOP|DOWNLOADS|DOCUMENTS|APPDATA|BIN|OBJ|SRC|RUN|HK\w+|[A-Z])$/i

/** `DOMAIN\account`. The domain is a NetBIOS name: capitals, at most 15, and nothing before it that makes it a path. */
export function readAccount(scanner: Scanner, word: Word, to: number): number {
  const { text } = scanner
  const length = word.end - word.start
  const before = unitAt(text, word.start - 1)
  if (
    word.end !== to ||
    length < 2 ||
    length > 15 ||
    before === 92 ||
    before === 47 ||
    before === 37 ||
    (before === 58 &&
      text.charCodeAt(word.start - 2) !== 92 &&
      isAlnum(text.charCodeAt(word.start - 2)) &&
      !/[=\w"']:$/.test(text.slice(word.start - 2, word.start)))
  )
    return -1
  const domain = text.slice(word.start, word.end)
  const isMachine = /^[A-Z][A-Z0-9-]{1,14}$/.test(domain)
  if (!isMachine && !isLabelledAccount(text, domain, word.start)) return -1
  if (notDomains.test(domain)) return -1
  accountName.lastIndex = to
  const match = accountName.exec(text)
  if (match === null) return -1
  const account = (match[1] as string).replace(/[.-]+$/, '')
  const end = to + match[0].length - ((match[1] as string).length - account.length)
  if (text.charCodeAt(end) === 92 || hasExtension(account)) return -1
  const authority = domain === 'AUTHORITY' && text.slice(word.start - 3, word.start) === 'NT ' ? 'NT ' : ''
  if (isDigit(account.charCodeAt(0)) && /^\d+$/.test(account)) return -1
  return scanner.add('user', `${authority}${domain}\\${account}`, word.start - authority.length, end)
}

/** Domains in small letters (`corp\\jdoe`) are believed only behind a label. */
function isLabelledAccount(text: string, domain: string, start: number): boolean {
  if (!/^[A-Za-z][A-Za-z0-9.-]{1,14}$/.test(domain)) return false
  return /(?:user|account|login|logon|actor|owner)\w*["']?\s*[:=]\s*["']?$/i.test(
    text.slice(Math.max(0, start - 24), start),
  )
}
