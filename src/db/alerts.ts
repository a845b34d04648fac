import { type Selectable, sql } from 'kysely'
import { Trouble } from '../kit/errors.ts'
import { type Alert, type AlertState, Reading, type Severity } from '../model/alert.ts'
import { Judgement, type Outcome, type PastAlert } from '../model/triage.ts'
import { pastAlerts } from './context.ts'
import { iso, isoOrNull, jsonb, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import type { AlertTable } from './tables/alerts.ts'

/** An alert with what the house made of it. `version` goes up with every change a person may have overlooked. */
export type AlertRecord = {
  readonly alert: Alert
  readonly judgement: Judgement | null
  readonly priority: number
  readonly filledAt: string | null
  readonly outcome: Outcome | null
  readonly decidedAt: string | null
  readonly version: number
}

export type NewAlert = {
  readonly id: string
  readonly providerId: string
  readonly kind: 'alert' | 'unread'
  readonly reading: Reading
  readonly receivedAt: Date
  readonly sample: boolean
}

function columnsOf(reading: Reading) {
  const value = (field: { value: string } | null): string | null => (field === null ? null : plainText(field.value))
  return {
    ticket: value(reading.ticket),
    rule: value(reading.rule),
    severity: reading.severity,
    title: plainText(reading.title),
    entity: reading.entity === null ? null : plainText(reading.entity),
    host: value(reading.host),
    account: value(reading.account),
    source: value(reading.source),
    destination: value(reading.destination),
    occurred_at: reading.occurredAt,
    reading: jsonb(reading),
  }
}

/** Opens an alert and its ticket. False when one with this provider's ticket is there already: join that one. */
export async function insertAlert(tx: Db, fresh: NewAlert): Promise<boolean> {
  const result = await tx
    .insertInto('alert')
    .values({
      id: fresh.id,
      provider_id: fresh.providerId,
      kind: fresh.kind,
      received_at: fresh.receivedAt,
      sample: fresh.sample,
      ...columnsOf(fresh.reading),
    })
    .onConflict((conflict) => conflict.columns(['provider_id', 'ticket']).where('ticket', 'is not', null).doNothing())
    .executeTakeFirst()
  if (result.numInsertedOrUpdatedRows !== 1n) return false
  await tx.insertInto('ticket').values({ alert_id: fresh.id }).execute()
  return true
}

/** Brings the reading up to date by a later message. */
export async function updateReading(
  tx: Db,
  id: string,
  reading: Reading,
  change: { kind: 'alert' | 'unread'; state: AlertState },
): Promise<void> {
  await tx
    .updateTable('alert')
    .set((eb) => ({ ...columnsOf(reading), ...change, version: eb('version', '+', 1) }))
    .where('id', '=', id)
    .execute()
}

export async function alertByTicket(db: Db, providerId: string, ticket: string): Promise<string | null> {
  const row = await db
    .selectFrom('alert')
    .select('id')
    .where('provider_id', '=', providerId)
    .where('ticket', '=', plainText(ticket))
    .executeTakeFirst()
  return row?.id ?? null
}

const providerName = sql<string>`coalesce((select p.config ->> 'name' from provider p where p.id = alert.provider_id), alert.provider_id)`
const messageIds = sql<
  string[]
>`coalesce((select array_agg(m.id order by m.received_at, m.id) from message m where m.alert_id = alert.id), '{}')`

function recordOf(row: Selectable<AlertTable> & { provider_name: string; message_ids: string[] }): AlertRecord {
  const alert: Alert = {
    id: row.id,
    number: row.number,
    providerId: row.provider_id,
    providerName: row.provider_name,
    state: row.state as AlertState,
    kind: row.kind as Alert['kind'],
    ticket: row.ticket,
    rule: row.rule,
    severity: row.severity as Severity,
    title: row.title,
    entity: row.entity,
    host: row.host,
    account: row.account,
    source: row.source,
    destination: row.destination,
    occurredAt: isoOrNull(row.occurred_at),
    receivedAt: iso(row.received_at),
    messageIds: row.message_ids,
    reading: Reading.parse(row.reading),
    sample: row.sample,
  }
  return {
    alert,
    judgement: row.judgement === null ? null : Judgement.parse(row.judgement),
    priority: row.priority,
    filledAt: isoOrNull(row.filled_at),
    outcome: row.outcome as Outcome | null,
    decidedAt: isoOrNull(row.decided_at),
    version: row.version,
  }
}

/** By id, or by its number for people. Null when there is none. `lock` holds it until the transaction ends. */
export async function getAlert(
  db: Db,
  which: string | number,
  options: { readonly lock?: boolean } = {},
): Promise<AlertRecord | null> {
  let query = db
    .selectFrom('alert')
    .selectAll('alert')
    .select([providerName.as('provider_name'), messageIds.as('message_ids')])
    .where(typeof which === 'number' ? 'number' : 'id', '=', which as never)
  if (options.lock === true) query = query.forNoKeyUpdate('alert')
  const row = await query.executeTakeFirst()
  return row === undefined ? null : recordOf(row)
}

/** Alerts by their ids; those that are not there are left out. */
export async function alertsByIds(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, AlertRecord>> {
  const rows = await db
    .selectFrom('alert')
    .selectAll('alert')
    .select([providerName.as('provider_name'), messageIds.as('message_ids')])
    .where('id', 'in', [...ids])
    .execute()
  return new Map(rows.map((row) => [row.id, recordOf(row)]))
}

/** Takes the alert's row until the transaction ends; false when there is none. Always before a run's row: the one order in which both are ever locked. */
export async function lockAlert(tx: Db, id: string): Promise<boolean> {
  const row = await tx.selectFrom('alert').select('id').where('id', '=', id).forNoKeyUpdate().executeTakeFirst()
  return row !== undefined
}

export type AlertCounts = {
  readonly all: number
  readonly states: Readonly<Record<AlertState, number>>
  readonly unread: number
}

/** Alerts by state. Their messages are counted by `countMessages`: together they reconcile. */
export async function countAlerts(db: Db): Promise<AlertCounts> {
  const rows = await db
    .selectFrom('alert')
    .select(['state', 'kind', sql<number>`count(*)::int`.as('n')])
    .groupBy(['state', 'kind'])
    .execute()
  const states = { open: 0, decided: 0, closed: 0 }
  let all = 0
  let unread = 0
  for (const row of rows) {
    all += row.n
    states[row.state as AlertState] += row.n
    if (row.kind === 'unread') unread += row.n
  }
  return { all, states, unread }
}

/** Earlier alerts of the same rule about the same entity, newest first, with the decision that stands. Empty where either is not known. */
export async function historyOf(
  db: Db,
  alert: Pick<Alert, 'id' | 'rule' | 'entity' | 'receivedAt'>,
): Promise<readonly PastAlert[]> {
  const { rule, entity } = alert
  if (rule === null || entity === null) return []
  return pastAlerts(db, { rule, entity, provider: null, before: alert.receivedAt, notAlert: alert.id })
}

/** Stores a judgement. `full` marks the moment the ladder was full for the first time. */
export async function setJudgement(tx: Db, id: string, judgement: Judgement, full: Date | null): Promise<void> {
  await tx
    .updateTable('alert')
    .set({
      judgement: jsonb(judgement),
      priority: Math.round(judgement.risk.score),
      ...(full === null ? {} : { filled_at: sql<Date>`coalesce(filled_at, ${full.toISOString()}::timestamptz)` }),
    })
    .where('id', '=', id)
    .execute()
}

export type AlertChange = {
  readonly state: AlertState
  readonly outcome?: Outcome | null
  readonly decidedAt?: Date | null
}

/** Changes an alert that is still as the person saw it. Throws Trouble('state.conflict') otherwise, Trouble('not.found') when there is none. */
export async function changeAlert(tx: Db, id: string, version: number, change: AlertChange): Promise<number> {
  const result = await tx
    .updateTable('alert')
    .set((eb) => ({
      state: change.state,
      ...(change.outcome === undefined ? {} : { outcome: change.outcome }),
      ...(change.decidedAt === undefined ? {} : { decided_at: change.decidedAt }),
      // What is decided sleeps no longer: taken back, it must be seen at once.
      ...(change.state === 'open' ? {} : { snooze_for: null, snooze_until: null, snoozed_by: null, snoozed_at: null }),
      version: eb('version', '+', 1),
    }))
    .where('id', '=', id)
    .where('version', '=', version)
    .returning('version')
    .executeTakeFirst()
  if (result !== undefined) return result.version
  const there = await tx.selectFrom('alert').select('version').where('id', '=', id).executeTakeFirst()
  if (there === undefined) throw new Trouble('not.found', { alertId: id })
  throw new Trouble('state.conflict', { alertId: id, seen: version, now: there.version })
}
