import type { LogParser } from '../../model/log-parser.ts'
import type { Signature } from '../../parsers/log/signature.ts'
import { headerLayers } from './header.ts'
import { instantLayers, plausible, type Zones } from './instant.ts'
import { layered } from './layers.ts'
import { choose, forScan, name, text, texts } from './sql-text.ts'
import { recogniseSettings } from './statement-settings.ts'
import type { Step } from './taken.ts'

const columns: readonly (readonly [name: string, type: string])[] = [
  ['line', 'UInt32'],
  ['source', 'String'],
  ['peer', 'String'],
  ['received', `DateTime64(3, 'UTC')`],
  ['header', 'String'],
  ['raw', 'String'],
  /** The byte (from 1) at which the message begins, behind the syslog header. */
  ['body_at', 'UInt32'],
  ['format', 'LowCardinality(String)'],
  ['host', 'String'],
  ['app', 'String'],
  ['pid', 'String'],
  ['msgid', 'String'],
  ['sd', 'String'],
  /** -1: the line has no PRI. */
  ['syslog_severity', 'Int8'],
  /** The time of the syslog header in UTC; 1970 where it has none. */
  ['header_time', `DateTime64(3, 'UTC')`],
  ['parser', 'LowCardinality(String)'],
  ['product', 'LowCardinality(String)'],
]

export const createRecognised = (recognised: string): string =>
  `CREATE TABLE ${name(recognised)} (${columns.map(([column, type]) => `${name(column)} ${type}`).join(', ')}) ENGINE = Memory`

/** Several patterns for what is one's own: the parser's or signature's place in its list, and where it looks. */
type Mark = { readonly place: number; readonly app: string | undefined; readonly body: string | undefined }

/**
 * No short circuit here: what it puts off is computed anew in every branch that uses it, and branches stand in branches. 4,000 lines took
 * more than 2.8 GiB with it, and take 1 s of CPU and 100 MiB without (a memory limit of 614 MiB made every load fail).
 */
/**
 * The lowest place among `marks` whose patterns fit; 0 when none does. The patterns for bodies are one Vectorscan pass over the message,
 * those for programs another over their names; marks with both are looked at only where the program fits.
 */
function placeOf(marks: readonly Mark[], suffix: 'p' | 's'): readonly (readonly Step[])[] {
  const bodies = marks.filter((mark) => mark.app === undefined && mark.body !== undefined)
  const apps = [...new Set(marks.flatMap((mark) => mark.app ?? []))]
  const ofApp = (app: string): number => apps.indexOf(app) + 1
  const alone = apps.map((app) => marks.find((mark) => mark.app === app && mark.body === undefined)?.place ?? 0)
  const both = marks.filter((mark) => mark.app !== undefined && mark.body !== undefined)
  const none = `CAST([], 'Array(UInt64)')`
  const all = (value: string, patterns: readonly string[]): string =>
    patterns.length === 0 ? none : `multiMatchAllIndices(${value}, ${texts(patterns.map(forScan))})`
  const numbers = (places: readonly number[]): string => `[${places.join(', ')}]`
  const lowest = (found: string, places: readonly number[]): string =>
    places.length === 0 ? '0' : `arrayMin(arrayMap(i -> ${numbers(places)}[i], ${found}))`
  const least = (values: readonly string[]): string =>
    `arrayMin(arrayFilter(x -> x > 0, [${values.map((value) => `toUInt32(${value})`).join(', ')}]))`
  return [
    [
      [
        `bodies_${suffix}`,
        all(
          suffix === 'p' ? 'look_p' : 'text',
          bodies.map((mark) => mark.body ?? ''),
        ),
      ],
      [`apps_${suffix}`, `if(app = '', ${none}, ${all('app', apps)})`],
    ],
    [
      // Places rise with the patterns' numbers, so the lowest number is the lowest place.
      [
        `by_body_${suffix}`,
        `if(empty(bodies_${suffix}), 0, ${numbers([0, ...bodies.map((mark) => mark.place)])}[arrayMin(bodies_${suffix}) + 1])`,
      ],
      [
        `by_app_${suffix}`,
        `if(empty(apps_${suffix}), 0, ${lowest(`arrayFilter(i -> ${numbers(alone)}[i] > 0, apps_${suffix})`, alone)})`,
      ],
      [
        `by_both_${suffix}`,
        both.length === 0
          ? '0'
          : `if(empty(apps_${suffix}), 0, ${choose(
              both.map((mark) => [
                `has(apps_${suffix}, ${ofApp(mark.app ?? '')}) AND match(text, ${text(mark.body ?? '')})`,
                String(mark.place),
              ]),
              '0',
            )})`,
      ],
    ],
    [[`place_${suffix}`, least([`by_body_${suffix}`, `by_app_${suffix}`, `by_both_${suffix}`])]],
  ]
}

/**
 * A JSON object that was cut short on its way (a datagram holds 64 KiB) has nothing to read in it: it is a line that no parser reads, and
 * is counted as one. Escaped text is left to the parser, which leaves out halves of characters.
 */
