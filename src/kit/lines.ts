const newline = 10
const carriageReturn = 13

/** The lines of a text, without their ends (LF, CRLF); empty ones are left out. What follows the last LF is a line as well. Nothing is copied. */
export function linesOf(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = []
  for (let from = 0; from < bytes.length; ) {
    const lf = bytes.indexOf(newline, from)
    const end = lf === -1 ? bytes.length : lf
    const to = end > from && bytes[end - 1] === carriageReturn ? end - 1 : end
    if (to > from) lines.push(bytes.subarray(from, to))
    from = end + 1
  }
  return lines
}
