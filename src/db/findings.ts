import type { Selectable } from 'kysely'
import type { Finding, FindingKind } from '../model/finding.ts'
import type { QuestionName } from '../model/question.ts'
import { iso, isoOrNull, jsonb, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import type { FindingTable } from './tables/findings.ts'

export type NewFinding = Finding & { readonly runId: string | null }

/** Keeps answers as evidence. Those whose id is here already are left alone: a step may run twice. Returns the ids that are new. */
export async function insertFindings(tx: Db, findings: readonly NewFinding[]): Promise<ReadonlySet<string>> {
  if (findings.length === 0) return new Set()
  const rows = await tx
    .insertInto('finding')
    .values(
      findings.map((finding) => ({
        id: finding.id,
        alert_id: finding.alertId,
        run_id: finding.runId,
        question: finding.question,
        ask: jsonb(finding.ask),
        connector: finding.connector,
        kind: finding.kind,
        answer: finding.answer === null || finding.answer === undefined ? null : jsonb(finding.answer),
        why: plainText(finding.why),
        query: plainText(finding.query),
        window_from: finding.windowFrom,
        window_to: finding.windowTo,
        around_minutes: finding.aroundMinutes,
        cost_ms: finding.costMs,
        asked_at: finding.askedAt,
      })),
    )
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returning('id')
    .execute()
  return new Set(rows.map((row) => row.id))
}

function findingOf(row: Selectable<FindingTable>): Finding {
  return {
    id: row.id,
    alertId: row.alert_id,
    question: row.question as QuestionName,
    ask: row.ask as Record<string, unknown>,
    connector: row.connector,
    kind: row.kind as FindingKind,
    answer: row.answer,
    why: row.why,
    query: row.query,
    windowFrom: isoOrNull(row.window_from),
    windowTo: isoOrNull(row.window_to),
    aroundMinutes: row.around_minutes,
    costMs: row.cost_ms,
    askedAt: iso(row.asked_at),
  }
}

/** No alert has more evidence rows than a playbook may ask questions, many times over. */
const findingsMax = 2000

/** The evidence of an alert, oldest first. */
export async function findingsOf(db: Db, alertId: string): Promise<readonly Finding[]> {
  const rows = await db
    .selectFrom('finding')
    .selectAll()
    .where('alert_id', '=', alertId)
    .orderBy('asked_at')
    .orderBy('id')
    .limit(findingsMax)
    .execute()
  return rows.map(findingOf)
}

/**
 * The evidence that judgements and conditions go by. In a time that somebody chose, only what was found counts: that nothing happened in the two
 * minutes around an alert does not say that nothing happened, and must not fill a rung that nobody could look at. Nor does a change of the next
 * day explain what happened today. What does not count stands beside, with its window.
 */
export async function countedFindingsOf(db: Db, alertId: string): Promise<readonly Finding[]> {
  const all = await findingsOf(db, alertId)
  return all.filter(
    ({ aroundMinutes, kind, question }) =>
      aroundMinutes === null || (kind === 'found' && question !== 'change-window-of-asset'),
  )
}

/** The evidence of several alerts, each oldest first, with the run that asked for it (null: a person did). */
export async function findingsOfAlerts(
  db: Db,
  alertIds: readonly string[],
): Promise<ReadonlyMap<string, readonly NewFinding[]>> {
  const rows = await db
    .selectFrom('finding')
    .selectAll()
    .where('alert_id', 'in', [...alertIds])
    .orderBy('asked_at')
    .orderBy('id')
    .limit(findingsMax * alertIds.length)
    .execute()
  const of = new Map<string, NewFinding[]>()
  for (const row of rows) {
    const here = of.get(row.alert_id) ?? []
    here.push({ ...findingOf(row), runId: row.run_id })
    of.set(row.alert_id, here)
  }
  return of
}

/** The answers that a run brought, in the order they were asked. */
export async function findingsOfRun(db: Db, runId: string, alertId: string): Promise<readonly Finding[]> {
  const rows = await db
    .selectFrom('finding')
    .selectAll()
    .where('alert_id', '=', alertId)
    .where('run_id', '=', runId)
    .orderBy('asked_at')
    .orderBy('id')
    .limit(findingsMax)
    .execute()
  return rows.map(findingOf)
}

/** Findings by their ids, of whichever alerts; those that are not there are left out. */
export async function findingsByIds(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, Finding>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('finding')
    .selectAll()
    .where('id', 'in', [...new Set(ids)])
    .execute()
  return new Map(rows.map((row) => [row.id, findingOf(row)]))
}
