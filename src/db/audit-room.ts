import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { AuditChain, AuditDraw, AuditRow, Conclusion } from '../contract/audit.ts'
import type { Clock } from '../kit/clock.ts'
import { append } from '../ledger/append.ts'
import { inclusionProofs, latestCheckpoint } from '../ledger/tree.ts'
import { FindingKind } from '../model/finding.ts'
import { Channel } from '../model/message.ts'
import { QuestionName, questions } from '../model/question.ts'
import { ReplyState } from '../model/reply.ts'
import { Outcome } from '../model/triage.ts'
import { iso, isoOrNull, jsonb } from './jsonb.ts'
import { type Db, readOnly, transaction } from './open.ts'
import { sayRecords } from './record-words.ts'

/** Records of one alert that its chain shows; an alert has twenty to a hundred. */
const leavesMax = 500

type Drawn = {
  id: string
  number: number
  title: string
  received_at: Date
  outcome: string | null
  decided_by: string | null
  cites: number
  key: string
  conclusion: string | null
  remark: string | null
  said_by: string | null
  said_at: Date | null
  population: string
}

/**
 * The n alerts of the period whose SHA-256 of seed, line feed and id is smallest: an order that nobody can choose, and anybody can work out
 * again from the ids. Alerts of a period do not change once it is over; sample data is never among them.
 */
export async function drawSample(db: Db, draw: AuditDraw): Promise<{ population: number; rows: AuditRow[] }> {
  const { rows } = await sql<Drawn>`
    with drawn as materialized (
      select a.id, encode(sha256(convert_to(${draw.seed} || E'\n' || a.id::text, 'UTF8')), 'hex') as key, count(*) over () as population
      from alert a where a.received_at >= ${draw.from}::timestamptz and a.received_at < ${draw.to}::timestamptz and not a.sample
      order by key limit ${draw.n})
    select a.id, a.number, a.title, a.received_at, a.outcome, drawn.key, drawn.population,
      coalesce(who.name, d.decided_by) as decided_by, coalesce(cardinality(d.cites), 0) as cites,
      r.conclusion, r.remark, coalesce(auditor.name, r.said_by) as said_by, r.said_at
    from drawn join alert a on a.id = drawn.id
    left join lateral (select * from decision d where d.alert_id = a.id and d.undone_at is null order by d.decided_at desc limit 1) d on true
    left join app_user who on 'user:' || who.id = d.decided_by
    left join lateral (select * from audit_remark r where r.alert_id = a.id order by r.said_at desc limit 1) r on true
    left join app_user auditor on 'user:' || auditor.id = r.said_by
    order by drawn.key`.execute(db)
  return { population: Number(rows[0]?.population ?? 0), rows: rows.map(rowOf) }
}

function rowOf(row: Drawn): AuditRow {
  return {
    id: row.id,
    number: row.number,
    title: row.title,
    receivedAt: iso(row.received_at),
    outcome: row.outcome === null ? null : Outcome.parse(row.outcome),
    decidedBy: row.decided_by,
    cites: row.cites,
    key: row.key,
    said:
      row.conclusion === null || row.said_at === null
        ? null
        : {
            conclusion: row.conclusion as Conclusion,
            remark: row.remark ?? '',
            byName: row.said_by ?? '',
            at: iso(row.said_at),
          },
  }
}

/** Everything that hangs together about one alert, from one state of the record; null where there is none. */
export async function chainOf(db: Db, alertId: string): Promise<AuditChain | null> {
  return readOnly(db, async (tx) => {
    const alert = await tx
      .selectFrom('alert')
      .select(['id', 'number', 'title', 'ticket', 'sample'])
      .where('id', '=', alertId)
      .executeTakeFirst()
    if (alert === undefined) return null
    const [messages, decision, replies, said] = [
      await messagesOf(tx, alertId),
      await decisionOf(tx, alertId),
      await repliesOf(tx, alertId),
      await saidOf(tx, alertId),
    ]
    const findings = await tx
      .selectFrom('finding')
      .select(['id', 'question', 'connector', 'kind', 'asked_at'])
      .where('alert_id', '=', alertId)
      .orderBy('asked_at')
      .limit(leavesMax)
      .execute()
    const subjects = [
      `alert:${alertId}`,
      ...messages.map((one) => `message:${one.id}`),
      ...replies.map((one) => `reply:${one.id}`),
    ]
    return {
      alert,
      messages,
      findings: findings.map(({ asked_at, kind, ...rest }) => ({
        ...rest,
        kind: FindingKind.parse(kind),
        title: questions[QuestionName.parse(rest.question)].title,
        cited: decision?.cites.includes(rest.id) === true,
        askedAt: iso(asked_at),
      })),
      decision: decision?.shown ?? null,
      replies,
      said,
      ...(await leavesOf(tx, alertId, subjects)),
    }
  })
}

