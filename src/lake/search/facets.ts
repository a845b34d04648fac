import { Trouble } from '../../kit/errors.ts'
import type { Engine } from '../engine/engine.ts'
import { Binder } from './binder.ts'
import { columnOf } from './fields.ts'
import { type Look, piecesOf, readLook, searchBounds, tableFor, whereOf } from './look.ts'

export type Facet = {
  /** OCSF path. */
  readonly field: string
  /** Most frequent first. */
  readonly values: readonly { readonly value: string; readonly n: number }[]
}
export type Facets = {
  readonly facets: readonly Facet[]
  /** How many events the counts are of. */
  readonly of: number
  /** There are more: the counts are of the newest ones only. */
  readonly sampled: boolean
  readonly ms: number
}

/** Events that are counted: the values of 50,000 are those of all, and they take 0.1 s. */
export const facetEventsMax = 50_000
/** Values of each field. */
export const facetValuesMax = 10
/** Fields at once; a screen shows ten. */
const facetFieldsMax = 20

/** What is shown where nobody chose. */
export const facetDefaults = [
  'metadata.log_provider',
  'metadata.log_format',
  'class_uid',
  'action',
  'status',
  'src_endpoint.ip',
  'dst_endpoint.ip',
  'dst_endpoint.port',
  'device.hostname',
  'user.name',
] as const

/** The most frequent values of some columns, among the newest events found. Throws Trouble('lake.query') for what is no column. */
export async function facets(
  engine: Engine,
  ask: Look & { readonly fields?: readonly string[] },
  signal?: AbortSignal,
): Promise<Facets> {
  const began = performance.now()
  const look = readLook(ask)
  const columns = (ask.fields ?? facetDefaults).slice(0, facetFieldsMax).map((name) => {
    const column = columnOf(name)
    if (column === undefined) throw new Trouble('lake.query', { problem: `"${name}" is no column of the lake` })
    return column
  })
  const counts = new Map<string, Map<string, number>>(columns.map(({ ocsf }) => [ocsf, new Map()]))
  const { table, settings } = await tableFor(engine, look)
  let of = 0
  for (const piece of piecesOf(look)) {
    if (of > facetEventsMax) break
    const binder = new Binder()
    const names = binder.bind(
      columns.map(({ ocsf }) => ocsf),
      'Array(String)',
    )
    const values = columns.map(({ column, many }) => (many === true ? `${column}` : `[toString(${column})]`))
    // One more than is counted tells whether there are more.
    const rest = binder.bind(facetEventsMax + 1 - of, 'UInt64')
    const rows = await engine.rows<{ field: string; value: string; n: number }>(
      `WITH newest AS (SELECT ${columns.map(({ column }) => column).join(', ')} FROM ${table}
         WHERE ${whereOf(look, binder, piece)} ORDER BY time DESC LIMIT ${rest})
       SELECT '' AS field, '' AS value, toFloat64(count()) AS n FROM newest
       UNION ALL
       SELECT field, value, toFloat64(count()) AS n
         FROM (SELECT field, arrayJoin(held) AS value FROM newest ARRAY JOIN ${names} AS field, [${values.join(', ')}] AS held)
         WHERE value NOT IN ('', '0', '::') GROUP BY field, value ORDER BY n DESC LIMIT ${binder.bind(facetValuesMax * 5, 'UInt64')} BY field`,
      binder.params,
      { ...searchBounds(signal), settings },
    )
    for (const { field, value, n } of rows) {
      if (field === '') of += n
      else counts.get(field)?.set(value, (counts.get(field)?.get(value) ?? 0) + n)
    }
  }
  return {
    facets: columns.map(({ ocsf, kind }) => ({ field: ocsf, values: topOf(counts.get(ocsf), kind === 'ip') })),
    of: Math.min(of, facetEventsMax),
    sampled: of > facetEventsMax,
    ms: performance.now() - began,
  }
}

function topOf(counts: ReadonlyMap<string, number> | undefined, isAddress: boolean) {
  return [...(counts ?? [])]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, facetValuesMax)
    .map(([value, n]) => ({ value: isAddress ? value.replace(/^::ffff:(?=\d+\.)/, '') : value, n }))
}
