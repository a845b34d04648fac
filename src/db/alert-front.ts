import { sql } from 'kysely'
import type {
  AlertPage,
  DecisionRow,
  FindingRow,
  Highlight,
  HistoryRow,
  MessagePage,
  ProfileCard,
  QuarantineRow,
  RunRow,
} from '../contract/desk.ts'
import { type Alert, type Field, Reading } from '../model/alert.ts'
import type { Finding } from '../model/finding.ts'
import { Letter } from '../model/letter.ts'
import { Authentication } from '../model/message.ts'
import { questions } from '../model/question.ts'
import { ReplyState } from '../model/reply.ts'
import type { RiskProfile } from '../model/triage.ts'
import { type AlertRecord, getAlert, historyOf } from './alerts.ts'
import { techniquesNow } from './attack.ts'
import { assetsCalled } from './context.ts'
import { decisionsOf } from './decisions.ts'
import { providerNames } from './desk-front.ts'
import { findingsOf } from './findings.ts'
import { iso, isoOrNull } from './jsonb.ts'
import type { Db } from './open.ts'
import { namesOfActors } from './users.ts'

/** One alert with a thousand mails is a loop somewhere, and its page shows the newest of them. */
const messagesShownMax = 50
const repliesShownMax = 50
/** A quarantine that long is a flood; the oldest hundred-odd are worked first when these are done. */
const quarantineShownMax = 200
/** What the quarantine shows of a text: enough to recognise it. */
const excerptCharactersMax = 1500

/** Everything the page of an alert shows; null when there is none. `say` puts findings into words, and gathers them by whom they are about. */
export async function alertPage(
  db: Db,
  id: string,
  say: {
    readonly summarise: (finding: Finding) => string
    readonly profiles: (alert: AlertPage['alert'], findings: readonly Finding[]) => readonly RiskProfile[]
  },
): Promise<AlertPage | null> {
  const record = await getAlert(db, id)
  if (record === null) return null
  const { alert } = record
  const [findings, messages, decisions, runs, replies, history, techniques, neighbours] = await Promise.all([
    findingsOf(db, id),
    messagesOf(db, id),
    decisionRows(db, id),
    runsOf(db, id),
    repliesThatStand(db, id),
    historyRows(db, alert),
    techniquesNow(db, techniquesIn(alert)),
    neighboursOf(db, record),
  ])
  const profiles = await Promise.all(say.profiles(alert, findings).map((one) => profileCard(db, alert.id, one)))
  return {
    alert,
    version: record.version,
    outcome: record.outcome,
    decidedAt: record.decidedAt,
    filledAt: record.filledAt,
    judgement: record.judgement,
    findings: findings.map((finding) => findingRow(finding, say.summarise)),
    profiles,
    messages,
    decisions,
    runs,
    replies: replies.map((reply) => ({
      id: reply.id,
      state: ReplyState.parse(reply.state),
      createdAt: iso(reply.created_at),
      sentAt: isoOrNull(reply.sent_at),
    })),
    history,
    techniques,
    neighbours,
  }
}

/** A profile with the earlier alerts that name it, and the page of its asset, where we keep one. */
async function profileCard(db: Db, alertId: string, profile: RiskProfile): Promise<ProfileCard> {
  const name = profile.asset.name
  const called = name === null ? [] : await assetsCalled(db, name)
  const wanted = name?.toLowerCase() ?? ''
  const asset = called.find(({ fact }) => [fact.name.toLowerCase(), ...fact.aliases].includes(wanted))
  const names = [...profile.values, ...(name === null ? [] : [name])]
  const values = [...new Set([...names, ...names.map((one) => one.toLowerCase())])]
  const { rows } = await sql<{ times: number; incidents: number; open: number; last: Date | null }>`
    select count(*)::int as times, count(*) filter (where outcome = 'incident')::int as incidents,
      count(*) filter (where outcome is null)::int as open, max(received_at) as last
    from alert where id <> ${alertId}::uuid and id in (select alert_id from sighting where value = any(${values}::text[]))`.execute(
    db,
  )
  const { times = 0, incidents = 0, open = 0, last = null } = rows[0] ?? {}
  return { ...profile, entity: asset?.entity ?? null, pastAlerts: { times, incidents, open, last: isoOrNull(last) } }
}

/** Ids of ATT&CK that the alert names; more are a report. */
const techniquesMax = 20

function techniquesIn(alert: Alert): string[] {
  const ids = alert.reading.observables.filter(({ type }) => type === 'attack').map(({ value }) => value)
  return [...new Set(ids)].slice(0, techniquesMax)
}

