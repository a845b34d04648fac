import { Trouble } from '../../../kit/errors.ts'
import { questions } from '../../../model/question.ts'
import { serve } from '../../serve.ts'

export const askAgain = serve('POST /api/alerts/:id/ask', async ({ front, params, body, actor }) => {
  const ask = questions[body.question].ask.safeParse(body.ask)
  if (!ask.success) throw new Trouble('input.invalid', { fields: { ask: 'This is not what the question asks for' } })
  await front.work.askAgain({ alertId: params.id, ...body, ask: ask.data, by: actor() })
  return { done: true as const }
})
