import type { LogSourceChange } from '../../../contract/logs.ts'
import { oneAtATime } from '../../../db/one-at-a-time.ts'
import { transaction } from '../../../db/open.ts'
import { canonicalJson, type Json } from '../../../kit/canonical-json.ts'
import type { Clock } from '../../../kit/clock.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import type { LogSource } from '../../../model/lake.ts'
import type { LedgerLine } from '../../../model/ledger.ts'
import type { Front } from '../../front.ts'

/**
 * Changes a source and says so in the ledger. The lake is another store: its change comes last in the transaction, so that a lake that
 * cannot be reached leaves neither; only a database that breaks in the commit itself leaves a change that the ledger does not have.
 * `change` gets the source as it stands (null: there is none) and may refuse by throwing.
 */
export async function changeLogSource(
  { db, clock, logs }: Pick<Front, 'db' | 'logs'> & { readonly clock: Clock },
  id: string,
  change: (before: LogSource | null) => { readonly after: LogSource; readonly line: LedgerLine },
): Promise<void> {
  await transaction(db, async (tx) => {
    await oneAtATime(tx, `log source ${id}`)
    const { after, line } = change(await logs.source(id))
    await append(tx, line, clock)
    await logs.saveSource(after)
  })
}

/** The part of a source that the page edits. */
export function changeable(source: LogSource): LogSourceChange {
  const { id: _id, keys: _keys, ...rest } = source
  return rest
}

/** True when both say the same, in whichever order of their fields. */
export function sameChange(a: LogSourceChange, b: LogSourceChange): boolean {
  return canonicalJson(a as Json) === canonicalJson(b as Json)
}

/** The source, or Trouble('not.found'). */
export function existing(source: LogSource | null): LogSource {
  if (source === null) throw new Trouble('not.found')
  return source
}
