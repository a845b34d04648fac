import { sql } from 'kysely'
import { z } from 'zod'
import { iso } from './jsonb.ts'
import type { Db } from './open.ts'
import { namesOfActors } from './users.ts'

/** Five questions of each of a handful of people, and their answers: more than this is a conversation for the telephone. */
const talkMax = 100

/** A question before somebody signs, or its answer, as the ledger has it. */
export type ApprovalWord = {
  readonly by: string
  readonly byName: string
  readonly at: string
  readonly text: string
  readonly isAnswer: boolean
}

const Leaf = z.looseObject({ body: z.looseObject({ text: z.string() }) })

/** What was asked before signing and what the desk said, the oldest first. */
export async function talkOf(db: Db, approvalId: string): Promise<readonly ApprovalWord[]> {
  const { rows } = await sql<{ kind: string; actor: string; at: Date; leaf: string }>`
    select kind, actor, at, leaf from ledger_entry
    where subject = ${`approval:${approvalId}`} and kind in ('approval.question', 'approval.answered')
    order by at, id limit ${talkMax}`.execute(db)
  const nameOf = await namesOfActors(
    db,
    rows.map(({ actor }) => actor),
  )
  return rows.map(({ kind, actor, at, leaf }) => ({
    ...{ by: actor, byName: nameOf(actor), at: iso(at), isAnswer: kind === 'approval.answered' },
    text: Leaf.parse(JSON.parse(leaf)).body.text,
  }))
}
