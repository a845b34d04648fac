import ipaddr from 'ipaddr.js'
import type { LogWindow } from '../../model/lake.ts'
import type { Bounds, Engine } from '../engine/engine.ts'
import { Binder } from '../search/binder.ts'
import { isWithin, type TextRange, textRangesOf } from './indicator.ts'

export type NetworkHit = {
  readonly observable: string
  readonly count: number
  readonly first: string
  readonly last: string
  readonly days: number
  readonly names: readonly string[]
  readonly counts: readonly number[]
}

/** Stretches of `seen` in one statement: the primary key takes that many without a noticeable price. */
const rangesAtOnce = 256
/** Stretches in all: 20,000 networks of 256 addresses, or 150 of the widest kind. What is beyond is said, not left out in silence. */
const rangesMax = 20_000
/** Addresses of one statement's networks; more of them is a house's own network, not an indicator. */
const addressesMax = 10_000

/** Which addresses of these networks were seen, by network. `seen` is sorted by text, so that a network is a few stretches of it. */
export async function networkHits(
  engine: Engine,
  cidrs: readonly string[],
  window: LogWindow | null,
  bounds: Bounds,
): Promise<{ readonly hits: ReadonlyMap<string, readonly NetworkHit[]>; readonly warnings: readonly string[] }> {
  const hits = new Map<string, NetworkHit[]>()
  const warnings: string[] = []
  let left = rangesMax
  for (const batch of batchesOf(cidrs)) {
    left -= batch.ranges.length
    if (left < 0) {
      warnings.push('The list has more wide networks than one hunt takes: the last ones were not looked for')
      break
    }
    const rows = await rowsOf(engine, batch.ranges, window, bounds)
    if (rows.length > addressesMax) {
      warnings.push(
        `More than ${addressesMax} addresses of ${batch.cidrs.slice(0, 3).join(', ')}... were seen: the first are listed`,
      )
    }
    for (const cidr of batch.cidrs) {
      const parsed = ipaddr.parseCIDR(cidr)
      const within = rows.filter((row) => isWithin(row.observable, parsed))
      if (within.length > 0) hits.set(cidr, within)
    }
  }
  return { hits, warnings }
}

function batchesOf(cidrs: readonly string[]): readonly { readonly cidrs: string[]; readonly ranges: TextRange[] }[] {
  const batches: { cidrs: string[]; ranges: TextRange[] }[] = []
  for (const cidr of cidrs) {
    const ranges = textRangesOf(cidr)
    let last = batches.at(-1)
    if (last === undefined || last.ranges.length + ranges.length > rangesAtOnce) {
      last = { cidrs: [], ranges: [] }
      batches.push(last)
    }
    last.cidrs.push(cidr)
    last.ranges.push(...ranges)
  }
  return batches
}

async function rowsOf(
  engine: Engine,
  ranges: readonly TextRange[],
  window: LogWindow | null,
  bounds: Bounds,
): Promise<readonly NetworkHit[]> {
  const binder = new Binder()
  const stretches = ranges.map(
    ({ from, to }) => `(observable >= ${binder.bind(from, 'String')} AND observable < ${binder.bind(to, 'String')})`,
  )
  const days =
    window === null
      ? []
      : [
          `day >= toDate(${binder.bind(window.from.slice(0, 10), 'String')})`,
          `day < toDate(${binder.bind(window.to.slice(0, 10), 'String')})`,
        ]
  return engine.rows<NetworkHit>(
    `SELECT observable, sum(n) AS count, min(since) AS first, max(until) AS last, uniqExactArray(on_days) AS days,
       groupArray(toString(source)) AS names, groupArray(n) AS counts
     FROM (
       SELECT observable, source, sum(seen.count) AS n, min(seen.first) AS since, max(seen.last) AS until, groupUniqArray(day) AS on_days
       FROM seen WHERE ${[`(${stretches.join(' OR ')})`, ...days].join(' AND ')} AND isNotNull(toIPv6OrNull(observable))
       GROUP BY observable, source
     ) GROUP BY observable ORDER BY last DESC LIMIT ${binder.bind(addressesMax + 1, 'UInt64')}`,
    binder.params,
    bounds,
  )
}
