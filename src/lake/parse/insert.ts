import { lakeColumns } from '../../model/lake.ts'
import type { LogParser } from '../../model/log-parser.ts'
import { asColumn, emptyColumn, host } from './column.ts'
import { epoch, instant, plausible, type Zones } from './instant.ts'
import { layered } from './layers.ts'
import { type FieldOf, mapped, valueOf } from './mapping.ts'
import { observablesOf, observablesOfLine } from './observables.ts'
import { takenBy } from './split.ts'
import { name, table, text } from './sql-text.ts'
import { insertSettings } from './statement-settings.ts'
import { fieldsType, type Step, type Taken } from './taken.ts'

/** Columns of `recognised` that a body is read with. */
const carried =
  'line, source, peer, received, header, raw, host, app, pid, msgid, sd, syslog_severity, header_time, parser, product AS known_product'

/** Columns that are not a mapping's: they come from the load, the header, or other columns. */
const given = new Set([
  'time',
  'received',
  'source',
  'parser',
  'product',
  'class_uid',
  'device_hostname',
  'device_ip',
  'severity_id',
])
const byPath = new Map(lakeColumns.map((column) => [column.ocsf as string, column]))

/** OCSF's severity for syslog's: emergency fatal, alert and critical critical, error high, warning medium, notice low. */
const severityOfSyslog = `multiIf(syslog_severity < 0, 0, syslog_severity = 0, 6, syslog_severity <= 2, 5, syslog_severity = 3, 4, syslog_severity = 4, 3, syslog_severity = 5, 2, 1)`

/** Values that several columns are made of, each under a name of its own: statements stay short, and the engine reads each once. */
type Cells = { readonly once: (sql: string) => string; readonly steps: () => readonly Step[] }
function newCells(): Cells {
  const names = new Map<string, string>()
  return {
    once: (sql) => {
      // A name alone is short enough.
      if (/^[a-z0-9_]+$/.test(sql) || sql === `''`) return sql
      const known = names.get(sql) ?? `c${names.size}`
      names.set(sql, known)
      return known
    },
    steps: () => [...names].map(([sql, alias]) => [alias, sql]),
  }
}

/** Fields derived of others, in layers: one that uses another stands a layer above it. */
function derivedLayers(
  parser: LogParser,
  taken: Taken,
  cells: Cells,
): { readonly layers: readonly (readonly Step[])[]; readonly field: FieldOf } {
  const known = new Set<string>()
  const layers: (readonly Step[])[] = []
  const field: FieldOf = (from) => (known.has(from) ? `d_${from}` : cells.once(taken.field(from)))
  for (const [derived, mapping] of Object.entries(parser.derive)) {
    layers.push([[`d_${derived}`, mapped(mapping, field)]])
    known.add(derived)
  }
  return { layers, field }
}

const noTime = `CAST(NULL, 'Nullable(DateTime64(3, \\'UTC\\'))')`

function eventTime(parser: LogParser, field: FieldOf, zones: Zones): string {
  if (parser.time === null) return noTime
  const { from, format, zone } = parser.time
  const parts = from.map((part) => valueOf(field)(part))
  const value =
    parts.length === 1 ? (parts[0] ?? `''`) : `arrayStringConcat(arrayRemove([${parts.join(', ')}], ''), ' ')`
  if (format !== 'best-effort') return epoch(value, format)
  if (zone === undefined) return instant(value, zones)
  return instant(`concat(${value}, if(${value} = '', '', concat(' ', ${valueOf(field)(zone)})))`, zones)
}

function classOf(parser: LogParser, field: FieldOf): string {
  if (typeof parser.class === 'number') return `toUInt32(${parser.class})`
  const { by, values, otherwise } = parser.class
  const entries = Object.entries(values).map(([from, to]) => [from.toLowerCase(), String(to)] as const)
  return `toUInt32(${table(`lower(${valueOf(field)(by)})`, entries, text(String(otherwise)))})`
}

/** A column that no mapping fills. A line of syslog is of the log of its program, which Sigma's services are told by. */
const unsaid = (column: (typeof lakeColumns)[number]): string =>
  column.column === 'log_name' ? 'app' : emptyColumn(column)

/** The columns of an event that a parser's `map` fills; the others are empty. */
function columnSteps(parser: LogParser, field: FieldOf): readonly Step[] {
  const mapping = (path: string): string | null => {
    const of = parser.map[path as keyof LogParser['map']]
    return of === undefined ? null : mapped(of, field, byPath.get(path)?.kind === 'text')
  }
  const steps: Step[] = []
  for (const column of lakeColumns) {
    if (given.has(column.column)) continue
    const value = mapping(column.ocsf)
    steps.push([column.column, value === null ? unsaid(column) : asColumn(column, value)])
  }
  const hostname = mapping('device.hostname')
  const severity = mapping('severity_id')
  return [
    ...steps,
    ['class_uid', classOf(parser, field)],
    ['severity_id', severity === null ? severityOfSyslog : `toUInt8OrZero(${severity})`],
    ['product', productOf(parser, mapping('metadata.product.name'))],
    // Who says it: the line's own word, else the header's host, else the sender.
    [
      'named_host',
      host(
        hostname === null
          ? `if(host != '', host, peer)`
          : `multiIf(${hostname} != '', ${hostname}, host != '', host, peer)`,
      ),
    ],
    ['given_ip', mapping('device.ip') ?? `''`],
  ]
}

