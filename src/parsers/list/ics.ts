import { Trouble } from '../../kit/errors.ts'
import { momentIn } from './moments.ts'
import type { Record } from './read-list.ts'

/** A calendar of a large house is a few MB. */
const charsMax = 32 * 1024 * 1024
const eventsMax = 100_000
/** What repeats is written out this far around now: alerts of the last year, plans of the next. */
const aroundMs = 400 * 86_400_000
/** Steps of one repetition: every day for fifty years. */
const stepsMax = 20_000

/** The columns that an event fills; they are headings of the calendar's own fields. */
const headings = [
  'id',
  'title',
  'kind',
  'from',
  'to',
  'owner',
  'person',
  'assets',
  'networks',
  'origins',
  'note',
] as const

/** Time zones as Outlook names them (CLDR windowsZones), those of Europe and America. */
// biome-ignore format: a table reads better in few lines
const windowsZones: Readonly<globalThis.Record<string, string>> = {
  'W. Europe Standard Time': 'Europe/Berlin', 'Central Europe Standard Time': 'Europe/Budapest', 'Romance Standard Time': 'Europe/Paris', 'Central European Standard Time': 'Europe/Warsaw',
  'GMT Standard Time': 'Europe/London', 'Greenwich Standard Time': 'Atlantic/Reykjavik', 'FLE Standard Time': 'Europe/Kiev', 'E. Europe Standard Time': 'Europe/Chisinau', 'GTB Standard Time': 'Europe/Bucharest', 'Turkey Standard Time': 'Europe/Istanbul',
  'Eastern Standard Time': 'America/New_York', 'Central Standard Time': 'America/Chicago', 'Mountain Standard Time': 'America/Denver', 'Pacific Standard Time': 'America/Los_Angeles', 'India Standard Time': 'Asia/Kolkata', 'Singapore Standard Time': 'Asia/Singapore', 'Tokyo Standard Time': 'Asia/Tokyo', UTC: 'UTC',
}

type Line = { readonly name: string; readonly parameters: string; readonly value: string }
type Event = { readonly lines: readonly Line[]; readonly number: number }

/**
 * The events of an iCalendar file (RFC 5545) as rows of a list, the headings first. What repeats daily, weekly, monthly or yearly is written
 * out around `now`; a repetition that is not understood becomes a row that is refused, never one that is left out.
 */
export async function* recordsOfIcs(text: string, zone: string, now: Date): AsyncGenerator<Record> {
  if (text.length > charsMax) throw new Trouble('input.too-large', { characters: text.length, most: charsMax })
  yield { row: 1, values: [...headings] }
  const events = eventsOf(text)
  const moved = new Map<string, Set<number>>()
  for (const event of events) {
    const replaced = valueOf(event, 'RECURRENCE-ID')
    if (replaced === null) continue
    const at = timeOf(replaced, zone)
    const id = valueOf(event, 'UID')?.value ?? ''
    if ('at' in at) moved.set(id, (moved.get(id) ?? new Set()).add(at.at))
  }
  for (const event of events) {
    if (valueOf(event, 'STATUS')?.value.toUpperCase() === 'CANCELLED') continue
    yield* rowsOf(event, zone, now, moved)
  }
}

function eventsOf(text: string): Event[] {
  // A long line goes on after a line break and a space (RFC 5545, 3.1).
  const lines = text.replaceAll(/\r?\n[ \t]/g, '').split(/\r?\n/)
  const events: Event[] = []
  let current: Line[] | null = null
  let inner = 0
  for (const line of lines) {
    if (/^BEGIN:VEVENT$/i.test(line)) current = []
    else if (/^END:VEVENT$/i.test(line) && current !== null) {
      events.push({ lines: current, number: events.length + 2 })
      if (events.length > eventsMax) throw new Trouble('input.too-large', { events: events.length, most: eventsMax })
      current = null
    } else if (/^BEGIN:/i.test(line)) inner += 1
    else if (/^END:/i.test(line)) inner -= 1
    else if (current !== null) {
      const parts = /^([A-Za-z0-9-]+)((?:;[^:"]*(?:"[^"]*"[^:"]*)*)?):(.*)$/.exec(line)
      // An alarm within an event has a description of its own.
      if (parts !== null && inner <= 1)
        current.push({ name: (parts[1] ?? '').toUpperCase(), parameters: parts[2] ?? '', value: parts[3] ?? '' })
    }
  }
  return events
}

function valueOf(event: Event, name: string): Line | null {
  return event.lines.find((line) => line.name === name) ?? null
}

function textOf(event: Event, name: string): string {
  const value = valueOf(event, name)?.value ?? ''
  return value
    .replaceAll(/\\([nN,;\\])/g, (_all, letter: string) => (letter.toLowerCase() === 'n' ? '\n' : letter))
    .trim()
}

/** A time as its zone's clocks show it, and the moment that is; or what is wrong with it. */
type Time =
  | { readonly local: number; readonly zone: string; readonly isDay: boolean; readonly at: number }
  | { readonly problem: string }

function timeOf(line: Line, houseZone: string): Time {
  const parts = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z)?)?$/.exec(line.value.trim())
  if (parts === null) return { problem: `"${line.value}"` }
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((part) => Number(part ?? '0'))
  const local = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second)
  const named = /;TZID="?([^";:]+)"?/i.exec(line.parameters)?.[1]
  const zone = parts[7] === 'Z' ? 'UTC' : named === undefined ? houseZone : (windowsZones[named] ?? named)
  const at = zone === 'UTC' ? local : momentIn(local, zone)
  return at === null ? { problem: `unknown time zone "${zone}"` } : { local, zone, isDay: parts[4] === undefined, at }
}

