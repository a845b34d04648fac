import type { Db } from '../../db/open.ts'
import { type KnownTuning, tuningRequests, type WhichTuning } from '../../db/tuning.ts'
import { measuredTuning } from '../../measure/tuning.ts'
import { proposedState } from '../../triage/tuning-words.ts'

/** Tuning requests as they stand now: asked, said of by the provider, kept or lapsed. */
export function tuningNow(db: Db, which: WhichTuning, now: Date): Promise<readonly KnownTuning[]> {
  return tuningRequests(db, which, now, { measured: measuredTuning, proposed: proposedState })
}
