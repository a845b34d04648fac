import { sql } from 'kysely'
import { sha256Hex } from '../kit/digest.ts'
import { Trouble } from '../kit/errors.ts'
import { ApprovalMatter, ApprovalState, ApprovalVerdict, approverRoles } from '../model/approval.ts'
import { iso, isoOrNull, jsonb, plainText } from './jsonb.ts'
import type { Db } from './open.ts'

export type ApprovalOf =
  | { readonly kind: 'step'; readonly runId: string; readonly stepPath: string }
  | { readonly kind: 'release'; readonly replyId: string }

export type Approval = {
  readonly id: string
  readonly alertId: string
  /** What waits for it: a step of a run, or the release of an answer that needs two people. */
  readonly of: ApprovalOf
  readonly subject: string
  readonly subjectSha256: string
  readonly matter: ApprovalMatter
  readonly rule: string
  readonly askedBy: string
  readonly askedAt: string
  readonly expiresAt: string
  readonly placeNow: number
  readonly state: ApprovalState
  readonly endedAt: string | null
}

export type Seat = {
  readonly place: number
  readonly userId: string
  readonly name: string
  readonly email: string
  readonly role: string
  readonly disabled: boolean
  readonly deputy: boolean
  readonly askedAt: string | null
  readonly standsFor: string | null
  readonly handedTo: string | null
  readonly questions: number
  /** What they signed; null while they have not. */
  readonly verdict: ApprovalVerdict | null
  readonly reason: string
  readonly signedAt: string | null
}

export type Link = {
  readonly digest: string
  readonly approvalId: string
  readonly place: number
  readonly userId: string
  readonly expiresAt: string
  readonly usedAt: string | null
}

/** What a person signed that their page lists: a month of it for most; older ones are in the ledger. */
export const signedMax = 50
/** Approvals that a page lists: more than anybody signs in a day. */
const listMax = 200

/** `seats`: of each place in the order in which they are named. */
export async function insertApproval(
  tx: Db,
  approval: Omit<Approval, 'placeNow' | 'state' | 'endedAt'>,
  seats: readonly { readonly place: number; readonly userId: string; readonly deputy: boolean }[],
): Promise<void> {
  const { id, alertId, of, subject, subjectSha256, matter, rule, askedBy, askedAt, expiresAt } = approval
  await tx
    .insertInto('approval')
    .values({
      ...{ id, alert_id: alertId, subject, subject_sha256: subjectSha256 },
      ...(of.kind === 'step' ? { run_id: of.runId, step_path: of.stepPath } : { reply_id: of.replyId }),
      ...{ matter: jsonb(matter), rule, asked_by: askedBy, asked_at: askedAt, expires_at: expiresAt },
    })
    .execute()
  await tx
    .insertInto('approval_seat')
    .values(seats.map(({ place, userId, deputy }, rank) => ({ approval_id: id, place, user_id: userId, deputy, rank })))
    .execute()
}

/** `lock` holds it until the transaction ends, and with it everything that belongs to it. */
export async function approvalById(
  db: Db,
  id: string,
  options: { readonly lock?: boolean } = {},
): Promise<Approval | null> {
  let query = db.selectFrom('approval').selectAll().where('id', '=', id)
  if (options.lock === true) query = query.forNoKeyUpdate()
  const row = await query.executeTakeFirst()
  return row === undefined ? null : approvalOf(row)
}

/** The approvals of a run, oldest first; of one of its steps, where that is named. */
export async function approvalsOfRun(db: Db, runId: string, stepPath?: string): Promise<readonly Approval[]> {
  const rows = await db
    .selectFrom('approval')
    .selectAll()
    .where('run_id', '=', runId)
    .$if(stepPath !== undefined, (query) => query.where('step_path', '=', stepPath ?? ''))
    .orderBy('asked_at')
    .limit(listMax)
    .execute()
  return rows.map(approvalOf)
}

/** Those that still wait, the soonest end first. */
export async function openApprovals(
  db: Db,
  now: Date,
  most: number,
): Promise<readonly { readonly id: string; readonly alertId: string }[]> {
  return db
    .selectFrom('approval')
    .select(['id', 'alert_id as alertId'])
    .where('state', '=', 'open')
    .where('expires_at', '>', now)
    .orderBy('expires_at')
    .orderBy('id')
    .limit(most)
    .execute()
}

