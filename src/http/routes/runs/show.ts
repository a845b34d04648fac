import { alertOfRun } from '../../../db/house-front.ts'
import { marksOf } from '../../../db/run-marks.ts'
import { getRun } from '../../../db/runs.ts'
import { namesOfActors } from '../../../db/users.ts'
import { known, serve } from '../../serve.ts'

export const showRun = serve('GET /api/runs/:id', async ({ front, params }) => {
  const marks = await marksOf(front.db, params.id)
  const nameOf = await namesOfActors(
    front.db,
    marks.map((mark) => mark.by),
  )
  return {
    run: known(await getRun(front.db, params.id)),
    marks: marks.map((mark) => ({ ...mark, byName: nameOf(mark.by) })),
    alert: known(await alertOfRun(front.db, params.id)),
  }
})