function findingRow(finding: Finding, summarise: (finding: Finding) => string): FindingRow {
  const { title, rung } = questions[finding.question]
  return { ...finding, answer: finding.answer ?? null, title, rung, summary: summarise(finding) }
}

/** Replies of the decision that stands, and whatever left or may have left. A draft for a decision that was taken back is history. */
async function repliesThatStand(db: Db, alertId: string) {
  return db
    .selectFrom('reply')
    .leftJoin('decision', 'decision.id', 'reply.decision_id')
    .select(['reply.id', 'reply.state', 'reply.created_at', 'reply.sent_at'])
    .where('reply.alert_id', '=', alertId)
    .where((eb) => eb.or([eb('reply.state', '<>', 'draft'), eb('decision.undone_at', 'is', null)]))
    .orderBy('reply.created_at')
    .limit(repliesShownMax)
    .execute()
}

async function messagesOf(db: Db, alertId: string): Promise<MessagePage[]> {
  const rows = await db
    .selectFrom('message')
    .select([
      'id', 'received_at', 'channel', 'from_address', 'subject', 'state', 'state_reason', 'kind', 'size_bytes', 'source_address',
      'authentication', 'released_by', 'letter', 'reading', 'envelope_to',
    ]) // biome-ignore format: one list
    .where('alert_id', '=', alertId)
    .orderBy('received_at')
    .limit(messagesShownMax)
    .execute()
  const nameOf = await namesOfActors(
    db,
    rows.map((row) => row.released_by),
  )
  return rows.map((row) => {
    const letter = row.letter === null ? null : Letter.parse(row.letter)
    const reading = row.reading === null ? null : Reading.parse(row.reading)
    return {
      id: row.id,
      receivedAt: iso(row.received_at),
      channel: row.channel as MessagePage['channel'],
      from: letter?.from?.address ?? row.from_address,
      to: letter?.to.map((mailbox) => mailbox.address) ?? row.envelope_to,
      subject: letter?.subject ?? row.subject ?? '',
      sentAt: letter?.date ?? null,
      state: row.state as MessagePage['state'],
      stateReason: row.state_reason,
      kind: row.kind as MessagePage['kind'],
      because: reading?.because ?? '',
      sizeBytes: row.size_bytes,
      sourceAddress: row.source_address,
      authentication: row.authentication === null ? null : Authentication.parse(row.authentication),
      releasedBy: row.released_by === null ? null : nameOf(row.released_by),
      parts: letter?.parts ?? [],
      attachments: letter?.attachments ?? [],
      warnings: letter?.warnings ?? [],
      highlights: reading === null ? [] : highlightsOf(reading),
    }
  })
}

/** Every place of a message that something was read from, with the name of what was read. */
function highlightsOf(reading: Reading): Highlight[] {
  const named: [string, Field | null][] = [
    ['ticket', reading.ticket],
    ['rule', reading.rule],
    ['severity', reading.severityText],
    ['status', reading.status],
    ['source', reading.source],
    ['destination', reading.destination],
    ['host', reading.host],
    ['account', reading.account],
    ['portal', reading.portalUrl],
    ['question', reading.question],
  ]
  const fields = named.flatMap(([label, field]) =>
    field?.span == null ? [] : [{ ...field.span, label, value: field.value, kind: 'field' as const }],
  )
  const others = reading.fields.flatMap((field) =>
    field.span === null ? [] : [{ ...field.span, label: field.name, value: field.value, kind: 'field' as const }],
  )
  const observables = reading.observables.map(({ part, start, end, type, value }) => ({
    part,
    start,
    end,
    label: type,
    value,
    kind: 'observable' as const,
  }))
  const evidence = reading.delivered.flatMap((rung) =>
    rung.span === null ? [] : [{ ...rung.span, label: rung.rung, value: rung.because, kind: 'evidence' as const }],
  )
  return [...fields, ...others, ...observables, ...evidence]
}

async function decisionRows(db: Db, alertId: string): Promise<DecisionRow[]> {
  const decisions = await decisionsOf(db, alertId)
  const nameOf = await namesOfActors(
    db,
    decisions.map((decision) => decision.by),
  )
  return decisions.map((decision) => ({ ...decision, byName: nameOf(decision.by) }))
}

