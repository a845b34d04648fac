/** A name or a note of a source; longer ones are reports, and those stay where they are. */
const textCharsMax = 500

/** One line, of a bounded length. */
export function bounded(text: string): string {
  const line = text
    .slice(0, textCharsMax * 4)
    .replaceAll(/\s+/g, ' ')
    .trim()
  return line.length > textCharsMax ? `${line.slice(0, textCharsMax - 1)}…` : line
}

/** ISO 8601, a date, "2026-11-20 14:02:33" (taken for UTC, as feeds mean it), or seconds since 1970; null for anything else. */
export function momentOf(text: string | undefined): string | null {
  if (text === undefined || text.trim() === '') return null
  const trimmed = text.trim()
  const seconds = /^\d{9,10}$/.test(trimmed) ? Number(trimmed) * 1_000 : Number.NaN
  const iso = /^\d{4}-\d{2}-\d{2}(?:$|[T ]\d{2}:\d{2})/.test(trimmed)
  const zoned = /(?:Z|[+-]\d{2}:?\d{2})$/.test(trimmed.slice(10)) || trimmed.length === 10
  const plain = trimmed.replace(' UTC', 'Z').replace(' ', 'T')
  const at = Number.isNaN(seconds)
    ? iso
      ? Date.parse(zoned || plain.endsWith('Z') ? plain : `${plain}Z`)
      : Number.NaN
    : seconds
  const year = Number.isNaN(at) ? 0 : new Date(at).getUTCFullYear()
  return year < 1970 || year > 9_999 ? null : new Date(at).toISOString()
}
