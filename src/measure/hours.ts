import type { XrayRecord } from './xray-record.ts'

export type BusinessHours = { readonly timeZone: string | null; readonly from: string; readonly to: string }

/** Zones that are tried, the most likely first. Offsets of mails over a year tell them apart by their summer time. */
// biome-ignore format: a list reads better in few lines
const zones = [
  'Europe/Berlin', 'Europe/London', 'Europe/Helsinki', 'America/New_York', 'America/Chicago', 'America/Los_Angeles', 'America/Denver', 'America/Sao_Paulo', 'Asia/Kolkata', 'Asia/Singapore', 'Asia/Tokyo', 'Asia/Dubai', 'Australia/Sydney', 'Pacific/Auckland', 'UTC',
]

type Local = { readonly day: number; readonly minutes: number; readonly offset: number }

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(zone: string): Intl.DateTimeFormat {
  const found = formats.get(zone)
  if (found !== undefined) return found
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  formats.set(zone, made)
  return made
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

function localOf(at: number, zone: string): Local {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  )
  const number = (name: Intl.DateTimeFormatPartTypes) => Number(parts.get(name) ?? '0')
  const asUtc = Date.UTC(number('year'), number('month') - 1, number('day'), number('hour'), number('minute'))
  return {
    day: days.indexOf(parts.get('weekday') ?? ''),
    minutes: number('hour') * 60 + number('minute'),
    offset: Math.round((asUtc - at) / 60_000),
  }
}

/** True for a name the runtime knows as a time zone. */
export function isTimeZone(zone: string): boolean {
  try {
    formatOf(zone)
    return true
  } catch {
    return false
  }
}

/** Mails looked at to find the zone; more do not change the answer. */
const sampleMax = 500

/** The zone that explains the most Date headers: of our own mails first, else of all that do not write in UTC, else Europe/Berlin. */
export function timeZoneOf(records: readonly XrayRecord[], isOurs: (record: XrayRecord) => boolean): string {
  const dated = records.filter((record) => record.at !== null && record.offset !== null)
  const own = dated.filter(isOurs)
  const telling = own.length >= 3 ? own : dated.filter((record) => record.offset !== 0)
  const sample = telling.slice(0, sampleMax)
  let best = { zone: zones[0] ?? 'UTC', hits: 0 }
  for (const zone of zones) {
    const hits = sample.filter((record) => localOf(record.at ?? 0, zone).offset === record.offset).length
    if (hits > best.hits) best = { zone, hits }
  }
  return best.zone
}

function minutesOf(clock: string): number {
  const [hours, minutes] = clock.split(':').map(Number)
  return (hours ?? 0) * 60 + (minutes ?? 0)
}

/** True outside of Monday to Friday from..to in that zone. Holidays are not known. */
export function isOffHours(at: number, zone: string, hours: BusinessHours): boolean {
  const { day, minutes } = localOf(at, zone)
  return day === 0 || day === 6 || minutes < minutesOf(hours.from) || minutes >= minutesOf(hours.to)
}
