import { lakeColumns } from '../../model/lake.ts'
import type { LogParser } from '../../model/log-parser.ts'
import { asColumn, host } from './column.ts'
import { againBytesMax, needsHeader, splitId } from './fields-again.ts'
import { epoch, instantLayers, plausible, type Zones } from './instant.ts'
import { layered } from './layers.ts'
import { type Cells, type FieldOf, isOfHeader, mapped, newCells, valueOf } from './mapping.ts'
import { observablesOfLine } from './observables.ts'
import { takenBy } from './split.ts'
import { name, table, text } from './sql-text.ts'
import { insertSettings } from './statement-settings.ts'
import { fieldsType, type Step, type Taken } from './taken.ts'

/** Columns that a body is read with, and what each is of `recognised`. */
const carried: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      ...['line', 'source', 'peer', 'received', 'header', 'raw', 'body_at'],
      ...['host', 'app', 'pid', 'msgid', 'sd', 'parser'],
    ].map((column) => [column, column]),
  ),
  syslog_severity: 'syslog_severity',
  header_time: 'header_time',
  known_product: 'product',
  // Patterns are for characters: bytes that are none of UTF-8 would let none fit. `raw` stays as it came.
  raw_text: 'if(isValidUTF8(raw), raw, toValidUTF8(raw))',
  body: 'if(isValidUTF8(raw), substring(raw, body_at), toValidUTF8(substring(raw, body_at)))',
}

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

/** How fields are read: those derived by their own columns, the others as cells. */
type Fields = { readonly layers: readonly (readonly Step[])[]; readonly cellOf: (written: boolean) => FieldOf }

/** Fields derived of others, each as low as what it is made of allows: layers cost planning too. */
function derivedFields(parser: LogParser, taken: Taken, cells: Cells): Fields {
  const levels = new Map<string, number>()
  const layers: Step[][] = []
  const cellOf =
    (written: boolean): FieldOf =>
    (from) =>
      levels.has(from)
        ? `d_${from}`
        : isOfHeader(from)
          ? valueOf(taken.field)(from)
          : cells.cell(valueOf(taken.field)(from), written)
  const put = (level: number, step: Step): void => {
    layers[level] ??= []
    layers[level].push(step)
  }
  for (const [derived, mapping] of Object.entries(parser.derive)) {
    let level = 0
    const { value, finish } = mapped(mapping, (from) => {
      level = Math.max(level, (levels.get(from) ?? -1) + 1)
      return cellOf(false)(from)
    })
    if (finish === null) put(level, [`d_${derived}`, value])
    else {
      put(level, [`v_${derived}`, value])
      put(level + 1, [`d_${derived}`, finish(`v_${derived}`)])
      level += 1
    }
    levels.set(derived, level)
  }
  return { layers, cellOf }
}

const noTexts = `CAST([], 'Array(String)')`
const noTime = `CAST(NULL, 'Nullable(DateTime64(3, \\'UTC\\'))')`

/** The text that a parser says is the time; '' where it says none. */
function writtenTime(parser: LogParser, field: FieldOf): string {
  if (parser.time === null) return `''`
  const { from, format, zone } = parser.time
  const parts = [...from, ...(format === 'best-effort' && zone !== undefined ? [zone] : [])].map(field)
  return parts.length === 1 ? (parts[0] ?? `''`) : `arrayStringConcat(arrayRemove([${parts.join(', ')}], ''), ' ')`
}

function eventTime(parser: LogParser, written: string, zones: Zones): readonly (readonly Step[])[] {
  if (parser.time === null) return [[['event_time', noTime]]]
  if (parser.time.format === 'best-effort') return instantLayers('event_time', written, zones)
  return [[['event_time', epoch(written, parser.time.format)]]]
}

function classOf(parser: LogParser, field: FieldOf): string {
  if (typeof parser.class === 'number') return `toUInt32(${parser.class})`
  const { by, values, otherwise } = parser.class
  const entries = Object.entries(values).map(([from, to]) => [from.toLowerCase(), String(to)] as const)
  return `toUInt32(${table(`lower(${field(by)})`, entries, text(String(otherwise)))})`
}

/** Columns that have a value although no mapping fills them. A line of syslog is of the log of its program, which Sigma's services are told by. */
const unsaid: Readonly<Record<string, string>> = { log_name: 'app' }

