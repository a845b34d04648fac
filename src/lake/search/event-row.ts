import { z } from 'zod'
import { plainAddress } from '../../kit/ip-ranges.ts'
import { type LakeColumn, type LogEvent, lakeColumns } from '../../model/lake.ts'

/** Columns that an event shows on its own, not among its attributes. */
const ownPlace = new Set(['time', 'received', 'source', 'parser', 'class_uid', 'message'])
const attributeColumns = (lakeColumns as readonly LakeColumn[]).filter(({ column }) => !ownPlace.has(column))

/** What a statement must select so that `eventOf` can read its rows. The load is text: it is larger than a number of JavaScript. */
export const eventSelect = [
  'toString(load) AS load_id',
  'line',
  ...(lakeColumns as readonly LakeColumn[]).map(({ column }) => column),
  'fields',
  'observables',
  'raw',
].join(', ')

const Value = z.union([z.string(), z.number(), z.array(z.string())])
const Row = z
  .object({
    load_id: z.string(),
    line: z.number(),
    time: z.string(),
    received: z.string(),
    source: z.string(),
    parser: z.string(),
    class_uid: z.number(),
    message: z.string(),
    fields: z.record(z.string(), z.string()),
    observables: z.array(z.string()),
    raw: z.string(),
  })
  .catchall(Value)

/** A row of `events` as people see it: attributes that the line does not say are left out. */
export function eventOf(row: unknown): LogEvent {
  const event = Row.parse(row)
  const attributes = attributeColumns.flatMap((column): [string, string | number | string[]][] => {
    const value = Value.parse(event[column.column])
    if (value === '' || value === 0 || value === '::' || (Array.isArray(value) && value.length === 0)) return []
    return [[column.ocsf, column.kind === 'ip' && typeof value === 'string' ? plainAddress(value) : value]]
  })
  const { load_id, line, time, received, source, parser, class_uid, raw, message, fields, observables } = event
  return {
    id: `${load_id}-${line}`,
    time,
    received,
    source,
    parser,
    class_uid,
    raw,
    message,
    attributes: Object.fromEntries(attributes),
    fields,
    observables,
  }
}
