/** The notations that wrap a text as a whole: JSON strings, HTML entities, quoted-printable. */

/** Entities that occur in pasted HTML inside or beside an indicator; any other stays as it is. */
export const entities =
  /&(amp|lt|gt|quot|apos|nbsp|period|commat|colon|sol|#(?:3[49]|4[67]|58|6[024]|160)|#x(?:2[267efEF]|3[aceACE]|40));/y

/** Look-alikes of `.`, `:`, `/` and `@` that a browser or an input method turns into the ASCII one (UTS 46 for the dots). */
export const dotAliases: ReadonlyMap<number, string> = new Map([
  [0x3002, '.'],
  [0xff0e, '.'],
  [0xff61, '.'],
  [0x2024, '.'],
  [0xff1a, ':'],
  [0xff0f, '/'],
  [0xff20, '@'],
])

/** A pasted JSON document, where a backslash is always an escape. JSON inside other text keeps its backslashes. */
export function isJson(text: string): boolean {
  return /^\s*(?:\{\s*"|\[\s*[[{"])/.test(text.slice(0, 400)) && /"\s*[:,\]]/.test(text.slice(0, 4000))
}

/** Soft line breaks and an encoded equals sign together occur in quoted-printable and nowhere else. */
export function isQuotedPrintable(text: string): boolean {
  return text.includes('=3D') && (text.includes('=\n') || text.includes('=\r\n'))
}

const simple: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: ' ',
  f: ' ',
  n: '\n',
  r: '\n',
  t: '\t',
}

/** The JSON escape at `i` (which holds the backslash), and where it ends. */
export function jsonEscape(text: string, i: number): { into: string; end: number } | undefined {
  const next = text.charAt(i + 1)
  const into = simple[next]
  if (into !== undefined) return { into, end: i + 2 }
  const hex = text.slice(i + 2, i + 6)
  if (next !== 'u' || !/^[0-9a-fA-F]{4}$/.test(hex)) return undefined
  return { into: String.fromCharCode(Number.parseInt(hex, 16)), end: i + 6 }
}
