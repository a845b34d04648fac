import { getAlert } from '../../../db/alerts.ts'
import { matchesOf } from '../../../db/expectations.ts'
import { notesFor } from '../../../db/notes.ts'
import { answeredBefore, draftedAnswerOf } from '../../../db/repeats.ts'
import { tuningNow } from '../../../playbooks/memory/tuning-now.ts'
import { known, serve } from '../../serve.ts'

export const showMemory = serve('GET /api/alerts/:id/memory', async ({ front, params }) => {
  const { alert } = known(await getAlert(front.db, params.id))
  const [matches, found, drafted, tuning, notes] = await Promise.all([
    matchesOf(front.db, alert.id),
    answeredBefore(front.db, alert.id),
    draftedAnswerOf(front.db, alert.id),
    tuningNow(front.db, { fitting: alert.id }, front.clock.now()),
    notesFor(front.db, alert, front.clock.now()),
  ])
  const { cites: _, ...before } = found ?? { cites: [] }
  return {
    matches: [...matches],
    before: 'alertId' in before ? before : null,
    drafted,
    tuning: [...tuning],
    notes: [...notes],
  }
})