function* rowsOf(
  event: Event,
  houseZone: string,
  now: Date,
  moved: ReadonlyMap<string, ReadonlySet<number>>,
): Generator<Record> {
  const startLine = valueOf(event, 'DTSTART')
  const start: Time = startLine === null ? { problem: '' } : timeOf(startLine, houseZone)
  const row = (from: string, to: string, id: string): Record => ({
    row: event.number,
    values: cellsOf(event, from, to, id),
  })
  const id = textOf(event, 'UID')
  if ('problem' in start) {
    yield row(start.problem, '', id)
    return
  }
  const length = lengthOf(event, start, houseZone)
  if (length === null) {
    yield row(new Date(start.at).toISOString(), 'unreadable end', id)
    return
  }
  const rule = valueOf(event, 'RRULE')
  const isMoved = valueOf(event, 'RECURRENCE-ID') !== null
  if (rule === null || isMoved) {
    const own = isMoved ? `${id} ${new Date(start.at).toISOString()}` : id
    yield row(new Date(start.at).toISOString(), new Date(start.at + length).toISOString(), own)
    return
  }
  const locals = occurrences(rule.value, start.local, now.getTime())
  if (locals === null) {
    yield row(`repetition ${rule.value}`, '', id)
    return
  }
  const left = new Set([...exceptions(event, houseZone), ...(moved.get(id) ?? [])])
  for (const local of locals) {
    const at = start.zone === 'UTC' ? local : (momentIn(local, start.zone) ?? local)
    if (left.has(at)) continue
    yield row(new Date(at).toISOString(), new Date(at + length).toISOString(), `${id} ${new Date(at).toISOString()}`)
  }
}

