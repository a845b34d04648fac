import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { LogWindow } from '../../model/lake.ts'
import { coverageOf } from '../ask/coverage.ts'
import type { Bounds, Engine, Params } from '../engine/engine.ts'
import { searchBounds } from '../search/look.ts'
import { type HostsOf, hostsOf } from './hosts.ts'
import type { Indicator } from './indicator.ts'
import { type NetworkHit, networkHits } from './networks.ts'

export type Hit = {
  readonly indicator: string
  readonly type: Indicator['type']
  readonly count: number
  readonly first: string
  readonly last: string
  readonly days: number
  readonly sources: readonly { readonly source: string; readonly count: number }[]
  /** Machines that it was seen on; the rarest hits are looked up, null: not this one. */
  readonly hosts: readonly string[] | null
  /** Some events, the latest first, by their id. */
  readonly events: readonly string[]
  /** Of a network, the addresses that were seen; else empty. */
  readonly addresses: readonly string[]
}

export type HuntResult = {
  /** Whole days (UTC); null: everything that is kept. */
  readonly window: LogWindow | null
  readonly indicators: number
  /** The latest first. */
  readonly hits: readonly Hit[]
  readonly misses: number
  /** What stands in the way of reading a miss as "was not there". */
  readonly warnings: readonly string[]
  /** Until it was known what was seen; `ms` has the hosts as well. */
  readonly seenMs: number
  readonly ms: number
}

/** Ten times the goal for the longest list; a hunt is no page. */
const huntTimeoutMsMax = 60_000
const dayMs = 24 * 3_600_000
/** As many as a list can have. */
const hitsMax = 400_000

type SeenRow = {
  readonly observable: string
  readonly count: number
  readonly first: string
  readonly last: string
  readonly days: number
  readonly names: readonly string[]
  readonly counts: readonly number[]
}

/**
 * Looks for many indicators in everything that is kept, or in some days. `seen` answers for all of them at once (a row for an observable,
 * source and day: its days are whole, so that a window is widened to them); the events behind the rarest hits tell the hosts. A long list
 * goes to the engine as a file, because a hundred thousand bound values would take it longer to read than to look up.
 */
export async function hunt(
  engine: Engine,
  ask: {
    readonly indicators: readonly Indicator[]
    readonly window: LogWindow | null
    readonly now: Date
    /** Whether the hosts and events of the rarest hits are looked up, which takes longer than to know what was seen. */
    readonly places?: boolean
  },
  signal?: AbortSignal,
): Promise<HuntResult> {
  const began = performance.now()
  const bounds = { ...searchBounds(signal), timeoutMs: huntTimeoutMsMax }
  const window = ask.window === null ? null : wholeDays(ask.window)
  const networks = ask.indicators.filter((one) => one.type === 'cidr' && one.forms.length === 0)
  const span = window ?? { from: new Date(ask.now.getTime() - 30 * dayMs).toISOString(), to: ask.now.toISOString() }
  const [seen, within, covered] = await Promise.all([
    seenOf(engine, formsOf(ask.indicators), window, bounds),
    networkHits(
      engine,
      networks.map((one) => one.value),
      window,
      bounds,
    ),
    coverageOf(
      engine,
      { classes: [], span: { from: new Date(span.from), to: new Date(span.to) }, now: ask.now },
      bounds,
    ),
  ])
  const bare = ask.indicators.flatMap((one) => {
    const hit = one.type === 'cidr' && one.forms.length === 0 ? ofNetwork(one, within.hits) : ofForms(one, seen)
    return hit === null ? [] : [hit]
  })
  const seenMs = performance.now() - began
  const hosts = await hostsOf(
    engine,
    (ask.places === false ? [] : bare).map(({ hit, forms }) => ({ forms, count: hit.count })),
    window,
    bounds,
  )
  const hits = bare
    .map(({ hit, forms }) => ({ ...hit, ...placesOf(forms, hosts) }))
    .sort((a, b) => (a.last < b.last ? 1 : a.last > b.last ? -1 : b.count - a.count))
  return {
    window,
    indicators: ask.indicators.length,
    hits,
    misses: ask.indicators.length - hits.length,
    warnings: [...within.warnings, ...covered.holes],
    seenMs,
    ms: performance.now() - began,
  }
}

function wholeDays(window: LogWindow): LogWindow {
  const from = Math.floor(Date.parse(window.from) / dayMs) * dayMs
  const to = Math.ceil(Date.parse(window.to) / dayMs) * dayMs
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() }
}

function formsOf(indicators: readonly Indicator[]): readonly string[] {
  // A line of a file is one of them: none has a line end, which `extract` never gives and a bound of one line does not allow.
  return [...new Set(indicators.flatMap((one) => one.forms))].filter((form) => form !== '' && !/[\r\n]/.test(form))
}

/** Texts are bound up to so many characters of them; more go as a file, which costs three statements more. */
const boundCharsMax = 50_000