const wholeObject = `match(substring(text, -8), '\\\\}\\\\s*$') AND (position(text, '\\\\u') > 0 OR isValidJSON(substring(text, greatest(1, position(text, '{')))))`

/** A source's own parser, where the house named one: its lines are not recognised, they are known. */
export type Fixed = readonly (readonly [source: string, parserId: string])[]

const fixedParser = (fixed: Fixed): string =>
  choose(
    fixed.map(([source, parser]) => [`source = ${text(source)}`, text(parser)]),
    `''`,
  )

/**
 * INSERT of what `stage` holds into `recognised`. `parsers` in the order in which they are tried; `signatures` name a product (and at
 * times host and clock) for lines that only a general parser reads, or none.
 */
export function recogniseSql(
  tables: { readonly stage: string; readonly recognised: string },
  parsers: readonly LogParser[],
  signatures: readonly Signature[],
  zones: Zones,
  fixed: Fixed,
): string {
  const marks = parsers.flatMap((parser, place) =>
    parser.identify.map((mark) => ({ place: place + 1, app: mark.app, body: mark.body })),
  )
  const products = signatures.map((signature, place) => ({
    place: place + 1,
    app: signature.app,
    body: signature.body,
  }))
  const ids = texts(['', ...parsers.map((parser) => parser.id)])
  const documents = ['', ...parsers.filter((parser) => parser.split.kind === 'json').map((parser) => parser.id)]
  // A parser of one product says itself which; the others ask the signatures.
  const general = ['', ...parsers.filter((parser) => parser.order >= 900).map((parser) => parser.id)]
  const own = (of: (signature: Signature) => string | undefined): string =>
    choose(
      signatures.flatMap((signature, place) => {
        const pattern = of(signature)
        return pattern === undefined ? [] : [[`place_s = ${place + 1}`, `extract(text, ${text(pattern)})`] as const]
      }),
      `''`,
    )
  const lines = `SELECT line, source, peer, received, header, raw FROM ${name(tables.stage)}`
  const layers: (readonly Step[])[] = [
    ...headerLayers(),
    [['text', `if(isValidUTF8(raw), substring(raw, body_at), toValidUTF8(substring(raw, body_at)))`]],
    [['fixed', fixedParser(fixed)]],
    [['look_p', `if(fixed = '', text, '')`]],
    ...placeOf(marks, 'p').map((steps) => steps),
    [['chosen', `if(fixed != '', fixed, ${ids}[place_p + 1])`]],
    [['parser', `if(chosen IN (${documents.map(text).join(', ')}) AND NOT (${wholeObject}), '', chosen)`]],
    [['is_general', `parser IN (${general.map(text).join(', ')})`]],
  ]
  const signed =
    signatures.length === 0
      ? [[['place_s', '0'] as Step]]
      : placeOf(products, 's').map((steps) => steps.map(onlyGeneral))
  const names: readonly (readonly Step[])[] = [
    [
      ['product', `${texts(['', ...signatures.map((signature) => signature.product)])}[place_s + 1]`],
      ['other_host', `if(place_s = 0, '', ${own((signature) => signature.host)})`],
      ['other_time', `if(place_s = 0, '', ${own((signature) => signature.time)})`],
    ],
    [['said_time', `if(other_time != '', other_time, written_time)`]],
    // A clock without a day (NetScaler) is that of the receipt's day, or of the day before where it would lie half a day ahead.
    [
      [
        'when',
        `if(match(said_time, '^[0-9]{1,2}:[0-9]{2}:'), concat(toString(toDate(received - if(substring(said_time, 1, 8) > formatDateTime(received + toIntervalHour(12), '%H:%i:%S', 'UTC') AND toHour(received) < 12, toIntervalDay(1), toIntervalDay(0)))), ' ', said_time), said_time)`,
      ],
    ],
    ...instantLayers('read_time', 'when', zones),
    [
      [
        'header_time',
        `if(isNotNull(read_time) AND ${plausible('assumeNotNull(read_time)')}, assumeNotNull(read_time), toDateTime64(0, 3, 'UTC'))`,
      ],
      ['header_host', `if(other_host != '', other_host, host)`],
    ],
  ]
  const wanted = columns.map(([column]) => (column === 'host' ? 'header_host' : column))
  const rows = layered(lines, [...layers, ...signed, ...names])
  return `INSERT INTO ${name(tables.recognised)} (${columns.map(([column]) => name(column)).join(', ')})\n${recogniseSettings}\nSELECT ${wanted.map(name).join(', ')} FROM (${rows})`
}

/** Signatures are only looked for where no parser of one product reads the line. */
function onlyGeneral([alias, sql]: Step): Step {
  if (alias.startsWith('bodies_') || alias.startsWith('apps_'))
    return [alias, `if(is_general, ${sql}, CAST([], 'Array(UInt64)'))`]
  return [alias, sql]
}
