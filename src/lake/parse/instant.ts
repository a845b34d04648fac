import { table, text } from './sql-text.ts'
import type { Step } from './taken.ts'

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

/** Writings that the engine's reader does not know, made into ones that it does. */
function tidied(value: string): string {
  // Comma before the fraction; "14/Mar/2026:09:26:53"; "ZZ", "+00:00Z"; "UTC+01:00"; white space at the ends.
  const steps: readonly (readonly [string, string])[] = [
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
  const bare = `replaceRegexpAll(${value}, '^[ *.:\\\\[]+|[ :\\\\]]+$', '')`
  return steps.reduce((sql, [from, to]) => `replaceRegexpOne(${sql}, ${text(from)}, ${text(to)})`, bare)
}

const offsets = Object.entries(zoneNames)
const offsetOf = (zone: string): string => table(zone, offsets, `''`)

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
 * A time as a log writes it, as layers that end in the column `result`: DateTime64(3, 'UTC'), or NULL where it is none. Without a zone
 * it is the source's; without a year it is that of the receipt, or the year before where it would lie more than a day ahead (a December's
 * line that comes in January). `value` is the name of a column of texts.
 */
export function instantLayers(result: string, value: string, zones: Zones): readonly (readonly Step[])[] {
  const [best_, tidy, zone, mended, read] = ['best', 'tidy', 'zone', 'mended', 'read'].map(
    (part) => `${result}_${part}`,
  ) as [string, string, string, string, string]
  // The engine's reader takes its own clock's year; a line may be loaded later, or in a test at a fixed time.
  const ofYear = `toDateTime64(concat(toString(toYear(received)), substring(toString(assumeNotNull(${read})), 5)), 3, 'UTC')`
  const near = `if(${ofYear} > received + toIntervalSecond(${aheadSecondsMax}), ${ofYear} - toIntervalYear(1), ${ofYear})`
  // A clock without a day (PAN-OS behind some relays) is no time.
  const dated = `if(match(${value}, '^[0-9]{1,2}:[0-9]{2}:[0-9.]+$'), NULL, if(${hasYear(value)} OR isNull(${read}), ${read}, ${near}))`
  return [
    [[best_, best(value)]],
    // The second reading only where the first failed: its replacements are 10 microseconds.
    [[tidy, `if(isNull(${best_}) AND ${value} != '', ${tidied(value)}, '')`]],
    [[zone, `if(${tidy} = '', '', extract(${tidy}, ' ([A-Z]{3,4})$'))`]],
    [
      [
        mended,
        `if(${zone} = '', ${tidy}, concat(substring(${tidy}, 1, length(${tidy}) - length(${zone}) - 1), ${offsetOf(zone)}))`,
      ],
    ],
    [[read, `if(${mended} = '', ${best_}, ${best(mended)})`]],
    zones.length === 0 ? [[result, dated]] : [[`${result}_dated`, dated]],
    ...(zones.length === 0
      ? []
      : [[[result, `if(${saysZone(value)}, ${result}_dated, ${fromLocal(`${result}_dated`, zones)})`] as Step]]),
  ]
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
