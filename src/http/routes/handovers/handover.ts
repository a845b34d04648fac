import { handoverFacts, handovers, lastHandoverAt, signHandover, takeHandover } from '../../../db/handover.ts'
import { iso } from '../../../db/jsonb.ts'
import { Trouble } from '../../../kit/errors.ts'
import { handoverNote } from '../../../measure/handover-note.ts'
import type { Front } from '../../front.ts'
import { serve } from '../../serve.ts'

async function factsSince({ db, clock }: Front, from: string) {
  const now = clock.now()
  return { from, to: iso(now), sections: await handoverFacts(db, from, now) }
}

export const showHandovers = serve('GET /api/handovers', async ({ front, query }) => {
  const from = query.from === '' ? await lastHandoverAt(front.db, front.clock.now()) : query.from
  const [facts, signed] = await Promise.all([factsSince(front, from), handovers(front.db)])
  return { facts, note: handoverNote(facts.from, facts.to, facts.sections), signed }
})

export const signTheHandover = serve('POST /api/handovers', async ({ front, body, actor }) => {
  if (body.from >= iso(front.clock.now()))
    throw new Trouble('input.invalid', { fields: { from: 'lies in the future' } })
  const facts = await factsSince(front, body.from)
  return { id: await signHandover(front.db, { facts, note: body.note, by: actor() }, front.clock) }
})

export const takeTheHandover = serve('POST /api/handovers/:id/taken', async ({ front, params, actor }) => {
  if (!(await takeHandover(front.db, params.id, actor(), front.clock))) throw new Trouble('not.found')
  return { done: true as const }
})