/** Where this person was asked and has not answered, the soonest end first. */
export async function approvalsFor(db: Db, userId: string, now: Date): Promise<readonly Approval[]> {
  const rows = await db
    .selectFrom('approval as a')
    // Whoever is asked at a place of this stage; a place is full when as many said yes as it needs.
    .innerJoin('approval_seat as s', (on) =>
      on.onRef('s.approval_id', '=', 'a.id').onRef('s.place', '>=', 'a.place_now'),
    )
    .leftJoin('approval_answer as w', (on) =>
      on
        .onRef('w.approval_id', '=', 's.approval_id')
        .onRef('w.place', '=', 's.place')
        .onRef('w.user_id', '=', 's.user_id'),
    )
    .selectAll('a')
    .where('s.user_id', '=', userId)
    .where('s.asked_at', 'is not', null)
    .where('s.handed_to', 'is', null)
    .where('w.user_id', 'is', null)
    .where('a.state', '=', 'open')
    .where('a.expires_at', '>', now)
    .where(
      sql<boolean>`(select count(*) from approval_answer y where y.approval_id = a.id and y.place = s.place and y.verdict = 'approve')
        < (a.matter -> 'places' -> s.place::int ->> 'quorum')::int`,
    )
    // Where a deputy stands for somebody who is away, the two count once.
    .where(
      sql<boolean>`not exists (select from approval_answer y join approval_seat v using (approval_id, place, user_id)
        where y.approval_id = a.id and y.place = s.place and coalesce(v.stands_for, v.user_id) = coalesce(s.stands_for, s.user_id))`,
    )
    .distinctOn(['a.expires_at', 'a.id'])
    .orderBy('a.expires_at')
    .orderBy('a.id')
    .limit(listMax)
    .execute()
  return rows.map(approvalOf)
}

/** What this person signed, newest first, at most fifty; `more`: there are older ones. */
export async function approvalsSignedBy(
  db: Db,
  userId: string,
): Promise<{
  readonly signed: readonly {
    readonly approval: Approval
    readonly place: number
    readonly verdict: ApprovalVerdict
    readonly reason: string
    readonly at: string
  }[]
  readonly more: boolean
}> {
  const rows = await db
    .selectFrom('approval_answer as w')
    .innerJoin('approval as a', 'a.id', 'w.approval_id')
    .selectAll('a')
    .select(['w.place', 'w.verdict', 'w.reason', 'w.at'])
    .where('w.user_id', '=', userId)
    .orderBy('w.at', 'desc')
    .orderBy('w.place', 'desc')
    .limit(signedMax + 1)
    .execute()
  const signed = rows.slice(0, signedMax).map((row) => ({
    ...{ approval: approvalOf(row), place: row.place, verdict: ApprovalVerdict.parse(row.verdict), reason: row.reason },
    at: iso(row.at),
  }))
  return { signed, more: rows.length > signedMax }
}

export async function seatsOf(db: Db, approvalId: string): Promise<readonly Seat[]> {
  const { rows } = await sql<{
    place: number
    user_id: string
    name: string
    email: string
    role: string
    disabled: boolean
    deputy: boolean
    asked_at: Date | null
    stands_for: string | null
    handed_to: string | null
    questions: number
    verdict: ApprovalVerdict | null
    reason: string | null
    at: Date | null
  }>`
    select s.place, s.user_id, u.name, u.email, u.role, u.disabled, s.deputy, s.asked_at, s.stands_for, s.handed_to, s.questions,
      w.verdict, w.reason, w.at
    from approval_seat s join app_user u on u.id = s.user_id
    left join approval_answer w on w.approval_id = s.approval_id and w.place = s.place and w.user_id = s.user_id
    where s.approval_id = ${approvalId}::uuid order by s.place, s.deputy, s.rank, u.name, u.id`.execute(db)
  return rows.map((row) => ({
    ...{
      place: row.place,
      userId: row.user_id,
      name: row.name,
      email: row.email,
      role: row.role,
      disabled: row.disabled,
    },
    ...{ deputy: row.deputy, askedAt: isoOrNull(row.asked_at), standsFor: row.stands_for, handedTo: row.handed_to },
    ...{ questions: row.questions, verdict: row.verdict, reason: row.reason ?? '', signedAt: isoOrNull(row.at) },
  }))
}

type SeatKey = { readonly approvalId: string; readonly place: number; readonly userId: string }

const seatOf = (tx: Db, seat: SeatKey) =>
  tx
    .updateTable('approval_seat')
    .where('approval_id', '=', seat.approvalId)
    .where('place', '=', seat.place)
    .where('user_id', '=', seat.userId)

