/** One row, RFC 4180. What a spreadsheet would take for a formula, and is no number, gets an apostrophe: strangers write what we show. */
export function csvLine(cells: readonly string[]): string {
  const safe = (cell: string): string =>
    /^[=+\-@\t\r]/.test(cell) && !/^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(cell) ? `'${cell}` : cell
  const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)
  return `${cells.map((cell) => quoted(safe(cell))).join(',')}\r\n`
}