function productOf(parser: LogParser, own: string | null): string {
  const constant = text(`${parser.vendor}:${parser.product}`)
  // "Palo Alto Networks:LF" and the like, as vendor:product is written everywhere here.
  const said = own === null ? null : `replaceAll(lower(${own}), ' ', '-')`
  return said === null
    ? `if(known_product != '', toString(known_product), ${constant})`
    : `multiIf(known_product != '', toString(known_product), ${said} != '', ${said}, ${constant})`
}

/** What stands in `events`, in the order of the INSERT's columns. */
const eventColumns = [
  ...lakeColumns.map((column) => column.column as string),
  'load',
  'line',
  'time_from',
  'fields',
  'observables',
  'raw',
]

const observableColumns = lakeColumns.filter((column) => 'observable' in column).map((column) => column.column)

/** INSERT of the lines of one parser. `{load:UInt64}` is bound by the caller. */
export function insertSql(parser: LogParser, recognised: string, zones: Zones): string {
  const taken = takenBy(parser.split)
  const cells = newCells()
  const derived = derivedLayers(parser, taken, cells)
  const columns = columnSteps(parser, derived.field)
  const last: readonly Step[] = [
    ...columns,
    ['event_time', eventTime(parser, derived.field, zones)],
    ['fields', taken.fields],
  ]
  const filled = observableColumns.filter((column) => parserFills(parser, column))
  const ofColumns = observablesOf(filled)
  // A body that no pattern of its parser fits is looked through as a line without a parser is.
  const observables =
    parser.split.kind === 'regex' ? `if(empty(fields), ${observablesOfLine('body')}, ${ofColumns})` : ofColumns
  return statement(recognised, parser.id, [...taken.layers, cells.steps(), ...derived.layers, last], observables)
}

const parserFills = (parser: LogParser, column: string): boolean =>
  column === 'device_hostname' ||
  column === 'device_ip' ||
  lakeColumns.some((known) => known.column === column && parser.map[known.ocsf as keyof LogParser['map']] !== undefined)

/** INSERT of the lines that no parser reads: all that is known of them is the syslog header, and what the line itself shows. */
export function insertUnreadSql(parserId: string, recognised: string): string {
  const empty = lakeColumns
    .filter((column) => !given.has(column.column))
    .map((column): Step => [column.column, unsaid(column)])
  const params = `extractAllGroupsHorizontal(sd, '([!#-<>-\\\\[^-~]{1,32})="((?:[^"\\\\\\\\\\\\]]|\\\\\\\\.)*)"')`
  return statement(
    recognised,
    parserId,
    [
      [['params', `if(sd = '', CAST([], 'Array(Array(String))'), ${params})`]],
      [
        ...empty,
        ['class_uid', 'toUInt32(0)'],
        ['severity_id', severityOfSyslog],
        ['product', 'known_product'],
        ['named_host', host(`if(host != '', host, peer)`)],
        ['given_ip', `''`],
        ['event_time', noTime],
        ['fields', `if(empty(params), CAST(map(), '${fieldsType}'), CAST((params[1], params[2]), '${fieldsType}'))`],
      ],
    ],
    `arrayDistinct(arrayConcat(${observablesOf(['device_hostname', 'device_ip'])}, ${observablesOfLine('raw_text')}))`,
  )
}

function statement(
  recognised: string,
  parserId: string,
  layers: readonly (readonly Step[])[],
  observables: string,
): string {
  const lines =
    `SELECT ${carried}, if(isValidUTF8(raw), raw, toValidUTF8(raw)) AS raw_text, if(isValidUTF8(raw), substring(raw, body_at), toValidUTF8(substring(raw, body_at))) AS body\n` +
    `FROM ${name(recognised)} WHERE parser = ${text(parserId)}`
  const top: (readonly Step[])[] = [
    [
      ['named_ip', `toIPv6OrDefault(named_host)`],
      ['mapped_ip', `toIPv6OrDefault(given_ip)`],
    ],
    [
      ['device_hostname', `if(named_ip = toIPv6('::'), named_host, '')`],
      [
        'device_ip',
        `multiIf(mapped_ip != toIPv6('::'), mapped_ip, named_ip != toIPv6('::'), named_ip, toIPv6OrDefault(peer))`,
      ],
      [
        'time_from',
        `multiIf(isNotNull(event_time) AND ${plausible('assumeNotNull(event_time)')}, 'event', ${plausible('header_time')}, 'header', 'received')`,
      ],
    ],
    [
      ['time', `multiIf(time_from = 'event', assumeNotNull(event_time), time_from = 'header', header_time, received)`],
      ['observables', observables],
      ['load', '{load:UInt64}'],
    ],
  ]
  const columns = eventColumns.map(name).join(', ')
  return `INSERT INTO events (${columns})\n${insertSettings}\nSELECT ${columns} FROM (${layered(lines, [...layers, ...top])})`
}