export async function askSeat(tx: Db, seat: SeatKey, standsFor: string | null, at: Date): Promise<void> {
  await seatOf(tx, seat)
    .set({ asked_at: at, ...(standsFor === null ? {} : { stands_for: standsFor }) })
    .execute()
}

export async function handSeatOver(tx: Db, seat: SeatKey, to: string, at: Date): Promise<void> {
  await seatOf(tx, seat).set({ handed_to: to, handed_at: at }).execute()
}

export async function countQuestion(tx: Db, seat: SeatKey): Promise<void> {
  await seatOf(tx, seat)
    .set((eb) => ({ questions: eb('questions', '+', 1) }))
    .execute()
}

/** Keeps a link by the digest of its token. */
export async function insertApprovalLink(
  tx: Db,
  token: string,
  link: { readonly approvalId: string; readonly place: number; readonly userId: string; readonly expiresAt: string },
  at: Date,
): Promise<void> {
  const { approvalId, place, userId, expiresAt } = link
  await tx
    .insertInto('approval_link')
    .values({
      token_digest: sha256Hex(token),
      approval_id: approvalId,
      place,
      user_id: userId,
      made_at: at,
      expires_at: expiresAt,
    })
    .execute()
}

export async function approvalLink(db: Db, token: string): Promise<Link | null> {
  const row = await db
    .selectFrom('approval_link')
    .selectAll()
    .where('token_digest', '=', sha256Hex(token))
    .executeTakeFirst()
  if (row === undefined) return null
  return {
    ...{ digest: row.token_digest, approvalId: row.approval_id, place: row.place, userId: row.user_id },
    ...{ expiresAt: iso(row.expires_at), usedAt: isoOrNull(row.used_at) },
  }
}

/** Uses up every link of this person at this place: what was signed, or handed over, needs none. */
export async function useLinks(tx: Db, seat: SeatKey, at: Date): Promise<void> {
  await tx
    .updateTable('approval_link')
    .set({ used_at: at })
    .where('approval_id', '=', seat.approvalId)
    .where('place', '=', seat.place)
    .where('user_id', '=', seat.userId)
    .where('used_at', 'is', null)
    .execute()
}

/** Gives a statement out to be signed; the one this link was given before is taken back. */
export async function giveChallenge(
  tx: Db,
  given: {
    readonly challenge: string
    readonly linkDigest: string
    readonly statement: string
    readonly expiresAt: Date
  },
): Promise<void> {
  const { challenge, linkDigest, statement, expiresAt } = given
  await tx.deleteFrom('approval_challenge').where('token_digest', '=', linkDigest).execute()
  await tx
    .insertInto('approval_challenge')
    .values({ challenge, token_digest: linkDigest, statement, expires_at: expiresAt })
    .execute()
}

/** The statement behind a challenge, and away with it: null when it was signed already, taken back, or is of another link or time. */
export async function takeStatement(tx: Db, challenge: string, linkDigest: string, now: Date): Promise<string | null> {
  const row = await tx
    .deleteFrom('approval_challenge')
    .where('challenge', '=', challenge)
    .where('token_digest', '=', linkDigest)
    .returning(['statement', 'expires_at'])
    .executeTakeFirst()
  return row === undefined || row.expires_at <= now ? null : row.statement
}

/** False when this person has signed at this place already. */
export async function insertAnswer(
  tx: Db,
  answer: {
    readonly approvalId: string
    readonly place: number
    readonly userId: string
    readonly verdict: ApprovalVerdict
    readonly reason: string
    readonly statement: string
    readonly credentialId: string
    readonly publicKey: Buffer
    readonly counter: number
    readonly authenticatorData: Buffer
    readonly clientData: Buffer
    readonly signature: Buffer
    readonly at: Date
  },
): Promise<boolean> {
  const done = await tx
    .insertInto('approval_answer')
    .values({
      ...{ approval_id: answer.approvalId, place: answer.place, user_id: answer.userId, verdict: answer.verdict },
      ...{
        reason: plainText(answer.reason),
        statement: answer.statement,
        statement_sha256: sha256Hex(answer.statement),
      },
      ...{ credential_id: answer.credentialId, public_key: answer.publicKey, counter: answer.counter, at: answer.at },
      ...{ authenticator_data: answer.authenticatorData, client_data: answer.clientData, signature: answer.signature },
    })
    .onConflict((on) => on.columns(['approval_id', 'place', 'user_id']).doNothing())
    .executeTakeFirst()
  return done.numInsertedOrUpdatedRows === 1n
}

export async function goToPlace(tx: Db, id: string, place: number): Promise<void> {
  await tx.updateTable('approval').set({ place_now: place }).where('id', '=', id).execute()
}

