import type { LogWindow } from '../../model/lake.ts'
import type { Bounds, Engine } from '../engine/engine.ts'
import { rangeOf } from '../search/addresses.ts'
import { Binder } from '../search/binder.ts'
import { numberOfAddress, type Prefix, prefixesOf } from './indicator.ts'

export type NetworkHit = {
  readonly observable: string
  readonly count: number
  readonly first: string
  readonly last: string
  readonly days: number
  readonly names: readonly string[]
  readonly counts: readonly number[]
}

/** Beginnings in one statement: what is bound has to be read, too. */
const prefixesAtOnce = 2_000
/** Beginnings in all: 20,000 networks of 256 addresses, or 78 of the widest kind. What is beyond is said, not left out in silence. */
const prefixesMax = 20_000
/** Up to so many the primary key is asked for each; beyond, for all that lies between the first and the last. */
const stretchesMax = 16
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
  let left = prefixesMax
  for (const batch of batchesOf(cidrs)) {
    left -= batch.prefixes.length
    if (left < 0) {
      warnings.push('The list has more wide networks than one hunt takes: the last ones were not looked for')
      break
    }
    const rows = await rowsOf(engine, batch.prefixes, window, bounds)
    if (rows.length > addressesMax) {
      warnings.push(
        `More than ${addressesMax} addresses of ${batch.cidrs.slice(0, 3).join(', ')}... were seen: the first are listed`,
      )
    }
    for (const [cidr, within] of sorted(rows, batch.cidrs)) hits.set(cidr, within)
  }
  return { hits, warnings }
}

/** Rows by network: both in the order of their numbers, so that 10,000 addresses and 256 networks take milliseconds. */
function sorted(rows: readonly NetworkHit[], cidrs: readonly string[]): readonly (readonly [string, NetworkHit[]])[] {
  const numbered = rows
    .flatMap((row) => {
      const number = numberOfAddress(row.observable)
      return number === null ? [] : [{ number, row }]
    })
    .sort((a, b) => (a.number < b.number ? -1 : a.number > b.number ? 1 : 0))
  return cidrs.flatMap((cidr): [string, NetworkHit[]][] => {
    const range = rangeOf(cidr)
    const [from, to] = [numberOfAddress(range?.from ?? ''), numberOfAddress(range?.to ?? '')]
    if (from === null || to === null) return []
    const begin = firstFrom(numbered, from)
    const within = numbered.slice(begin, firstFrom(numbered, to + 1n)).map(({ row }) => row)
    return within.length === 0 ? [] : [[cidr, within]]
  })
}

/** The place of the first number that is not below this one. */
function firstFrom(numbered: readonly { readonly number: bigint }[], number: bigint): number {
  let [low, high] = [0, numbered.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((numbered[middle]?.number ?? number) < number) low = middle + 1
    else high = middle
  }
  return low
}

function batchesOf(cidrs: readonly string[]): readonly { readonly cidrs: string[]; readonly prefixes: Prefix[] }[] {
  const batches: { cidrs: string[]; prefixes: Prefix[] }[] = []
  for (const cidr of cidrs) {
    const prefixes = prefixesOf(cidr)
    let last = batches.at(-1)
    if (last === undefined || last.prefixes.length + prefixes.length > prefixesAtOnce) {
      last = { cidrs: [], prefixes: [] }
      batches.push(last)
    }
    last.cidrs.push(cidr)
    last.prefixes.push(...prefixes)
  }
  return batches
}

/**
 * Addresses that begin so. Two conditions: stretches of text for the primary key, and sets for the rows, which do not get slower by the
 * number of networks (256 stretches as comparisons took 17 s on 5 million rows).
 */
async function rowsOf(
  engine: Engine,
  prefixes: readonly Prefix[],
  window: LogWindow | null,
  bounds: Bounds,
): Promise<readonly NetworkHit[]> {
  const binder = new Binder()
  const conditions = [
    `(${stretchesOf(prefixes)
      .map(
        ([from, to]) => `(observable >= ${binder.bind(from, 'String')} AND observable < ${binder.bind(to, 'String')})`,
      )
      .join(' OR ')})`,
    `(${beginsOf(prefixes, binder).join(' OR ')})`,
    'isNotNull(toIPv6OrNull(observable))',
  ]
  if (window !== null) {
    const day = (at: string) => `toDate(${binder.bind(at.slice(0, 10), 'String')})`
    conditions.push(`day >= ${day(window.from)}`, `day < ${day(window.to)}`)
  }
  return engine.rows<NetworkHit>(
    `SELECT observable, sum(n) AS count, min(since) AS first, max(until) AS last, uniqExactArray(on_days) AS days,
       groupArray(toString(source)) AS names, groupArray(n) AS counts
     FROM (
       SELECT observable, source, sum(seen.count) AS n, min(seen.first) AS since, max(seen.last) AS until, groupUniqArray(day) AS on_days
       FROM seen WHERE ${conditions.join(' AND ')} GROUP BY observable, source
     ) GROUP BY observable ORDER BY last DESC LIMIT ${binder.bind(addressesMax + 1, 'UInt64')}`,
    binder.params,
    bounds,
  )
}

/** From (inclusive) to (exclusive), as text: "10.1." to "10.1/", because a slash is the next sign after a dot, and ";" after ":". */
function stretchesOf(prefixes: readonly Prefix[]): readonly (readonly [string, string])[] {
  const each = prefixes
    .map(({ sign, text }): [string, string] => [`${text}${sign}`, `${text}${sign === '.' ? '/' : ';'}`])
    .sort(([a], [b]) => (a < b ? -1 : 1))
  if (each.length <= stretchesMax) return each
  const last = each.map(([, to]) => to).reduce((a, b) => (a > b ? a : b))
  return [[each[0]?.[0] ?? '', last]]
}

function beginsOf(prefixes: readonly Prefix[], binder: Binder): readonly string[] {
  const kinds = [
    ['.', 1],
    ['.', 2],
    ['.', 3],
    [':', 1],
  ] as const
  return kinds.flatMap(([sign, parts]) => {
    const texts = prefixes.filter((one) => one.sign === sign && one.parts === parts).map(({ text }) => text)
    if (texts.length === 0) return []
    return [`substringIndex(observable, '${sign}', ${parts}) IN ${binder.bind(texts, 'Array(String)')}`]
  })
}
