import { questionOf } from '../../../db/house-front.ts'
import { known, serve } from '../../serve.ts'

export const showQuestion = serve('GET /api/questions/:token', async ({ front, params }) =>
  known(await questionOf(front.db, params.token, front.clock.now())),
)
