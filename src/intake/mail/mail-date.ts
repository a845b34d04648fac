const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')
/** Minutes east of UTC of the zones RFC 5322 section 4.3 names. Other letters say nothing and count as UTC. */
const zones: Readonly<Record<string, number>> = {
  edt: -240,
  est: -300,
  cdt: -300,
  cst: -360,
  mdt: -360,
  mst: -420,
  pdt: -420,
  pst: -480,
  cet: 60,
  cest: 120,
  bst: 60,
}

const form =
  /(?:[a-z]{2,9}\s*,?\s*)?(\d{1,2})[\s-]+([a-z]{3})[a-z]*\.?,?[\s-]+(\d{2,4})[\s,]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:\.\d+)?\s*(?:([+-]\d{4})|(?:gmt|utc|z)?\s*([+-]\d{1,2}:?\d{2})|([a-z]{1,4}))?/i

/** A mail date (RFC 5322 section 3.3 and what is seen in its place) as ISO 8601 in UTC; null where it says none. */
export function mailDate(value: string): string | null {
  // No real date is longer; the cap keeps the expression cheap.
  const text = value.replace(/\([^()]*\)/g, ' ').slice(0, 120)
  const found = form.exec(text)
  const at = found === null ? Date.parse(text) : timeOf(found)
  if (!Number.isFinite(at)) return null
  const year = new Date(at).getUTCFullYear()
  return year >= 1 && year <= 9999 ? new Date(at).toISOString() : null
}

function timeOf(found: RegExpExecArray): number {
  const [, day, monthName, yearText, hour, minute, second, offset, offsetAfterZone, zone] = found
  const month = months.indexOf((monthName as string).toLowerCase())
  if (month < 0) return Number.NaN
  let year = Number(yearText)
  // RFC 5322 section 4.3: two digits up to 49 are of this century.
  if ((yearText as string).length === 2) year += year < 50 ? 2000 : 1900
  else if ((yearText as string).length === 3) year += 1900
  const numeric = (offset ?? offsetAfterZone)?.replace(':', '')
  let minutesEast = zones[(zone ?? '').toLowerCase()] ?? 0
  if (numeric !== undefined) {
    const digits = numeric.slice(1).padStart(4, '0')
    minutesEast = (numeric.startsWith('-') ? -1 : 1) * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2)))
  }
  const date = new Date(0)
  date.setUTCFullYear(year, month, Number(day))
  date.setUTCHours(Number(hour), Number(minute), Number(second ?? 0))
  return date.getTime() - minutesEast * 60_000
}
