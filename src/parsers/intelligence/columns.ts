import { Trouble } from '../../kit/errors.ts'

/** Columns of CSV that hold indicators, the likeliest first; others are named by `column`. */
// biome-ignore format: a table reads better in few lines
const columnNames = [
  'indicator', 'indicator_value', 'ioc', 'ioc_value', 'observable', 'value', 'ip', 'ip_address', 'dst_ip', 'domain', 'host', 'hostname',
  'url', 'sha256', 'sha256_hash', 'sha1', 'sha1_hash', 'md5', 'md5_hash', 'hash', 'file_hash',
]

/** Where a CSV holds its indicators: the column's place, and the line of the header (from 1). */
export type Header = {
  readonly delimiter: string
  readonly place: number
  readonly line: number
  /** Names of all its columns, in lower case. */
  readonly names: readonly string[]
}

/** Whether the text is CSV, by the first line that is no comment (feeds write the header as a comment, too). */
export function csvHeader(text: string, column: string | null): Header | null {
  const lines = text
    .slice(0, 64 * 1024)
    .split('\n')
    .slice(0, 30)
  for (const [place, whole] of lines.entries()) {
    const cells = /^\s*#/.test(whole) ? whole.replace(/^\s*#+\s*/, '') : whole
    for (const delimiter of [',', ';', '\t']) {
      const names = cells.split(delimiter).map((name) => name.trim().replaceAll('"', '').toLowerCase())
      const wanted = column === null ? columnNames : [column.toLowerCase()]
      const name = wanted.find((one) => names.includes(one))
      if (name !== undefined && (names.length > 1 || column !== null))
        return { delimiter, place: names.indexOf(name), line: place + 1, names }
    }
    if (whole.trim() !== '' && !/^\s*#/.test(whole) && column === null) return null
  }
  if (column === null) return null
  throw new Trouble('input.invalid', { problem: `no column "${column}" was found in the first lines of the list` })
}
