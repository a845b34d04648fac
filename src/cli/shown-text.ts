/** Moves a cursor, changes a title or the direction of a text, or is not seen at all (C0 but the tab, C1, marks of direction). */
const acting = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** A text from outside as a terminal may show it in one line: what would act is shown as a sign. */
export function shownText(text: string): string {
  return text.replaceAll(acting, (sign) =>
    sign < '\x20' ? String.fromCharCode(0x2400 + sign.charCodeAt(0)) : '\ufffd',
  )
}

/** The same for what has lines of its own, which stay. */
export function shownLines(text: string): string {
  return text
    .split('\n')
    .map((line) => (line.endsWith('\r') ? `${shownText(line.slice(0, -1))}\r` : shownText(line)))
    .join('\n')
}
