import { findingsOfRun } from '../../../db/findings.ts'
import { alertOfRun } from '../../../db/house-front.ts'
import { marksOf } from '../../../db/run-marks.ts'
import { pastOf, sideNotes } from '../../../db/run-mending.ts'
import { getRun } from '../../../db/runs.ts'
import { namesOfActors } from '../../../db/users.ts'
import type { Finding } from '../../../model/finding.ts'
import type { JournalLine, StepState } from '../../../model/playbook.ts'
import { questions } from '../../../model/question.ts'
import { redacted } from '../../redacted.ts'
import { known, serve } from '../../serve.ts'

export const showRun = serve('GET /api/runs/:id', async ({ front, params }) => {
  const run = known(await getRun(front.db, params.id))
  const [marks, past, notes, findings] = await Promise.all([
    marksOf(front.db, run.id),
    pastOf(front.db, run.id),
    sideNotes(front.db, run.id),
    findingsOfRun(front.db, run.id, run.alertId),
  ])
  const actors = [...marks.map((mark) => mark.by), ...past.map((one) => one.by)]
  const nameOf = await namesOfActors(front.db, actors)
  return {
    run: {
      ...run,
      journal: run.journal.map((line) => ({ ...line, input: redacted(line.input), output: redacted(line.output) })),
    },
    marks: marks.map((mark) => ({ ...mark, byName: nameOf(mark.by) })),
    past: past.map((one) => ({ ...one, state: one.state as StepState, byName: nameOf(one.by) })),
    asked: askedBy(run.journal, findings),
    ...notes,
    alert: known(await alertOfRun(front.db, run.id)),
  }
})

/** Each answer under the step that asked: the last one that had begun by then. */
function askedBy(journal: readonly JournalLine[], findings: readonly Finding[]) {
  return findings.flatMap(({ id, question, connector, kind, why, askedAt, costMs }) => {
    const at = Date.parse(askedAt)
    const step = journal.findLast((line) => line.kind === 'ask' && Date.parse(line.startedAt) <= at)
    if (step === undefined) return []
    return [{ id, question, connector, kind, why, askedAt, costMs, path: step.path, title: questions[question].title }]
  })
}