async function runsOf(db: Db, alertId: string): Promise<RunRow[]> {
  const found = await sql<Record<string, unknown>>`
    select r.id, r.playbook_id, r.playbook_version, coalesce(r.playbook #>> '{main,title}', r.playbook ->> 'title') as title, r.state, r.dry_run, r.started_at, r.ended_at,
      (select count(*)::int from step s where s.run_id = r.id and s.state in ('done', 'skipped')) as done,
      (select count(*)::int from step s where s.run_id = r.id) as steps,
      w.waiting_for, w.deadline, w.title as step_title, w.why as step_why
    from run r left join lateral (
      select s.waiting_for, s.deadline, s.title, s.why from step s
      where s.run_id = r.id and s.state in ('waiting', 'running') order by s.ordinal desc limit 1) w on true
    where r.alert_id = ${alertId} order by r.started_at limit 50`.execute(db)
  return found.rows.map((row) => ({
    id: String(row['id']),
    title: String(row['title'] ?? row['playbook_id']),
    playbookId: String(row['playbook_id']),
    playbookVersion: Number(row['playbook_version']),
    state: row['state'] as RunRow['state'],
    dryRun: row['dry_run'] === true,
    startedAt: iso(row['started_at'] as Date),
    endedAt: isoOrNull(row['ended_at'] as Date | null),
    done: Number(row['done']),
    steps: Number(row['steps']),
    waitingFor: (row['waiting_for'] as string | null) ?? null,
    deadline: isoOrNull((row['deadline'] as Date | null) ?? null),
    step: row['step_title'] == null ? null : { title: String(row['step_title']), why: String(row['step_why'] ?? '') },
  }))
}

/** Earlier alerts of the same rule about the same thing, newest first, with how they were decided. */
async function historyRows(db: Db, alert: Alert): Promise<HistoryRow[]> {
  const past = await historyOf(db, alert)
  const nameOf = await namesOfActors(
    db,
    past.map((one) => one.by),
  )
  return past.map((one) => ({
    id: one.alertId,
    number: one.number,
    receivedAt: one.receivedAt,
    outcome: one.outcome,
    reason: one.outcome === null ? null : one.reason,
    by: one.outcome === null ? null : nameOf(one.by),
  }))
}

/** The alerts before and after this one that need somebody, in the order of the queue, so that a person goes on without going back. */
async function neighboursOf(db: Db, { alert, priority }: AlertRecord): Promise<AlertPage['neighbours']> {
  const at = alert.receivedAt
  const next = await sql<{ id: string }>`
    select id from alert where tab = 'needs' and id <> ${alert.id} and (priority, received_at) < (${priority}, ${at}::timestamptz)
    order by priority desc, received_at desc limit 1`.execute(db)
  const previous = await sql<{ id: string }>`
    select id from alert where tab = 'needs' and id <> ${alert.id} and (priority, received_at) > (${priority}, ${at}::timestamptz)
    order by priority, received_at limit 1`.execute(db)
  return { previous: previous.rows[0]?.id ?? null, next: next.rows[0]?.id ?? null }
}

/** The bytes of a message as they came; null when there is none. */
export async function messageBytes(
  db: Db,
  id: string,
): Promise<{ readonly bytes: Buffer; readonly form: 'mail' | 'json' } | null> {
  const row = await db.selectFrom('message').select(['bytes', 'form']).where('id', '=', id).executeTakeFirst()
  return row ?? null
}

/** What was not accepted and waits for a person, newest first; and how many were released or accepted by themselves. */
export async function quarantineOf(db: Db): Promise<{ rows: QuarantineRow[]; released: number; accepted: number }> {
  const rows = await db
    .selectFrom('message')
    .select([
      'id',
      'received_at',
      'channel',
      'from_address',
      'subject',
      'state_reason',
      'size_bytes',
      'authentication',
      'letter',
      'sample',
    ])
    .where('state', '=', 'quarantined')
    .orderBy('received_at', 'desc')
    .limit(quarantineShownMax)
    .execute()
  const counts = await sql<{ released: string; accepted: string }>`
    select count(*) filter (where released_at is not null) as released,
      count(*) filter (where state = 'read' and released_at is null) as accepted from message`.execute(db)
  const names = new Map((await providerNames(db)).map(({ id, name }) => [id, name]))
  return {
    rows: rows.map((row) => {
      const letter = row.letter === null ? null : Letter.parse(row.letter)
      const authentication = row.authentication === null ? null : Authentication.parse(row.authentication)
      const text =
        letter?.parts
          .filter((part) => part.path !== 'subject')
          .map((part) => part.text)
          .join('\n\n') ?? ''
      return {
        id: row.id,
        receivedAt: iso(row.received_at),
        channel: row.channel as QuarantineRow['channel'],
        from: letter?.from?.address ?? row.from_address,
        subject: letter?.subject ?? row.subject ?? '',
        reason: row.state_reason,
        sizeBytes: row.size_bytes,
        authentication,
        claims: names.get(authentication?.provider?.id ?? '') ?? null,
        text: text.slice(0, excerptCharactersMax),
        sample: row.sample,
      }
    }),
    released: Number(counts.rows[0]?.released ?? 0),
    accepted: Number(counts.rows[0]?.accepted ?? 0),
  }
}
