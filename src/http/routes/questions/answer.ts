import { questionOf } from '../../../db/house-front.ts'
import { Trouble } from '../../../kit/errors.ts'
import { known, serve } from '../../serve.ts'

export const answerQuestion = serve('POST /api/questions/:token', async ({ front, params, body }) => {
  const question = known(await questionOf(front.db, params.token, front.clock.now()))
  if (question.state !== 'open') throw new Trouble('link.over', { state: question.state })
  await front.work.answerQuestion(params.token, body)
  return { done: true as const }
})
