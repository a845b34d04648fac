/** How a list's file is written: found out from its beginning. */
export type Form = {
  readonly encoding: 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'
  readonly delimiter: string
  readonly skipLines: number
}

const delimiters = [';', ',', '\t', '|'] as const
/** Rows that are looked at to tell the delimiter. */
const rowsLookedAt = 20

/** Encoding by byte order mark, then by NUL bytes, then by whether it is UTF-8; what is left is Windows-1252, which Excel writes here. Pure. */
export function formOf(beginning: Uint8Array): Form {
  const encoding = encodingOf(beginning)
  const text = new TextDecoder(encoding).decode(beginning, { stream: true })
  const said = /^sep=(.)\r?\n/i.exec(text)?.[1] // Excel's own hint line.
  return said === undefined
    ? { encoding, delimiter: delimiterOf(text), skipLines: 0 }
    : { encoding, delimiter: said, skipLines: 1 }
}

function encodingOf(bytes: Uint8Array): Form['encoding'] {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  const start = bytes.subarray(0, 4096)
  const zeros = (from: 0 | 1) => start.filter((byte, at) => at % 2 === from && byte === 0).length
  // Half of the bytes of mostly Latin UTF-16 are NUL; a text in any other encoding has none.
  if (zeros(1) > start.length / 8) return 'utf-16le'
  if (zeros(0) > start.length / 8) return 'utf-16be'
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return 'utf-8'
  } catch {
    return 'windows-1252' // Not UTF-8: the decoder says so by throwing, and there is nothing more to learn from it.
  }
}

/** The delimiter of which the heading has most, and of which the rows below have as many; outside of quotes. */
function delimiterOf(text: string): string {
  const lines = text
    .replaceAll(/"(?:[^"]|"")*"/g, '""')
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== '')
    .slice(0, rowsLookedAt)
  const heading = lines[0] ?? ''
  const count = (line: string, delimiter: string) => line.split(delimiter).length - 1
  const score = (delimiter: string) => {
    const columns = count(heading, delimiter)
    const same = lines.filter((line) => count(line, delimiter) === columns).length
    return columns === 0 ? 0 : columns + same / (lines.length + 1)
  }
  return [...delimiters].sort((a, b) => score(b) - score(a))[0] ?? ','
}