/** Ends it; false when it has ended already. */
export async function endApproval(
  tx: Db,
  id: string,
  state: Exclude<ApprovalState, 'open'>,
  at: Date,
): Promise<boolean> {
  const done = await tx
    .updateTable('approval')
    .set({ state, ended_at: at })
    .where('id', '=', id)
    .where('state', '=', 'open')
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

/** Who started a run by hand; null when it started by itself. */
export async function starterOf(db: Db, runId: string): Promise<string | null> {
  const row = await db
    .selectFrom('ledger_entry')
    .select('actor')
    .where('subject', '=', `run:${runId}`)
    .where('kind', '=', 'run.started')
    .executeTakeFirst()
  return /^user:([0-9a-f-]{36})/.exec(row?.actor ?? '')?.[1] ?? null
}

/** The record of a signature and its place in the ledger's tree, null until the tree has taken it. */
export async function receiptOf(
  db: Db,
  { approvalId, place, userId }: SeatKey,
): Promise<{ readonly index: number | null; readonly recordId: string } | null> {
  const { rows } = await sql<{ id: string; leaf_index: string | null }>`
    select e.id, e.leaf_index from ledger_entry e
    join approval_answer w on w.approval_id = ${approvalId}::uuid and w.place = ${place} and w.user_id = ${userId}::uuid
    where e.subject = ${`approval:${approvalId}`} and e.kind = 'approval.signed' and e.actor = ${`user:${userId}`}
      and e.leaf::jsonb -> 'body' ->> 'statement' = w.statement limit 1`.execute(db)
  const row = rows[0]
  return row === undefined ? null : { recordId: row.id, index: row.leaf_index === null ? null : Number(row.leaf_index) }
}

/** People whose account is open and may sign, by mail address or "role:approver", in the order of the names; what names nobody is told. An auditor fills no seat. */
export async function peopleNamed(
  db: Db,
  names: readonly string[],
): Promise<{
  readonly users: readonly { readonly id: string; readonly email: string; readonly name: string }[]
  readonly nobody: readonly string[]
}> {
  const roles = names.flatMap((name) => (name.startsWith('role:') ? [name.slice(5)] : []))
  const emails = names.flatMap((name) => (name.startsWith('role:') ? [] : [name.toLowerCase()]))
  const { rows } = await sql<{ id: string; email: string; name: string; role: string }>`
    select id, email, name, role from app_user where kind = 'person' and not disabled and role = any (${[...approverRoles]}::text[])
      and (role = any (${roles}::text[]) or lower(email) = any (${emails}::text[])) order by name, id limit ${listMax}`.execute(
    db,
  )
  const nobody = names.filter((name) =>
    name.startsWith('role:')
      ? !rows.some(({ role }) => role === name.slice(5))
      : !rows.some(({ email }) => email.toLowerCase() === name.toLowerCase()),
  )
  const rankOf = ({ email, role }: { email: string; role: string }): number =>
    names.findIndex((name) => name === `role:${role}` || name.toLowerCase() === email.toLowerCase())
  const users = rows.toSorted((a, b) => rankOf(a) - rankOf(b))
  return { users: users.map(({ id, email, name }) => ({ id, email, name })), nobody }
}

export function approvalOf(row: {
  id: string
  alert_id: string
  run_id: string | null
  step_path: string | null
  reply_id: string | null
  subject: string
  subject_sha256: string
  matter: unknown
  rule: string
  asked_by: string
  asked_at: Date
  expires_at: Date
  place_now: number
  state: string
  ended_at: Date | null
}): Approval {
  return {
    ...{ id: row.id, alertId: row.alert_id, of: ofWhat(row), subject: row.subject },
    ...{
      subjectSha256: row.subject_sha256,
      matter: ApprovalMatter.parse(row.matter),
      rule: row.rule,
      askedBy: row.asked_by,
    },
    ...{ askedAt: iso(row.asked_at), expiresAt: iso(row.expires_at), placeNow: row.place_now },
    ...{ state: ApprovalState.parse(row.state), endedAt: isoOrNull(row.ended_at) },
  }
}

function ofWhat(row: {
  readonly run_id: string | null
  readonly step_path: string | null
  readonly reply_id: string | null
}): ApprovalOf {
  if (row.reply_id !== null) return { kind: 'release', replyId: row.reply_id }
  if (row.run_id !== null && row.step_path !== null) return { kind: 'step', runId: row.run_id, stepPath: row.step_path }
  throw new Trouble('internal', { problem: 'an approval of nothing' })
}