/** The columns of an event that a parser fills: the values of its mappings, what is made of them, and the columns of those. */
function columnLayers(parser: LogParser, fields: Fields, zones: Zones): readonly (readonly Step[])[] {
  const values: Step[] = []
  const finished: Step[] = []
  const valueAt = (path: string): string | null => {
    const mapping = parser.map[path as keyof LogParser['map']]
    if (mapping === undefined) return null
    const { value, finish } = mapped(mapping, fields.cellOf(byPath.get(path)?.kind === 'text'))
    const name = `m${values.length}`
    values.push([name, value])
    if (finish === null) return name
    finished.push([`${name}f`, finish(name)])
    return `${name}f`
  }
  const columns: Step[] = []
  for (const column of lakeColumns) {
    if (given.has(column.column)) continue
    const value = valueAt(column.ocsf)
    if (value !== null) columns.push([column.column, asColumn(column, value)])
    else if (unsaid[column.column] !== undefined) columns.push([column.column, unsaid[column.column] ?? `''`])
  }
  const hostname = valueAt('device.hostname')
  const severity = valueAt('severity_id')
  values.push(['written_when', writtenTime(parser, fields.cellOf(false))])
  const said =
    hostname === null ? `if(host != '', host, peer)` : `multiIf(${hostname} != '', ${hostname}, host != '', host, peer)`
  columns.push(
    ['class_uid', classOf(parser, fields.cellOf(false))],
    ['severity_id', severity === null ? severityOfSyslog : `toUInt8OrZero(${severity})`],
    ['product', productOf(parser, valueAt('metadata.product.name'))],
    // Who says it: the line's own word, else the header's host, else the sender.
    ['named_host', host(said)],
    ['given_ip', valueAt('device.ip') ?? `''`],
  )
  return [values, finished, columns, ...eventTime(parser, 'written_when', zones)]
}

function productOf(parser: LogParser, own: string | null): string {
  const constant = text(`${parser.vendor}:${parser.product}`)
  // "Palo Alto Networks:LF" and the like, as vendor:product is written everywhere here.
  const said = own === null ? null : `replaceAll(lower(${own}), ' ', '-')`
  return said === null
    ? `if(known_product != '', toString(known_product), ${constant})`
    : `multiIf(known_product != '', toString(known_product), ${said} != '', ${said}, ${constant})`
}

/** Columns of every INSERT; those that a parser does not give are left to their defaults. */
const everyColumn = [
  ...['time', 'received', 'source', 'load', 'line', 'time_from', 'parser', 'product', 'class_uid', 'severity_id'],
  ...['device_hostname', 'device_ip', 'raw'],
]

/** INSERT of the lines of one parser. `{load:UInt64}` is bound by the caller. */
export function insertSql(into: string, parser: LogParser, recognised: string, zones: Zones): string {
  const taken = takenBy(parser.split)
  const cells = newCells()
  const derived = derivedFields(parser, taken, cells)
  const columns = columnLayers(parser, derived, zones)
  // A body that no pattern of its parser fits is looked through as a line without a parser is; all else is in the columns.
  const kept: Step[] =
    parser.split.kind === 'regex'
      ? [['observables_kept', `if(empty(${taken.fields}), ${observablesOfLine('body')}, ${noTexts})`]]
      : []
  return statement(
    into,
    recognised,
    parser.id,
    [
      ...taken.layers,
      ...cells.layers(),
      ...derived.layers,
      ...columns,
      [['is_long', `length(raw) > ${againBytesMax}`]],
      [
        ['split', `if(is_long, '', ${text(splitId(parser.split))})`],
        ['fields_kept', `if(is_long, ${taken.fields}, CAST(map(), '${fieldsType}'))`],
        ...kept,
      ],
    ],
    [
      ...['split', 'fields_kept', 'body_at', ...kept.map(([alias]) => alias)],
      ...(needsHeader(parser.split) ? ['header'] : []),
    ],
  )
}

/** INSERT of the lines that no parser reads: all that is known of them is the syslog header, and what the line itself shows. */
export function insertUnreadSql(into: string, parserId: string, recognised: string): string {
  const params = `extractAllGroupsHorizontal(sd, '([!#-<>-\\\\[^-~]{1,32})="((?:[^"\\\\\\\\\\\\]]|\\\\\\\\.)*)"')`
  return statement(
    into,
    recognised,
    parserId,
    [
      [['params', `if(sd = '', CAST([], 'Array(Array(String))'), ${params})`]],
      [
        ...Object.entries(unsaid),
        ['class_uid', 'toUInt32(0)'],
        ['severity_id', severityOfSyslog],
        ['product', 'known_product'],
        ['named_host', host(`if(host != '', host, peer)`)],
        ['given_ip', `''`],
        ['event_time', noTime],
        // They are of the syslog header, which is not read again.
        [
          'fields_kept',
          `if(empty(params), CAST(map(), '${fieldsType}'), CAST((params[1], params[2]), '${fieldsType}'))`,
        ],
        ['observables_kept', observablesOfLine('raw_text')],
      ],
    ],
    ['fields_kept', 'observables_kept'],
  )
}

function statement(
  into: string,
  recognised: string,
  parserId: string,
  layers: readonly (readonly Step[])[],
  unmapped: readonly string[],
): string {
  const lines = `SELECT ${Object.entries(carried)
    .map(([alias, sql]) => `${sql} AS ${name(alias)}`)
    .join(', ')}\nFROM ${name(recognised)} WHERE parser = ${text(parserId)}`
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
      ['load', '{load:UInt64}'],
    ],
  ]
  const given = new Set(layers.flat().map(([alias]) => alias))
  const filled = lakeColumns.map((column) => column.column as string).filter((column) => given.has(column))
  const wanted = [...new Set([...everyColumn, ...unmapped, ...filled])]
  const columns = wanted.map(name).join(', ')
  return `INSERT INTO ${name(into)} (${columns})\n${insertSettings}\nSELECT ${columns} FROM (${layered(lines, [...layers, ...top])})`
}
