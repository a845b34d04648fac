import { isAlnum, isSpace } from './chars.ts'
import { hasExtension } from './extensions.ts'

/** The longest path Windows takes without its long-path prefix is 260; deeper ones in alerts are still below this. */
const pathLengthMax = 520
/** How far ahead a space may be followed by the rest of a folder or file name, and over how many words. */
const spanMax = 100
const wordsMax = 8

/** English after a path, which ends it. In quotes the closing quote does. */
const english = new Set(
  `and or to in into from with via then the is was were are be been for by as on at of that which where when while using after before
  has had have will would can could did does a an it its this these those not but so if who whose running created executed launched
  drops dropped writes wrote loads loaded spawned called named`.split(/\s+/),
)

/** The end of a Windows path whose folders begin at `body` (just after `C:\`, `%TEMP%\`, `\\server\`), as read from `start`. */
export function windowsPathEnd(text: string, start: number, body: number): number {
  const opener = text.charAt(start - 1)
  const quoted = quotedEnd(text, start, body, opener)
  if (quoted >= 0) return quoted
  const limit = Math.min(text.length, start + pathLengthMax)
  let component = body
  let i = body
  while (i < limit) {
    const c = text.charCodeAt(i)
    if (c === 92 || c === 47) {
      component = i + 1
      i++
    } else if (c === 32) {
      const next = spaceGoesOn(text, component, i)
      if (next < 0) break
      i = next
    } else if (endsPath(text, c, i, component, opener)) break
    else i++
  }
  return trimmedEnd(text, body, i)
}

function endsPath(text: string, c: number, i: number, component: number, opener: string): boolean {
  if (c <= 31 || c === 0xa0) return true
  // " * : < > ? ` |
  if (c === 34 || c === 42 || c === 58 || c === 60 || c === 62 || c === 63 || c === 96 || c === 124) return true
  if (c === 39) return opener === "'" || !isAlnum(text.charCodeAt(i + 1))
  if (c === 59) return true
  // `module.dll,Export` calls an export, `module.dll+1a0b` is an offset in a call trace.
  if (c === 43) return hasExtension(text.slice(component, i))
  if (c === 44) return isSpace(text.charCodeAt(i + 1)) || hasExtension(text.slice(component, i))
  if (c === 41 || c === 93 || c === 125) {
    const open = c === 41 ? '(' : c === 93 ? '[' : '{'
    return !text.slice(component, i).includes(open)
  }
  // Typographic quotes and dashes.
  return c >= 0x2010 && c <= 0x203a
}

/** A program with its arguments behind it. */
const called = /\.(?:exe|dll|bat|cmd|com|ps1|vbs|js|scr|msi|cpl|hta|jar|py)[ ,]|\s[-/]\w/i

/** Between quotes a path may hold any words, unless a program's name and a space say that arguments follow. */
function quotedEnd(text: string, start: number, body: number, opener: string): number {
  if (opener !== '"' && opener !== "'" && opener !== '`' && opener !== '“') return -1
  const closer = opener === '“' ? '”' : opener
  const ahead = text.slice(body, body + 300)
  const close = ahead.indexOf(closer)
  if (close <= 0) return -1
  let mayCall = false
  for (let i = body; i < body + close; i++) {
    const c = text.charCodeAt(i)
    // " * : < > ? | and line breaks are in no name.
    if (c === 10 || c === 13 || c === 34 || c === 42 || c === 58 || c === 60 || (c >= 62 && c <= 63) || c === 124)
      return -1
    if (c === 45 || c === 46 || c === 47) mayCall = true
  }
  if (mayCall && called.test(ahead.slice(0, close))) return -1
  return start < body ? trimmedEnd(text, body, body + close) : -1
}

/** Where to go on after the space at `i`: into the next word of the same name, or -1 when the path ends here. */
function spaceGoesOn(text: string, component: number, i: number): number {
  if (i === component || hasExtension(text.slice(component, i))) return -1
  const limit = Math.min(text.length, i + spanMax)
  let words = 0
  for (let from = i + 1, at = from; at <= limit; at++) {
    const c = text.charCodeAt(at)
    // The rest of a folder's name, when a separator follows soon and nothing before it reads as English.
    if (c === 92) return words < 4 && at > from ? at : -1
    if (c !== 32 && !endsWord(c)) continue
    if (at === from || text.charCodeAt(from) === 45 || isEnglish(text, from, at)) return -1
    // The rest of the last name of the path, when it ends in an extension.
    let end = at
    while (end > from && `).,'];`.includes(text.charAt(end - 1))) end--
    if (hasExtension(text.slice(from, end))) return end
    if (c !== 32 || end < at || ++words >= wordsMax) return -1
    from = at + 1
  }
  return -1
}

/** What ends a word inside a path: the end of the text, control characters, and the characters no file name may have. */
function endsWord(c: number): boolean {
  return (
    Number.isNaN(c) ||
    c < 32 ||
    c === 34 ||
    c === 42 ||
    c === 44 ||
    c === 47 ||
    (c >= 58 && c <= 63) ||
    c === 96 ||
    c === 124
  )
}

/** The longest word of `english`. */
const englishLengthMax = 8

function isEnglish(text: string, from: number, to: number): boolean {
  return to - from <= englishLengthMax && english.has(text.slice(from, to))
}

const trailing = new Set(Array.from(` .,;'\\/*_“”`, (c) => c.charCodeAt(0)))