function lengthOf(event: Event, start: Exclude<Time, { problem: string }>, houseZone: string): number | null {
  const endLine = valueOf(event, 'DTEND')
  if (endLine !== null) {
    const end = timeOf(endLine, houseZone)
    return 'problem' in end || end.at < start.at ? null : end.at - start.at
  }
  const lasts = valueOf(event, 'DURATION')
  if (lasts === null) return start.isDay ? 86_400_000 : 0
  const parts = /^\+?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(lasts.value)
  if (parts === null) return null
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts.slice(1).map((part) => Number(part ?? '0'))
  return ((((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000
}

function exceptions(event: Event, zone: string): number[] {
  return event.lines
    .filter((line) => line.name === 'EXDATE')
    .flatMap((line) => line.value.split(',').map((value) => timeOf({ ...line, value }, zone)))
    .flatMap((time) => ('at' in time ? [time.at] : []))
}

const weekdays = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA']
const understood = new Set(['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'BYDAY', 'BYMONTHDAY', 'BYMONTH', 'WKST'])

/** When a repetition falls, as local times; null for a rule that is not understood. */
function occurrences(rule: string, start: number, now: number): number[] | null {
  const parts = new Map(rule.split(';').map((part) => part.split('=') as [string, string]))
  if ([...parts.keys()].some((name) => !understood.has(name))) return null
  const matches = matcherOf(parts, start)
  if (matches === null) return null
  const until = untilOf(parts.get('UNTIL'))
  const count = Number(parts.get('COUNT') ?? Number.POSITIVE_INFINITY)
  const found: number[] = []
  let seen = 0
  for (let step = 0; step < stepsMax && seen < count; step += 1) {
    const local = start + step * 86_400_000
    if (local > until || local > now + aroundMs) break
    if (!matches(local)) continue
    seen += 1
    if (local >= now - aroundMs) found.push(local)
  }
  return found
}

/** The end of a repetition as the clocks of its zone show it, within a day: a rule ends between two of its days. */
function untilOf(text: string | undefined): number {
  const parts = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})Z?)?$/.exec(text ?? '')
  if (parts === null) return Number.POSITIVE_INFINITY
  const day = Date.UTC(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]))
  return day + 86_400_000 - 1
}

/** Whether a rule falls on a day (of the same clock time as its start). */
function matcherOf(parts: ReadonlyMap<string, string>, start: number): ((local: number) => boolean) | null {
  const interval = Number(parts.get('INTERVAL') ?? '1')
  if (!Number.isInteger(interval) || interval < 1) return null
  const first = new Date(start)
  const byDay = (parts.get('BYDAY') ?? '').split(',').filter((day) => day !== '')
  const days = byDay.map((day) => /^([+-]?\d{1,2})?(SU|MO|TU|WE|TH|FR|SA)$/.exec(day))
  if (days.includes(null)) return null
  const monthDays = (parts.get('BYMONTHDAY') ?? '')
    .split(',')
    .filter((day) => day !== '')
    .map(Number)
  const months = (parts.get('BYMONTH') ?? '')
    .split(',')
    .filter((month) => month !== '')
    .map(Number)
  const inMonth = (day: Date) => months.length === 0 || months.includes(day.getUTCMonth() + 1)
  const onWeekday = (day: Date) => days.some((one) => one?.[2] === weekdays[day.getUTCDay()])
  const monthsSince = (day: Date) =>
    (day.getUTCFullYear() - first.getUTCFullYear()) * 12 + day.getUTCMonth() - first.getUTCMonth()
  const onDayOfMonth = (day: Date) =>
    days.length > 0
      ? days.some((one) => isNth(day, one))
      : monthDays.length > 0
        ? monthDays.some((n) => isMonthDay(day, n))
        : day.getUTCDate() === first.getUTCDate()
  const by = (matches: (day: Date) => boolean) => (local: number) => {
    const day = new Date(local)
    return inMonth(day) && matches(day)
  }
  switch (parts.get('FREQ')) {
    case 'DAILY':
      return by(
        (day) =>
          Math.round((day.getTime() - start) / 86_400_000) % interval === 0 && (days.length === 0 || onWeekday(day)),
      )
    case 'WEEKLY': {
      const monday = (day: Date) => Math.floor(day.getTime() / 86_400_000) - ((day.getUTCDay() + 6) % 7)
      const onDay = (day: Date) => (days.length === 0 ? day.getUTCDay() === first.getUTCDay() : onWeekday(day))
      return by((day) => Math.round((monday(day) - monday(first)) / 7) % interval === 0 && onDay(day))
    }
    case 'MONTHLY':
      return by((day) => monthsSince(day) % interval === 0 && onDayOfMonth(day))
    case 'YEARLY':
      return by(
        (day) =>
          (day.getUTCFullYear() - first.getUTCFullYear()) % interval === 0 &&
          (months.length > 0 || day.getUTCMonth() === first.getUTCMonth()) &&
          onDayOfMonth(day),
      )
    default:
      return null
  }
}

const lastOfMonth = (day: Date) => new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0)).getUTCDate()

function isMonthDay(day: Date, wanted: number): boolean {
  return day.getUTCDate() === (wanted < 0 ? lastOfMonth(day) + 1 + wanted : wanted)
}

/** "2TU" is the second Tuesday of the month, "-1FR" the last Friday, "MO" every Monday. */
function isNth(day: Date, wanted: RegExpExecArray | null): boolean {
  if (wanted === null || wanted[2] !== weekdays[day.getUTCDay()]) return false
  if (wanted[1] === undefined) return true
  const n = Number(wanted[1])
  return n > 0 ? Math.ceil(day.getUTCDate() / 7) === n : Math.ceil((lastOfMonth(day) - day.getUTCDate() + 1) / 7) === -n
}

/** Lines of a description that say what an entry is about: "Hosts: a, b", "Targets: 10.0.0.0/16", "Sources: 198.51.100.0/28". */
const aboutLines = {
  assets: /^\s*(?:hosts?|assets?|systems?)\s*:\s*(.+)$/im,
  networks: /^\s*(?:targets?|networks?)\s*:\s*(.+)$/im,
  origins: /^\s*(?:sources?|origins?|scanners?)\s*:\s*(.+)$/im,
}

function cellsOf(event: Event, from: string, to: string, id: string): string[] {
  const note = textOf(event, 'DESCRIPTION')
  const about = (field: keyof typeof aboutLines) => aboutLines[field].exec(note)?.[1] ?? ''
  const organizer = valueOf(event, 'ORGANIZER')
  const mail = (organizer?.value ?? '').replace(/^mailto:/i, '')
  const name = /;CN="?([^";:]+)"?/i.exec(organizer?.parameters ?? '')?.[1] ?? mail
  const title = textOf(event, 'SUMMARY')
  const kinds = textOf(event, 'CATEGORIES').split(',')
  const isAway = /\b(?:vacation|out of office|absen|urlaub|abwesen|holiday)/i.test(`${title} ${kinds.join(' ')}`)
  const kind = isAway ? 'absence' : ''
  const cells: globalThis.Record<(typeof headings)[number], string> = {
    ...{ id: id === '' ? `${from} ${title}` : id, title, kind, from, to, owner: name, person: isAway ? mail : '' },
    ...{ assets: about('assets'), networks: about('networks'), origins: about('origins'), note },
  }
  return headings.map((heading) => cells[heading])
}
