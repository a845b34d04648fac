import type { LogAsk } from '../../../contract/logs.ts'
import { canonicalJson } from '../../../kit/canonical-json.ts'
import { sha256Hex } from '../../../kit/digest.ts'
import { append } from '../../../ledger/append.ts'
import type { Front } from '../../front.ts'

/** Further pages, histogram and facets of a search that was written down within this belong to it. */
const sameSearchMs = 60 * 60_000
/** Searches remembered, oldest forgotten first: a forgotten one costs a line more, never one less. */
const rememberedMax = 5_000

/** When somebody's search was written down, by who and what. */
const noted = new Map<string, { readonly at: number; readonly written: Promise<unknown> }>()

/**
 * Logs say who did what when: whoever searches them reads personal data, so that the ledger has the query and the time before anything is
 * answered. `again`: a later page, the histogram or the facets, which belong to the search that the same person began with the same words,
 * time and sources; where there is none (a program that asks for them alone, or names a place to begin behind), they are a search.
 */
export async function noteSearch(
  { db, clock }: Pick<Front, 'db' | 'clock'>,
  actor: string,
  ask: LogAsk,
  again: boolean,
): Promise<void> {
  const { q, from, to, sources } = ask
  const name = sha256Hex(canonicalJson([actor, q, from, to, [...sources]]))
  const now = clock.now().getTime()
  const before = noted.get(name)
  if (again && before !== undefined && Math.abs(now - before.at) < sameSearchMs) {
    await before.written
    return
  }
  const body = { query: q, from, to, ...(sources.length === 0 ? {} : { sources }) }
  const written = append(db, { kind: 'logs.searched', actor, subject: 'logs', body }, clock)
  noted.delete(name)
  noted.set(name, { at: now, written })
  for (const oldest of noted.keys()) {
    if (noted.size <= rememberedMax) break
    noted.delete(oldest)
  }
  try {
    await written
  } catch (error) {
    noted.delete(name)
    throw error
  }
}
