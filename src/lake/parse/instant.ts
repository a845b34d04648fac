import { text } from './sql-text.ts'

/** A sender's clock may run ahead by this much; an event further in the future carries the time of receipt. */
export const aheadSecondsMax = 86_400
/** Before this no log was written: such times are a clock that was never set. */
const earliest = `toDateTime64('1990-01-01 00:00:00', 3, 'UTC')`

/** Names of zones that logs write, and their offset; the engine knows numbers only. */
const zoneNames: Readonly<Record<string, string>> = {
  UTC: 'Z',
  GMT: 'Z',
  CET: '+01:00',
  CEST: '+02:00',
  MEZ: '+01:00',
  MESZ: '+02:00',
  WEST: '+01:00',
  BST: '+01:00',
  EET: '+02:00',
  EEST: '+03:00',
  MSK: '+03:00',
  EST: '-05:00',
  EDT: '-04:00',
  CST: '-06:00',
  CDT: '-05:00',
  MST: '-07:00',
  MDT: '-06:00',
  PST: '-08:00',
  PDT: '-07:00',
  JST: '+09:00',
  AEST: '+10:00',
  AEDT: '+11:00',
  SGT: '+08:00',
  HKT: '+08:00',
}

const best = (value: string): string => `parseDateTime64BestEffortOrNull(${value}, 3, 'UTC')`

/** Writings that the engine's reader does not know, made into ones that it does. Only run on what it refused. */
function tidied(value: string): string {
  // Comma before the fraction; "14/Mar/2026:09:26:53"; "ZZ", "+00:00Z"; "UTC+01:00"; white space at the ends.
  const steps: readonly (readonly [string, string])[] = [
    ['^[ *.:\\[]+|[ :\\]]+$', ''],
    // Milli-, micro- and nanoseconds since 1970.
    ['^(\\d{10})(\\d{3}|\\d{6}|\\d{9})$', '\\1.\\2'],
    ['(:\\d\\d),(\\d{1,9})', '\\1.\\2'],
    ['^(\\d{1,2}/[A-Za-z]{3,9}/\\d{4}):', '\\1 '],
    ['^(\\d{1,2}/\\d{1,2}/\\d{4}):', '\\1 '],
    ['(Z|[+-]\\d\\d:?\\d\\d)Z$', '\\1'],
    ['(?:UTC|GMT) ?([+-]\\d)', '\\1'],
    ['([+-]\\d\\d)$', '\\1:00'],
    // "Sat Mar 14 2026 09:26:53 UTC": the weekday adds nothing.
    ['^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? +', ''],
    ['(\\d{4})-(\\d\\d)-(\\d\\d)-(\\d\\d)\\.', '\\1-\\2-\\3 \\4:'],
  ]
  let sql = value
  for (const [from, to] of steps)
    sql = from.startsWith('^[')
      ? `replaceRegexpAll(${sql}, ${text(from)}, '')`
      : `replaceRegexpOne(${sql}, ${text(from)}, ${text(to)})`
  const named = `extract(${sql}, ' ([A-Z]{3,4})$')`
  const entries = Object.entries(zoneNames)
  const offset = `transform(${named}, [${entries.map(([from]) => text(from)).join(', ')}], [${entries.map(([, to]) => text(to)).join(', ')}], '')`
  return `if(${named} = '', ${sql}, concat(substring(${sql}, 1, length(${sql}) - length(${named}) - 1), ${offset}))`
}

/** Does this text say its zone? */
const saysZone = (value: string): string =>
  `match(${value}, '(?:Z|[+-]\\\\d\\\\d:?\\\\d?\\\\d?|[A-Z]{3,4}|^[0-9.]+)[ :\\\\]]*$')`
const hasYear = (value: string): string => `match(${value}, '\\\\d{4}')`

/** Sources whose zone is not UTC: what a local time of theirs is in UTC. */
export type Zones = readonly (readonly [source: string, zone: string])[]

/** A zone's name as the engine takes it; anything else never reaches SQL. */
export const zonePattern = /^[A-Za-z0-9_+/-]{1,64}$/

/** A time that was read as UTC and is the source's local time, in UTC. Two steps: the first is off by the hour in which clocks change. */
export function fromLocal(time: string, zones: Zones): string {
  const known = zones.filter(([, zone]) => zonePattern.test(zone) && zone !== 'UTC')
  if (known.length === 0) return time
  const byZone = Map.groupBy(known, ([, zone]) => zone)
  const shift = (at: string): string =>
    `multiIf(${[...byZone]
      .map(
        ([zone, sources]) =>
          `source IN (${sources.map(([source]) => text(source)).join(', ')}), timeZoneOffset(toTimeZone(${at}, ${text(zone)}))`,
      )
      .join(', ')}, 0)`
  return `${time} - toIntervalSecond(${shift(`(${time} - toIntervalSecond(${shift(time)}))`)})`
}

/**
 * A time as a log writes it: DateTime64(3, 'UTC'), or NULL where it is none. Without a zone it is the source's; without a year it is that
 * of the receipt, or the year before where it would lie more than a day ahead (a December's line that comes in January).
 */
export function instant(value: string, zones: Zones): string {
  // The second reading only where the first failed: nine replacements are 10 microseconds.
  const at = `if(isNull(${best(value)}) AND ${value} != '', ${best(tidied(value))}, ${best(value)})`
  // The engine's reader takes its own clock's year; a line may be loaded later, or in a test at a fixed time.
  const ofYear = `toDateTime64(concat(toString(toYear(received)), substring(toString(assumeNotNull(${at})), 5)), 3, 'UTC')`
  const near = `if(${ofYear} > received + toIntervalSecond(${aheadSecondsMax}), ${ofYear} - toIntervalYear(1), ${ofYear})`
  // A clock without a day (PAN-OS behind some relays) is no time.
  const yeared = `multiIf(match(${value}, '^[0-9]{1,2}:[0-9]{2}:[0-9.]+$'), NULL, ${hasYear(value)} OR isNull(${at}), ${at}, ${near})`
  if (zones.length === 0) return yeared
  return `if(${saysZone(value)}, ${yeared}, ${fromLocal(yeared, zones)})`
}

/** A number of seconds (with fraction), milli-, micro- or nanoseconds since 1970. */
export function epoch(value: string, unit: 'epoch-s' | 'epoch-ms' | 'epoch-us' | 'epoch-ns'): string {
  const perMilli = { 'epoch-s': 0.001, 'epoch-ms': 1, 'epoch-us': 1_000, 'epoch-ns': 1_000_000 }[unit]
  const millis = `toFloat64OrZero(${value}) / ${perMilli}`
  // 4102444800000 is 2100: what lies beyond is no time of a log.
  return `if(${millis} > 0 AND ${millis} < 4102444800000, fromUnixTimestamp64Milli(toInt64(round(${millis})), 'UTC'), NULL)`
}

/** A time that can be: between 1990 and a day after receipt. */
export const plausible = (time: string): string =>
  `${time} >= ${earliest} AND ${time} <= received + toIntervalSecond(${aheadSecondsMax})`
