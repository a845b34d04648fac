import { type Kysely, sql } from 'kysely'
import type { Db } from '../db/open.ts'
import type { Tables } from '../db/tables.ts'

/** Rows compared at a time; a message may be 25 MB, but only its digest leaves the database. */
const pageRows = 500
const problemsMax = 100
const firstId = '00000000-0000-0000-0000-000000000000'

export type RecordAudit = {
  readonly ok: boolean
  readonly decisions: number
  readonly replies: number
  readonly messages: number
  readonly problems: readonly string[]
  readonly problemCount: number
}

type Body = Readonly<Record<string, unknown>>
type Line = { readonly kind: string; readonly actor: string; readonly body: Body }
type Wrong = (says: string) => void

/**
 * Compares what the pages show with what the ledger says: each decision with the line of who made it, each released reply with
 * its digest and recipients, each message with its own digest. The ledger alone would hold while a row beside it was changed.
 * Reads one snapshot, or what its caller's transaction sees.
 */
export async function auditRecord(db: Db): Promise<RecordAudit> {
  if (db.isTransaction) return compareAll(db)
  return (db as Kysely<Tables>)
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(compareAll)
}

async function compareAll(tx: Db): Promise<RecordAudit> {
  const problems: string[] = []
  let problemCount = 0
  const wrong: Wrong = (says) => {
    problemCount++
    if (problems.length < problemsMax) problems.push(says)
  }
  const decisions = await checkDecisions(tx, wrong)
  const replies = await checkReplies(tx, wrong)
  await checkSignatures(tx, wrong)
  const messages = await checkMessages(tx, wrong)
  return { ok: problemCount === 0, decisions, replies, messages, problems, problemCount }
}

/** Lines of these kinds about these subjects, by subject. */
async function linesAbout(
  tx: Db,
  subjects: readonly string[],
  kinds: readonly string[],
): Promise<ReadonlyMap<string, readonly Line[]>> {
  const { rows } = await sql<{ subject: string; kind: string; actor: string; leaf: string }>`
    select subject, kind, actor, leaf from ledger_entry
    where subject = any(${[...new Set(subjects)]}::text[]) and kind = any(${[...kinds]}::text[]) order by id`.execute(
    tx,
  )
  const lines = new Map<string, Line[]>()
  for (const { subject, kind, actor, leaf } of rows) {
    const { body } = JSON.parse(leaf) as { body: Body }
    lines.set(subject, [...(lines.get(subject) ?? []), { kind, actor, body }])
  }
  return lines
}

/** How many lines of a kind there are: one without its row is a row that was removed. */
async function countLines(tx: Db, kind: string): Promise<number> {
  const { rows } = await sql<{ n: string }>`
    select count(distinct subject || ' ' || case when kind = 'decision.made' then id::text else '' end) as n
    from ledger_entry where kind = ${kind}`.execute(tx)
  return Number(rows[0]?.n ?? 0)
}

function compareCount(lines: number, rows: number, what: string, wrong: Wrong): void {
  if (lines !== rows) wrong(`the ledger names ${lines} ${what}, the record holds ${rows}`)
}

/** As the record keeps text (db/jsonb.ts). */
const kept = (value: unknown): string => String(value).toWellFormed().replaceAll('\u0000', '\ufffd')
const sorted = (value: unknown): string => JSON.stringify(Array.isArray(value) ? value.map(String).sort() : value)

type DecisionRow = {
  id: string
  alert_id: string
  outcome: string
  reason: string
  cites: string[]
  without_evidence: boolean
  decided_by: string
  undone_by: string | null
}

async function checkDecisions(tx: Db, wrong: Wrong): Promise<number> {
  let after = firstId
  let seen = 0
  for (;;) {
    const { rows } = await sql<DecisionRow>`
      select id, alert_id, outcome, reason, cites, without_evidence, decided_by, undone_by
      from decision where id > ${after}::uuid order by id limit ${pageRows}`.execute(tx)
    const subjects = rows.map((row) => `alert:${row.alert_id}`)
    const lines = await linesAbout(tx, subjects, ['decision.made', 'decision.undone'])
    for (const row of rows) compareDecision(row, lines.get(`alert:${row.alert_id}`) ?? [], wrong)
    seen += rows.length
    after = rows.at(-1)?.id ?? after
    if (rows.length < pageRows) break
  }
  compareCount(await countLines(tx, 'decision.made'), seen, 'decisions', wrong)
  return seen
}

function compareDecision(row: DecisionRow, lines: readonly Line[], wrong: Wrong): void {
  const mine = lines.filter((line) => line.body['decisionId'] === row.id)
  const made = mine.find((line) => line.kind === 'decision.made')
  const undone = mine.find((line) => line.kind === 'decision.undone')
  if (made === undefined) return wrong(`decision ${row.id} of alert ${row.alert_id} is in no record of the ledger`)
  const { body } = made
  const differs = [
    ['outcome', body['outcome'] === row.outcome],
    ['reason', kept(body['reason']) === row.reason],
    ['evidence', sorted(body['cites']) === sorted(row.cites) && body['withoutEvidence'] === row.without_evidence],
    ['person', made.actor === row.decided_by],
    ['undoing', (undone?.actor ?? null) === row.undone_by],
  ].flatMap(([what, same]) => (same === true ? [] : [String(what)]))
  if (differs.length > 0)
    wrong(`decision ${row.id} of alert ${row.alert_id} is not as it was made: ${differs.join(', ')} differ`)
}

