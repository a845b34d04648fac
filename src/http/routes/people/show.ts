import { personDetail } from '../../../db/context-front.ts'
import { known, serve } from '../../serve.ts'

export const showPerson = serve('GET /api/people/:id', async ({ front, params }) =>
  known(await personDetail(front.db, params.id, front.clock.now())),
)
