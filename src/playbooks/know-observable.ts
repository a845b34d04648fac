import { intelligenceSources, knownOf } from '../db/intelligence.ts'
import type { Db } from '../db/open.ts'
import { extract, outermost } from '../observables/extract.ts'
import { normalOf } from '../observables/normal.ts'
import { plainObservable, plainOther } from '../observables/plain.ts'
import { isInText, isStale, lookUpsFor, type Reputation, reputationOf } from '../triage/reputation.ts'

export type KnownObservable = { readonly type: string; readonly value: string; readonly reputation: Reputation }

/** What our intelligence knows of an observable; null: nothing of its type is compared. */
export async function knowObservable(db: Db, type: string, value: string, now: Date): Promise<KnownObservable | null> {
  const normal = normalOf(type, value)
  if (normal === null) return null
  const known = await knownOf(db, lookUpsFor(normal), now, isInText)
  return { ...normal, reputation: reputationOf(known, now) }
}

/** What a person typed: one observable in whatever spelling; null: nothing that is compared. */
export function observableIn(text: string): { readonly type: string; readonly value: string } | null {
  return plainObservable(text.trim()) ?? plainOther(text.trim()) ?? outermost(extract(text))[0] ?? null
}

/** Where intelligence comes from, with whether each source is stale. */
export async function heardSources(db: Db, now: Date) {
  return (await intelligenceSources(db)).map((source) => ({ ...source, stale: isStale(source, now) }))
}