/** What `seen` knows of these texts. */
async function seenOf(
  engine: Engine,
  forms: readonly string[],
  window: LogWindow | null,
  bounds: Bounds,
): Promise<ReadonlyMap<string, SeenRow>> {
  if (forms.length === 0) return new Map()
  const ask = async (list: string, params: Params): Promise<ReadonlyMap<string, SeenRow>> => {
    const rows = await engine.rows<SeenRow>(
      `SELECT observable, sum(n) AS count, min(since) AS first, max(until) AS last, uniqExactArray(on_days) AS days,
         groupArray(toString(source)) AS names, groupArray(n) AS counts
       FROM (
         SELECT observable, source, sum(seen.count) AS n, min(seen.first) AS since, max(seen.last) AS until, groupUniqArray(day) AS on_days
         FROM seen WHERE observable IN ${list} ${window === null ? '' : 'AND day >= {from:Date} AND day < {to:Date}'}
         GROUP BY observable, source ORDER BY n DESC
       ) GROUP BY observable`,
      { ...params, ...(window === null ? {} : { from: window.from.slice(0, 10), to: window.to.slice(0, 10) }) },
      { ...bounds, rowsMax: hitsMax },
    )
    return new Map(rows.map((row) => [row.observable, row]))
  }
  if (forms.reduce((chars, form) => chars + form.length, 0) <= boundCharsMax)
    return ask('{forms:Array(String)}', { forms })
  await sweep(engine, bounds)
  const table = `hunt_${randomBytes(8).toString('hex')}`
  const folder = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-hunt-'))
  try {
    const file = path.join(folder, 'list')
    await writeFile(file, `${forms.join('\n')}\n`, { mode: 0o600 })
    await engine.command(`CREATE TABLE ${table} (raw String) ENGINE = Memory`, {}, bounds)
    await engine.insertFile({ table, path: file, format: 'lines', columns: ['raw'] }, bounds)
    return await ask(`(SELECT raw FROM ${table})`, {})
  } finally {
    await rm(folder, { recursive: true, force: true })
    await engine.command(`DROP TABLE IF EXISTS ${table}`)
  }
}

/** Takes away the lists of hunts that were killed: an hour is longer than any takes. */
async function sweep(engine: Engine, bounds: Bounds): Promise<void> {
  const left = await engine.rows<{ name: string }>(
    `SELECT name FROM system.tables WHERE database = currentDatabase() AND match(name, '^hunt_[0-9a-f]{16}$')
     AND metadata_modification_time < now() - INTERVAL 1 HOUR`,
    {},
    bounds,
  )
  for (const { name } of left) await engine.command(`DROP TABLE IF EXISTS ${name}`, {}, bounds)
}

type Bare = { readonly hit: Omit<Hit, 'hosts' | 'events'>; readonly forms: readonly string[] }

function ofForms(indicator: Indicator, seen: ReadonlyMap<string, SeenRow>): Bare | null {
  const rows = indicator.forms.flatMap((form) => seen.get(form) ?? [])
  if (rows.length === 0) return null
  const isNetwork = indicator.type === 'cidr'
  return {
    hit: merged(indicator, rows, isNetwork ? rows.map((row) => row.observable) : []),
    forms: rows.map((row) => row.observable),
  }
}

function ofNetwork(indicator: Indicator, hits: ReadonlyMap<string, readonly NetworkHit[]>): Bare | null {
  const rows = hits.get(indicator.value) ?? []
  if (rows.length === 0) return null
  const addresses = rows.map((row) => row.observable)
  return { hit: merged(indicator, rows, addresses), forms: addresses }
}

function merged(indicator: Indicator, rows: readonly SeenRow[], addresses: readonly string[]): Bare['hit'] {
  const sources = new Map<string, number>()
  for (const row of rows) {
    for (const [place, name] of row.names.entries())
      sources.set(name, (sources.get(name) ?? 0) + (row.counts[place] ?? 0))
  }
  return {
    indicator: indicator.value,
    type: indicator.type,
    count: rows.reduce((sum, row) => sum + row.count, 0),
    first: rows.map((row) => row.first).reduce((a, b) => (a < b ? a : b)),
    last: rows.map((row) => row.last).reduce((a, b) => (a > b ? a : b)),
    days: Math.max(...rows.map((row) => row.days)),
    sources: [...sources].map(([source, count]) => ({ source, count })).sort((a, b) => b.count - a.count),
    addresses,
  }
}

/** Hosts and events of a hit, from those of its texts. */
function placesOf(forms: readonly string[], hosts: ReadonlyMap<string, HostsOf>): Pick<Hit, 'hosts' | 'events'> {
  const found = forms.flatMap((form) => hosts.get(form) ?? [])
  if (found.length === 0) return { hosts: null, events: [] }
  return {
    hosts: [...new Set(found.flatMap((one) => one.hosts))].sort(),
    events: found.flatMap((one) => one.events).slice(0, 3),
  }
}
