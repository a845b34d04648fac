import { dot, isAlnum } from './chars.ts'
import { hasExtension } from './extensions.ts'
import { nameOf } from './names.ts'
import { addUrl } from './read-urls.ts'
import type { Scanner, Word } from './scanner.ts'
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
  if ((bits & dot) === 0) return end
  const around = {
    // The second of two names with a slash between them stands by itself.
    before: scanner.alternative === start ? ' ' : text.charAt(start - 1),
    after: text.charAt(end),
    afterNext: text.charAt(end + 1),
    defanged: scanner.refanged.defanged(start, end),
    detection: text.charCodeAt(start - 1) === 47 && detectionPrefix.test(text.slice(Math.max(0, start - 16), start)),
  }
  const value = text.slice(start, end)
  const name = scanner.name(value, around)
  if (name === undefined) return end
  if (name.type === 'filename') return addFilename(scanner, name.value, start, end)
  const url = name.type === 'domain' ? barePath(text, { type: 'domain', value: name.value }, start, end) : undefined
  const two = url !== undefined && isAlternative(scanner, end)
  if (two) scanner.alternative = end + 1
  if (url !== undefined && !two) return addUrl(scanner, url)
  return scanner.add(name.type, name.value, start, end)
}

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
  const mark = text.charCodeAt(end)
  if ((mark === 34 || mark === 39 || mark === 96 || mark === 0x201d) && text.charCodeAt(start - 1) !== mark) {
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