type ReplyRow = {
  id: string
  state: string
  digest: string | null
  sha256: string | null
  recipients: string[]
  released_by: string | null
}

async function checkReplies(tx: Db, wrong: Wrong): Promise<number> {
  let after = firstId
  let seen = 0
  for (;;) {
    const { rows } = await sql<ReplyRow>`
      select id, state, digest, encode(sha256(bytes), 'hex') as sha256, recipients, released_by
      from reply where id > ${after}::uuid and (digest is not null or released_by is not null or state in ('sent', 'sending', 'held'))
      order by id limit ${pageRows}`.execute(tx)
    const subjects = rows.map((row) => `reply:${row.id}`)
    const kinds = ['reply.second-asked', 'reply.released', 'reply.sent', 'reply.settled']
    const lines = await linesAbout(tx, subjects, kinds)
    for (const row of rows) compareReply(row, lines.get(`reply:${row.id}`) ?? [], wrong)
    seen += rows.filter((row) => !waitsForSecond(row)).length
    after = rows.at(-1)?.id ?? after
    if (rows.length < pageRows) break
  }
  compareCount(await countLines(tx, 'reply.released'), seen, 'released replies', wrong)
  return seen
}

/** One person released it, and nothing left: its bytes are fixed, and are those of the first release. */
const waitsForSecond = (row: ReplyRow): boolean => row.state === 'draft' && row.released_by === null

function compareReply(row: ReplyRow, lines: readonly Line[], wrong: Wrong): void {
  if (waitsForSecond(row)) {
    const asked = lines.findLast((line) => line.kind === 'reply.second-asked')
    if (row.digest !== row.sha256 || asked?.body['sha256'] !== row.digest)
      wrong(`reply ${row.id} does not hold the bytes that one person released`)
    return
  }
  const released = lines.findLast((line) => line.kind === 'reply.released')
  if (released === undefined) return wrong(`reply ${row.id} is ${row.state}, and the ledger has no release of it`)
  const { body } = released
  if (row.digest !== body['sha256'] || row.sha256 !== body['sha256'])
    wrong(`reply ${row.id} does not hold the bytes that were released`)
  if (JSON.stringify(body['to']) !== JSON.stringify(row.recipients))
    wrong(`reply ${row.id} names other recipients than it was released to`)
  if (released.actor !== row.released_by) wrong(`reply ${row.id} names another person than the one who released it`)
  const left = ['reply.sent', 'reply.settled']
  if (row.state === 'sent' && !lines.some((line) => left.includes(line.kind)))
    wrong(`reply ${row.id} is said to be sent, and the ledger does not say so`)
}

/** Each signature over a release stands in the record of that release, and none in the ledger is without its row. */
async function checkSignatures(tx: Db, wrong: Wrong): Promise<void> {
  let after = ''
  let seen = 0
  for (;;) {
    const { rows } = await sql<{ reply_id: string; statement_sha256: string; own: string; statement: string }>`
      select reply_id, statement_sha256, encode(sha256(convert_to(statement, 'UTF8')), 'hex') as own, statement
      from release_signature where statement_sha256 > ${after} order by statement_sha256 limit ${pageRows}`.execute(tx)
    const subjects = rows.map((row) => `reply:${row.reply_id}`)
    const lines = await linesAbout(tx, subjects, ['reply.released', 'reply.second-asked'])
    for (const row of rows) {
      const named = (lines.get(`reply:${row.reply_id}`) ?? []).some(
        ({ body }) => (body['signed'] as { statement?: unknown } | undefined)?.statement === row.statement,
      )
      if (!named || row.own !== row.statement_sha256)
        wrong(`a signature over the release of reply ${row.reply_id} is not as it was signed`)
    }
    seen += rows.length
    after = rows.at(-1)?.statement_sha256 ?? after
    if (rows.length < pageRows) break
  }
  const { rows } = await sql<{ n: string }>`
    select count(*) as n from ledger_entry
    where kind in ('reply.released', 'reply.second-asked') and leaf::jsonb -> 'body' ? 'signed'`.execute(tx)
  compareCount(Number(rows[0]?.n ?? 0), seen, 'signed releases', wrong)
}

/** The id of a message is the SHA-256 of its bytes, and its coming is in the ledger. */
async function checkMessages(tx: Db, wrong: Wrong): Promise<number> {
  let after = ''
  let seen = 0
  for (;;) {
    const { rows } = await sql<{ id: string; same: boolean; known: boolean }>`
      select id, encode(sha256(bytes), 'hex') = id as same,
        exists (select 1 from ledger_entry l where l.subject = 'message:' || message.id and l.kind = 'message.received') as known
      from message where id > ${after} order by id limit ${pageRows}`.execute(tx)
    for (const { id, same, known } of rows) {
      if (!same) wrong(`message ${id} does not hold the bytes that came`)
      if (!known) wrong(`message ${id} is in no record of the ledger`)
    }
    seen += rows.length
    after = rows.at(-1)?.id ?? after
    if (rows.length < pageRows) break
  }
  compareCount(await countLines(tx, 'message.received'), seen, 'messages', wrong)
  return seen
}