async function messagesOf(tx: Db, alertId: string): Promise<AuditChain['messages']> {
  const { rows } = await sql<{
    id: string
    received_at: Date
    size_bytes: number
    channel: string
    accepted: boolean | null
    reasons: string[] | null
    reader: string | null
  }>`
    select id, received_at, size_bytes, channel, (authentication ->> 'accepted')::boolean as accepted, authentication -> 'reasons' as reasons, reading ->> 'reader' as reader
    from message where alert_id = ${alertId} order by received_at`.execute(tx)
  return rows.map((row) => ({
    id: row.id,
    receivedAt: iso(row.received_at),
    sizeBytes: row.size_bytes,
    channel: Channel.parse(row.channel),
    accepted: row.accepted,
    reasons: row.reasons ?? [],
    reader: row.reader,
  }))
}

async function decisionOf(
  tx: Db,
  alertId: string,
): Promise<{ shown: NonNullable<AuditChain['decision']>; cites: string[] } | null> {
  const { rows } = await sql<{
    id: string
    outcome: string
    reason: string
    cites: string[]
    without_evidence: boolean
    decided_at: Date
    by_name: string
  }>`
    select d.id, d.outcome, d.reason, d.cites, d.without_evidence, d.decided_at, coalesce(u.name, d.decided_by) as by_name
    from decision d left join app_user u on 'user:' || u.id = d.decided_by
    where d.alert_id = ${alertId} and d.undone_at is null order by d.decided_at desc limit 1`.execute(tx)
  const [row] = rows
  if (row === undefined) return null
  const shown = {
    id: row.id,
    outcome: Outcome.parse(row.outcome),
    reason: row.reason,
    byName: row.by_name,
    at: iso(row.decided_at),
    withoutEvidence: row.without_evidence,
  }
  return { shown, cites: row.cites }
}

async function repliesOf(tx: Db, alertId: string): Promise<AuditChain['replies']> {
  const rows = await tx
    .selectFrom('reply')
    .select(['id', 'state', 'digest', 'receipt', 'sent_at'])
    .where('alert_id', '=', alertId)
    .orderBy('created_at')
    .execute()
  return rows.map(({ sent_at, state, ...rest }) => ({
    ...rest,
    state: ReplyState.parse(state),
    sentAt: isoOrNull(sent_at),
  }))
}

async function saidOf(tx: Db, alertId: string): Promise<AuditChain['said']> {
  const { rows } = await sql<{ conclusion: Conclusion; remark: string; said_at: Date; by_name: string }>`
    select r.conclusion, r.remark, r.said_at, coalesce(u.name, r.said_by) as by_name from audit_remark r
    left join app_user u on 'user:' || u.id = r.said_by where r.alert_id = ${alertId} order by r.said_at desc limit 100`.execute(
    tx,
  )
  return rows.map((row) => ({
    conclusion: row.conclusion,
    remark: row.remark,
    byName: row.by_name,
    at: iso(row.said_at),
  }))
}

async function leavesOf(
  tx: Db,
  alertId: string,
  subjects: readonly string[],
): Promise<Pick<AuditChain, 'leaves' | 'checkpoint'>> {
  const head = await latestCheckpoint(tx)
  const rows = await tx
    .selectFrom('ledger_entry')
    .selectAll()
    .where('subject', 'in', subjects)
    .orderBy('at')
    .orderBy('id')
    .limit(leavesMax)
    .execute()
  const said = await sayRecords(tx, rows, alertId)
  const size = head?.size ?? 0
  const placed = rows.flatMap(({ leaf_index }) =>
    leaf_index !== null && Number(leaf_index) < size ? [Number(leaf_index)] : [],
  )
  const proofs = placed.length === 0 ? [] : await inclusionProofs(tx, placed, size)
  const byIndex = new Map(
    placed.map((index, at) => [index, (proofs[at] ?? []).map((hash) => Buffer.from(hash).toString('base64'))]),
  )
  return {
    checkpoint: head?.note ?? null,
    leaves: said.map((one, at) => {
      const { leaf_index = null, leaf_hash } = rows[at] ?? {}
      const index = leaf_index === null ? null : Number(leaf_index)
      const proof = index === null ? undefined : byIndex.get(index)
      return {
        ...one,
        index: proof === undefined ? null : index,
        hash: leaf_hash?.toString('base64') ?? null,
        proof: proof ?? [],
      }
    }),
  }
}

/** Keeps what an auditor concludes, with its line. False where there is no such alert. */
export async function sayAudit(
  db: Db,
  said: {
    readonly alertId: string
    readonly draw: AuditDraw
    readonly conclusion: Conclusion
    readonly remark: string
    readonly by: string
  },
  clock: Clock,
): Promise<boolean> {
  return transaction(db, async (tx) => {
    const alert = await tx.selectFrom('alert').select('id').where('id', '=', said.alertId).executeTakeFirst()
    if (alert === undefined) return false
    const decision = await decisionOf(tx, said.alertId)
    const row = {
      id: randomUUID(),
      sample: jsonb(said.draw),
      alert_id: said.alertId,
      decision_id: decision?.shown.id ?? null,
      conclusion: said.conclusion,
      remark: said.remark,
      said_by: said.by,
      said_at: clock.now(),
    }
    await tx.insertInto('audit_remark').values(row).execute()
    const body = {
      remark: row.id,
      decision: row.decision_id,
      conclusion: said.conclusion,
      words: said.remark,
      draw: said.draw,
    }
    await append(tx, { kind: 'audit.said', actor: said.by, subject: `alert:${said.alertId}`, body }, clock)
    return true
  })
}
