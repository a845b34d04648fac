/** A line of a text, with its place in it (UTF-16 code units; `end` is before the line break). */
export type Line = { readonly text: string; readonly start: number; readonly end: number }

/** More lines than this of one part are not read: the longest alert mails with raw logs we know of have some 3,000. */
export const linesMax = 6000

/** Splits at LF, CRLF or CR. Source: the decoded text of one part. */
export function linesOf(text: string): readonly Line[] {
  const lines: Line[] = []
  let start = 0
  while (start <= text.length && lines.length < linesMax) {
    let end = start
    while (end < text.length && text[end] !== '\n' && text[end] !== '\r') end += 1
    lines.push({ text: text.slice(start, end), start, end })
    start = text[end] === '\r' && text[end + 1] === '\n' ? end + 2 : end + 1
  }
  return lines
}

/** The same place without white space at its ends. */
export function trimmed(text: string, start: number, end: number): { readonly start: number; readonly end: number } {
  let from = start
  let to = end
  while (from < to && isSpace(text, from)) from += 1
  while (to > from && isSpace(text, to - 1)) to -= 1
  return { start: from, end: to }
}

function isSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code <= 32 || code === 0xa0 || code === 0x200b || code === 0xfeff
}
