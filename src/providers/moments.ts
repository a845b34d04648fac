// biome-ignore format: a table reads better in few lines
const months: Readonly<Record<string, number>> = {
  jan: 1, january: 1, januar: 1, janvier: 1, janv: 1, enero: 1, ene: 1, feb: 2, february: 2, februar: 2, fevrier: 2, fevr: 2, febrero: 2, mar: 3, march: 3, marz: 3, mars: 3, marzo: 3,
  apr: 4, april: 4, avril: 4, avr: 4, abril: 4, abr: 4, may: 5, mai: 5, mayo: 5, jun: 6, june: 6, juni: 6, juin: 6, junio: 6, jul: 7, july: 7, juli: 7, juillet: 7, juil: 7, julio: 7,
  aug: 8, august: 8, aout: 8, agosto: 8, ago: 8, sep: 9, sept: 9, september: 9, septembre: 9, septiembre: 9, oct: 10, okt: 10, october: 10, oktober: 10, octobre: 10, octubre: 10,
  nov: 11, november: 11, novembre: 11, noviembre: 11, dec: 12, dez: 12, december: 12, dezember: 12, decembre: 12, diciembre: 12, dic: 12,
}
/** Minutes east of UTC. Letters that mean two things (IST, BST in Asia, CST) are read as the more common one in mail. */
// biome-ignore format: a table reads better in few lines
const zones: Readonly<Record<string, number>> = {
  z: 0, utc: 0, gmt: 0, wet: 0, cet: 60, mez: 60, met: 60, bst: 60, west: 60, cest: 120, mesz: 120, eet: 120, eest: 180, msk: 180,
  est: -300, edt: -240, cst: -360, cdt: -300, mst: -420, mdt: -360, pst: -480, pdt: -420, ist: 330, jst: 540, sgt: 480, aest: 600, aedt: 660,
}

type Parts = { y: number; mo: number; d: number; h: number; mi: number; s: number; ms: number; zone: number | null }

const clockWords =
  /(\d{1,2})[:h](\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([ap]\.?m\.?)?\s*(?:uhr\s*)?\(?\s*(?:(?:utc|gmt)?\s*([+-]\d{1,2}):?(\d{2})?|([a-z]{1,5})\b)?/i

function clockAt(text: string): Pick<Parts, 'h' | 'mi' | 's' | 'ms' | 'zone'> | null {
  const match = clockWords.exec(text.slice(0, 80))
  if (match === null) return null
  const afternoon = (match[5] ?? '').toLowerCase().startsWith('p')
  const morning = (match[5] ?? '').toLowerCase().startsWith('a')
  let h = Number(match[1])
  if (afternoon && h < 12) h += 12
  if (morning && h === 12) h = 0
  const name = (match[8] ?? '').toLowerCase()
  const sign = (match[6] ?? '').startsWith('-') ? -1 : 1
  const zone =
    match[6] === undefined ? (zones[name] ?? null) : sign * (Math.abs(Number(match[6])) * 60 + Number(match[7] ?? 0))
  return {
    h,
    mi: Number(match[2]),
    s: Number(match[3] ?? 0),
    ms: Number((match[4] ?? '0').slice(0, 3).padEnd(3, '0')),
    zone,
  }
}

function dayAt(text: string, near: Date): { y: number; mo: number; d: number; rest: string } | null {
  const iso = /\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)/.exec(text)
  if (iso !== null)
    return { y: Number(iso[1]), mo: Number(iso[2]), d: Number(iso[3]), rest: text.slice(iso.index + iso[0].length) }
  const worded =
    /\b(\d{1,2})(?:st|nd|rd|th|er|\.)?\s*(?:de\s+)?[-/ ]?\s*(\p{L}{3,10})\.?,?\s*(?:de[l]?\s+)?[-/ ]?\s*(\d{4})/iu.exec(
      text,
    )
  const wordedMonth = months[(worded?.[2] ?? '').toLowerCase()]
  if (worded !== null && wordedMonth !== undefined)
    return {
      y: Number(worded[3]),
      mo: wordedMonth,
      d: Number(worded[1]),
      rest: text.slice(worded.index + worded[0].length),
    }
  const american = /\b(\p{L}{3,10})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})/iu.exec(text)
  const americanMonth = months[(american?.[1] ?? '').toLowerCase()]
  if (american !== null && americanMonth !== undefined)
    return {
      y: Number(american[3]),
      mo: americanMonth,
      d: Number(american[2]),
      rest: text.slice(american.index + american[0].length),
    }
  const numeric = /\b(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)/.exec(text)
  if (numeric === null) return null
  const a = Number(numeric[1])
  const b = Number(numeric[3])
  const y = Number(numeric[4]) < 100 ? 2000 + Number(numeric[4]) : Number(numeric[4])
  const rest = text.slice(numeric.index + numeric[0].length)
  const european = { y, mo: b, d: a, rest }
  const us = { y, mo: a, d: b, rest }
  if (b > 12) return us
  if (a > 12 || numeric[2] === '.') return european
  // Both readings are dates: an alert tells of what has just been, so the one nearer to its arrival is meant.
  const distance = (day: { y: number; mo: number; d: number }) =>
    Math.abs(Date.UTC(day.y, day.mo - 1, day.d) - near.getTime())
  return distance(us) < distance(european) ? us : european
}

/**
 * A point in time as people and machines write it, as ISO 8601 in UTC; null for what is none. `offsetMinutes` (east of UTC) is
 * taken where the text names no zone. `near` settles 03/04. A day without a clock time is no moment.
 */
export function momentOf(text: string, near: Date, offsetMinutes = 0): string | null {
  const words = text.slice(0, 200).normalize('NFKD').replaceAll(/\p{M}/gu, '').trim()
  const epoch = /^(\d{10})(\d{3})?(?:\.\d+)?$/.exec(words)
  if (epoch !== null) return valid(new Date(Number(epoch[1]) * 1000 + Number(epoch[2] ?? 0)))
  const day = dayAt(words, near)
  if (day === null) return null
  const clock = clockAt(day.rest) ?? clockAt(words)
  if (
    clock === null ||
    clock.h > 23 ||
    clock.mi > 59 ||
    clock.s > 60 ||
    day.mo < 1 ||
    day.mo > 12 ||
    day.d < 1 ||
    day.d > 31
  )
    return null
  const zone = clock.zone ?? offsetMinutes
  return valid(new Date(Date.UTC(day.y, day.mo - 1, day.d, clock.h, clock.mi, clock.s, clock.ms) - zone * 60_000))
}

function valid(date: Date): string | null {
  const year = date.getUTCFullYear()
  return Number.isNaN(date.getTime()) || year < 1990 || year > 2100 ? null : date.toISOString()
}

/** Minutes east of UTC of a mail's Date header; null where it names none. */
export function offsetOf(dateHeader: string): number | null {
  const match = /([+-])(\d{2})(\d{2})(?:\s|$|\()/.exec(dateHeader)
  if (match !== null) return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]))
  const named = /\s([A-Z]{1,5})\s*$/.exec(dateHeader.trim())
  return named === null ? null : (zones[(named[1] ?? '').toLowerCase()] ?? null)
}
