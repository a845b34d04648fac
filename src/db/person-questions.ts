import { type Selectable, sql } from 'kysely'
import { sha256Hex } from '../kit/digest.ts'
import { iso, isoOrNull, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import type { PersonQuestionTable } from './tables/findings.ts'

export type PersonAnswer = 'yes' | 'no' | 'unsure' | 'not-me'

export type PersonQuestion = {
  readonly alertId: string
  readonly runId: string | null
  readonly stepPath: string | null
  readonly findingId: string | null
  readonly email: string
  readonly name: string | null
  readonly what: string
  readonly askedAt: string
  readonly expiresAt: string
  readonly answeredAt: string | null
  readonly answer: PersonAnswer | null
  readonly comment: string | null
}

function questionOf(row: Selectable<PersonQuestionTable>): PersonQuestion {
  return {
    alertId: row.alert_id,
    runId: row.run_id,
    stepPath: row.step_path,
    findingId: row.finding_id,
    email: row.email,
    name: row.name,
    what: row.what,
    askedAt: iso(row.asked_at),
    expiresAt: iso(row.expires_at),
    answeredAt: isoOrNull(row.answered_at),
    answer: row.answer as PersonAnswer | null,
    comment: row.comment,
  }
}

/** Keeps a question with the digest of its one-time token; the token itself is only in the mail. */
export async function insertPersonQuestion(
  tx: Db,
  token: string,
  question: Omit<PersonQuestion, 'answeredAt' | 'answer' | 'comment'>,
): Promise<void> {
  await tx
    .insertInto('person_question')
    .values({
      token_digest: sha256Hex(token),
      alert_id: question.alertId,
      run_id: question.runId,
      step_path: question.stepPath,
      finding_id: question.findingId,
      email: plainText(question.email),
      name: question.name === null ? null : plainText(question.name),
      what: plainText(question.what),
      asked_at: question.askedAt,
      expires_at: question.expiresAt,
    })
    .execute()
}

/** The question with this digest of its token; null where there is none. `lock` holds it until the transaction ends. */
export async function personQuestionByDigest(
  db: Db,
  digest: string,
  options: { readonly lock?: boolean } = {},
): Promise<PersonQuestion | null> {
  let query = db.selectFrom('person_question').selectAll().where('token_digest', '=', digest)
  if (options.lock === true) query = query.forNoKeyUpdate()
  const row = await query.executeTakeFirst()
  return row === undefined ? null : questionOf(row)
}

/** Every question asked about an alert, oldest first. */
export async function personQuestionsOf(db: Db, alertId: string): Promise<readonly PersonQuestion[]> {
  const rows = await db
    .selectFrom('person_question')
    .selectAll()
    .where('alert_id', '=', alertId)
    .orderBy('asked_at')
    .limit(500)
    .execute()
  return rows.map(questionOf)
}

/** The question a waiting step asked, if it did. */
export async function personQuestionOfStep(db: Db, runId: string, stepPath: string): Promise<PersonQuestion | null> {
  const row = await db
    .selectFrom('person_question')
    .selectAll()
    .where('run_id', '=', runId)
    .where('step_path', '=', stepPath)
    .executeTakeFirst()
  return row === undefined ? null : questionOf(row)
}

/**
 * The last thing this person said about an alert like this one, since then, when it was "yes": the same provider and rule, and host,
 * account and source address alike (one of host and account known). Another last word than "yes" is null, too.
 */
export async function rememberedYes(
  db: Db,
  ask: { readonly alertId: string; readonly email: string; readonly since: Date },
): Promise<{ readonly alertNumber: number; readonly comment: string; readonly answeredAt: string } | null> {
  const { rows } = await sql<{ number: number; answer: string; comment: string | null; answered_at: Date }>`
    select there.number, asked.answer, asked.comment, asked.answered_at
    from alert here
    join alert there on there.id <> here.id and there.provider_id = here.provider_id and lower(there.rule) = lower(here.rule)
      and lower(there.host) is not distinct from lower(here.host) and lower(there.account) is not distinct from lower(here.account)
      and there.source is not distinct from here.source
    join person_question asked on asked.alert_id = there.id
    where here.id = ${ask.alertId}::uuid and coalesce(here.host, here.account) is not null
      and lower(asked.email) = lower(${ask.email}) and asked.answered_at >= ${ask.since}
    order by asked.answered_at desc limit 1`.execute(db)
  const last = rows[0]
  if (last === undefined || last.answer !== 'yes') return null
  return { alertNumber: Number(last.number), comment: last.comment ?? '', answeredAt: iso(last.answered_at) }
}

/** Takes the answer, once. False when it was answered before. */
export async function setPersonAnswer(
  tx: Db,
  digest: string,
  answer: PersonAnswer,
  comment: string,
  at: Date,
): Promise<boolean> {
  const result = await tx
    .updateTable('person_question')
    .set({ answer, comment: plainText(comment), answered_at: at })
    .where('token_digest', '=', digest)
    .where('answered_at', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}