function trimmedEnd(text: string, body: number, end: number): number {
  let to = end
  while (to > body && trailing.has(text.charCodeAt(to - 1))) to--
  return to
}

/** One separator, whatever the escaping around the path made of it; two in front of a server. */
export function windowsPathText(path: string): string {
  if (!path.includes('/') && !path.includes('\\\\')) return path
  const isShare = path.startsWith('\\\\')
  const single = path.replaceAll('/', '\\').replace(/\\+/g, '\\')
  return isShare ? `\\${single}` : single
}

const hives: ReadonlyMap<string, string> = new Map([
  ['HKEY_LOCAL_MACHINE', 'HKLM'],
  ['HKEY_CURRENT_USER', 'HKCU'],
  ['HKEY_CLASSES_ROOT', 'HKCR'],
  ['HKEY_USERS', 'HKU'],
  ['HKEY_CURRENT_CONFIG', 'HKCC'],
  ['HKLM', 'HKLM'],
  ['HKCU', 'HKCU'],
  ['HKCR', 'HKCR'],
  ['HKU', 'HKU'],
  ['HKCC', 'HKCC'],
])

/** The short name of the hive that [start, end) names. */
export function hiveOf(text: string, start: number, end: number): string | undefined {
  const length = end - start
  if (length < 3 || length > 19) return undefined
  if ((text.charCodeAt(start) | 32) !== 104 || (text.charCodeAt(start + 1) | 32) !== 107) return undefined
  const written = text.slice(start, end)
  return hives.get(written) ?? hives.get(written.toUpperCase())
}

/** The end of a registry key whose first backslash is at `body`, or -1. */
export function registryKeyEnd(text: string, start: number, body: number): number {
  const opener = text.charAt(start - 1)
  const limit = Math.min(text.length, start + pathLengthMax)
  let component = body
  let i = body
  for (; i < limit; i++) {
    const c = text.charCodeAt(i)
    if (c === 92) component = i + 1
    else if (c === 32) {
      const next = keySpaceGoesOn(text, i, opener)
      if (next < 0) break
      i = next - 1
    } else if (c <= 31 || c === 34 || c === 96 || c === 124 || c === 60 || c === 62 || c === 59 || c === 44 || c === 61)
      break
    else if ((c === 39 && opener === "'") || (c >= 0x2010 && c <= 0x203a && c !== 0x2019)) break
    else if ((c === 41 || c === 93 || c === 125) && !/[([{]/.test(text.slice(component, i))) break
    else if (c === 58 && !isAlnum(text.charCodeAt(i + 1))) break
    else if (c === 42 && text.charCodeAt(i - 1) !== 92) break
  }
  while (i > body && ` .,;:'\\_*`.includes(text.charAt(i - 1))) i--
  return i > body + 1 ? i : -1
}

function keySpaceGoesOn(text: string, i: number, opener: string): number {
  if (opener === '"' || opener === "'" || opener === '`' || opener === '“') {
    const ahead = text.slice(i, i + spanMax)
    const quote = ahead.indexOf(opener === '“' ? '”' : opener)
    if (quote > 0 && !/[\r\n]/.test(ahead.slice(0, quote))) return i + quote
  }
  let words = 0
  for (let from = i + 1, at = from; at < i + spanMax; at++) {
    const c = text.charCodeAt(at)
    if (c === 92) return at > from && words < 5 && hiveOf(text, from, at) === undefined ? at : -1
    if (c !== 32) {
      if (endsWord(c) && c !== 42 && c !== 47) return -1
      continue
    }
    if (at === from || isEnglish(text, from, at) || ++words >= 5) return -1
    from = at + 1
  }
  return -1
}

/** `HKLM\…` for every spelling of the hive, one backslash between names. */
export function registryKeyText(hive: string, rest: string): string {
  return hive + (rest.includes('\\\\') ? rest.replace(/\\+/g, '\\') : rest)
}

const unixRoots =
  /\/(?:tmp|var|etc|usr|home|root|opt|bin|sbin|dev|proc|mnt|Users|Library|private|srv|lib|lib64|boot|run|sys|media|Applications|Volumes|System|data|sdcard)(?:\/[\w.@%+=~#$-]{1,255}){1,40}/y
const homePath = /~\/[\w.@%+=~#-]{1,255}(?:\/[\w.@%+=~#-]{1,255}){0,40}/y
const notFiles = /^\/dev\/(?:null|zero|tcp|udp|stdin|stdout|stderr|random|urandom)/
const requested =
  /(?:\b(?:GET|POST|PUT|HEAD|DELETE|PATCH|OPTIONS)|\b(?:uri|url|endpoint|route|path|href|src)["']?\s*[:=.]*)\s*["']?$/i

/** The end of a Unix path at `start`, or -1. Only below the roots every system has: `/api/v1` is part of a web address. */
export function unixPathEnd(text: string, start: number): number {
  const isHome = text.charCodeAt(start) === 126
  const pattern = isHome ? homePath : unixRoots
  pattern.lastIndex = start
  const match = pattern.exec(text)
  if (match === null || notFiles.test(match[0])) return -1
  const before = text.slice(Math.max(0, start - 16), start)
  if (!isHome && requested.test(before) && !/^\/(?:tmp|etc|home|root|proc|usr|var)\//.test(match[0])) return -1
  const end = start + match[0].replace(/[.=#~%@+-]+$/, '').length
  return end - start >= 4 ? end : -1
}
