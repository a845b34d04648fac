import { sql } from 'kysely'
import { type SearchGroup, type SearchHit, searchMsMax } from '../../contract/search.ts'
import type { SearchAsk, SearchKind } from '../../model/search.ts'
import { type Db, readOnly } from '../open.ts'
import { findAlerts } from './alerts.ts'
import type { Marker } from './marked.ts'
import { findMessages, type MessagePlaces } from './messages.ts'
import {
  findAssets,
  findConnectors,
  findObservables,
  findPeople,
  findProviders,
  findReplies,
  findRules,
} from './others.ts'
import { findTickets } from './tickets.ts'

type Find = (db: Db, ask: SearchAsk, marker: Marker, places: MessagePlaces) => Promise<SearchHit[]>

const finders: Readonly<Record<SearchKind, Find>> = {
  alert: findAlerts,
  ticket: findTickets,
  message: findMessages,
  observable: findObservables,
  rule: findRules,
  reply: findReplies,
  asset: findAssets,
  person: findPeople,
  provider: findProviders,
  connector: findConnectors,
}

export type Finding = {
  readonly ask: SearchAsk
  readonly marker: Marker
  /** Only what the asker may see. */
  readonly kinds: readonly SearchKind[]
  readonly places: MessagePlaces
  readonly hitsMax: number
  readonly msMax?: number
}

/**
 * Looks among each kind, with the large ones at once and the rest one after the other: three connections at most, of which each
 * statement is stopped by PostgreSQL when its time is over. What was stopped says so; what is broken throws.
 */
export async function find(db: Db, finding: Finding): Promise<SearchGroup[]> {
  // A search of nothing but "-this" would be a list of everything else.
  if (!finding.ask.words.some((word) => !word.not)) return []
  const large: readonly SearchKind[] = ['alert', 'message']
  const { kinds } = finding
  const lanes = [
    ...large.filter((kind) => kinds.includes(kind)).map((kind) => [kind]),
    kinds.filter((kind) => !large.includes(kind)),
  ]
  const ends = performance.now() + (finding.msMax ?? searchMsMax)
  const groups = (await Promise.all(lanes.map((lane) => walk(db, lane, finding, ends)))).flat()
  return groups.toSorted((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind))
}

async function walk(db: Db, lane: readonly SearchKind[], finding: Finding, ends: number): Promise<SearchGroup[]> {
  const groups: SearchGroup[] = []
  for (const kind of lane) groups.push(await look(db, kind, finding, ends))
  return groups
}

async function look(
  db: Db,
  kind: SearchKind,
  { ask, marker, places, hitsMax }: Finding,
  ends: number,
): Promise<SearchGroup> {
  const left = Math.floor(ends - performance.now())
  if (left < 1) return { kind, hits: [], more: false, stopped: true }
  try {
    const found = await readOnly(db, async (tx) => {
      // As a bound value; 0 would mean no limit.
      await sql`select set_config('statement_timeout', ${String(left)}, true)`.execute(tx)
      return finders[kind](tx, ask, marker, places)
    })
    return { kind, hits: found.slice(0, hitsMax), more: found.length > hitsMax, stopped: false }
  } catch (error) {
    if (!isStopped(error)) throw error
    return { kind, hits: [], more: false, stopped: true }
  }
}

/** query_canceled: PostgreSQL stopped the statement because its time was over. */
const isStopped = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === '57014'
