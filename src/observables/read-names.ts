import { alnumBits, bitOf, dot, high, isAlnum, letterBits, lowerBits, unitAt } from './chars.ts'
import { hasExtension } from './extensions.ts'
import { nameOf } from './names.ts'
import { addUrl } from './read-urls.ts'
import type { KnownName, Scanner, Word } from './scanner.ts'
import { barePath } from './urls.ts'

/** Platforms with which scanners begin a detection name (`Win32/Agent.ABC`, `MSIL/Spy.Tiny.DB`). */
const detectionPrefix =
  /(?:^|[^\w/.])(?:Win(?:16|32|64)?|W32|W64|MSIL|WinGo|Linux|OSX|MacOS|iOS|Android(?:OS)?|JS|VBS|VBA|HTML|PDF|PowerShell|PS|Python|Java|PHP|BAT|DOC|ASP|SWF|RTF|LNK|NSIS|AutoIt|Generik|Multi|[OWXP]P?97M|O2K?M|MIME|Script)\/$/

/** How far a file name with spaces may reach back to its opening quote. */
const quoteReach = 100

/** Domains, file names and web addresses without a scheme. Returns where to go on. */
export function readName(scanner: Scanner, word: Word): number {
  const { text } = scanner
  const { start, end, bits } = word
  // Every suffix and every extension has a letter.
  if ((bits & dot) === 0 || (bits & (letterBits | high)) === 0) return end
  const { name, written } = nameAt(scanner, start, end)
  if (name === undefined) return end
  if (name.type === 'filename') return addFilename(scanner, name.value, start, end)
  const next = unitAt(text, end)
  const mayGoOn = name.type === 'domain' && (next === 47 || next === 58)
  const url = mayGoOn ? barePath(text, { type: 'domain', value: name.value }, start, end) : undefined
  const two = url !== undefined && isAlternative(scanner, end)
  if (two) scanner.alternative = end + 1
  if (url !== undefined && !two) return addUrl(scanner, url)
  return scanner.add(name.type, name.value, start, end, written)
}

/** `nameOf` with what stands around; asked once for each name on which nothing around weighs. */
function nameAt(scanner: Scanner, start: number, end: number): KnownName {
  const { text } = scanner
  const written = text.slice(start, end)
  const defanged = scanner.refanged.defanged(start, end)
  // The second of two names with a slash between them stands by itself.
  const before = scanner.alternative === start ? 32 : unitAt(text, start - 1)
  const detection = before === 47 && isDetected(text, start)
  const neutral = !defanged && !detection && isNeutral(text, before, end)
  const known = neutral ? scanner.knownName(written) : undefined
  if (known !== undefined) return known
  const around = {
    before: before === 0 ? '' : String.fromCharCode(before),
    after: text.charAt(end),
    afterNext: text.charAt(end + 1),
    defanged,
    detection,
  }
  const name = nameOf(written, around, scanner.domain)
  return neutral ? scanner.keepName({ written, name }) : { written, name }
}

/**
 * Space, a quote or the like on both sides, and no sentence running on (which matters to the two-letter suffixes that are
 * English words): then only the name itself says what it is.
 */
function isNeutral(text: string, before: number, end: number): boolean {
  if (before === 47 || before === 92 || before === 64 || before === 37) return false
  const after = unitAt(text, end)
  if (after === 40 || after === 58) return false
  return after !== 32 || text.charCodeAt(end - 3) !== 46 || (bitOf(unitAt(text, end + 1)) & lowerBits) === 0
}

/** Whether the slash before `start` has a scanner's platform before it. */
function isDetected(text: string, start: number): boolean {
  let from = start - 1
  while (start - from <= platformLengthMax + 1 && (bitOf(unitAt(text, from - 1)) & alnumBits) !== 0) from--
  // A longer word, a path or a name in front, and no pattern need be asked.
  const before = unitAt(text, from - 1)
  if (from === start - 1 || before === 46 || before === 47 || before === 95) return false
  return detectionPrefix.test(text.slice(Math.max(0, start - 16), start))
}

/** `PowerShell` is the longest of them. */
const platformLengthMax = 10

/** `one.example/two.example` are two names and no path. */
function isAlternative(scanner: Scanner, slash: number): boolean {
  const { text } = scanner
  const next = /^\/([\w-]+(?:\.[\w-]+)+)(?![\w/?#.-])/.exec(text.slice(slash, slash + 260))?.[1]
  if (next === undefined || hasExtension(next)) return false
  const alone = { before: ' ', after: '', afterNext: '', defanged: false, detection: false }
  return nameOf(next, alone, scanner.domain)?.type === 'domain'
}

/** Takes the words before a file name along when quotes say that they belong to it. */
function addFilename(scanner: Scanner, value: string, start: number, end: number): number {
  const { text } = scanner
  const mark = unitAt(text, end)
  if ((mark === 34 || mark === 39 || mark === 96 || mark === 0x201d) && unitAt(text, start - 1) !== mark) {
    const closer = text.charAt(end)
    const before = text.slice(Math.max(0, start - quoteReach), start)
    const open = before.lastIndexOf(closer === '”' ? '“' : closer)
    const words = open < 0 ? '' : before.slice(open + 1)
    const isTitle =
      open >= 0 &&
      words.length > 1 &&
      /^[\w(\u00c0-\uffff][\w ()#&,'+.\-\u00c0-\uffff]*$/.test(words) &&
      !isAlnum(before.charCodeAt(open - 1))
    if (isTitle && isOneName(words)) {
      return scanner.add('filename', words + value, start - words.length, end)
    }
  }
  return scanner.add('filename', value, start, end)
}

/** No more words than a title has, and no other file among them. */
function isOneName(words: string): boolean {
  if (!words.includes('.')) return words.length <= quoteReach
  return !words.split(' ').some(hasExtension)
}
