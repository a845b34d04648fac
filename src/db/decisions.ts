import type { Selectable } from 'kysely'
import { Trouble } from '../kit/errors.ts'
import type { Decision, Outcome } from '../model/triage.ts'
import { iso, isoOrNull, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import type { DecisionTable } from './tables/decisions.ts'

function decisionOf(row: Selectable<DecisionTable>): Decision {
  return {
    id: row.id,
    alertId: row.alert_id,
    outcome: row.outcome as Outcome,
    reason: row.reason,
    cites: row.cites,
    withoutEvidence: row.without_evidence,
    by: row.decided_by,
    at: iso(row.decided_at),
    undoneAt: isoOrNull(row.undone_at),
  }
}

/**
 * Writes a decision down; `batch` names those that were made at once. Throws Trouble('input.invalid') when it cites evidence of another alert,
 * or cites none and does not say so.
 */
export async function insertDecision(
  tx: Db,
  decision: Omit<Decision, 'undoneAt'>,
  batch: string | null = null,
): Promise<void> {
  if (decision.cites.length === 0 && !decision.withoutEvidence) throw new Trouble('input.invalid', { field: 'cites' })
  const cited = [...new Set(decision.cites)]
  if (cited.length > 0) {
    const found = await tx
      .selectFrom('finding')
      .select('id')
      .where('id', 'in', cited)
      .where('alert_id', '=', decision.alertId)
      .execute()
    if (found.length !== cited.length) throw new Trouble('input.invalid', { field: 'cites' })
  }
  await tx
    .insertInto('decision')
    .values({
      id: decision.id,
      alert_id: decision.alertId,
      outcome: decision.outcome,
      reason: plainText(decision.reason),
      cites: cited,
      without_evidence: decision.withoutEvidence,
      decided_by: decision.by,
      decided_at: decision.at,
      batch,
    })
    .execute()
}

/** Takes the decision that stands back; its id, or null when none stands. */
export async function undoDecision(tx: Db, alertId: string, by: string, at: Date): Promise<string | null> {
  const row = await tx
    .updateTable('decision')
    .set({ undone_at: at, undone_by: by })
    .where('alert_id', '=', alertId)
    .where('undone_at', 'is', null)
    .returning('id')
    .executeTakeFirst()
  return row?.id ?? null
}

/** Decisions that were made at once and stand, with the number of each alert. */
export async function decisionsOfBatch(
  db: Db,
  batch: string,
): Promise<readonly { readonly id: string; readonly alertId: string; readonly number: number }[]> {
  const rows = await db
    .selectFrom('decision')
    .innerJoin('alert', 'alert.id', 'decision.alert_id')
    .select(['decision.id', 'decision.alert_id', 'alert.number'])
    .where('decision.batch', '=', batch)
    .where('decision.undone_at', 'is', null)
    .orderBy('decision.alert_id')
    .execute()
  return rows.map((row) => ({ id: row.id, alertId: row.alert_id, number: row.number }))
}

/** Newest first, undone ones too. */
export async function decisionsOf(db: Db, alertId: string): Promise<readonly Decision[]> {
  const rows = await db
    .selectFrom('decision')
    .selectAll()
    .where('alert_id', '=', alertId)
    .orderBy('decided_at', 'desc')
    .limit(200)
    .execute()
  return rows.map(decisionOf)
}

/** The decision that stands, if one does. */
export async function standingDecision(db: Db, alertId: string): Promise<Decision | null> {
  const row = await db
    .selectFrom('decision')
    .selectAll()
    .where('alert_id', '=', alertId)
    .where('undone_at', 'is', null)
    .orderBy('decided_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row === undefined ? null : decisionOf(row)
}

/** The decision that stands, of each of these alerts that has one. */
export async function decisionsOfAlerts(db: Db, alertIds: readonly string[]): Promise<ReadonlyMap<string, Decision>> {
  const rows = await db
    .selectFrom('decision')
    .selectAll()
    .where('alert_id', 'in', [...alertIds])
    .where('undone_at', 'is', null)
    .orderBy('decided_at')
    .execute()
  return new Map(rows.map((row) => [row.alert_id, decisionOf(row)]))
}
