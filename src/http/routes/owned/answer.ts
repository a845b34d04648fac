import { ownedQuestionDigest, ownerScopeOf } from '../../../db/limited.ts'
import { known, serve } from '../../serve.ts'

export const answerOwned = serve('POST /api/owned/questions/:id', async ({ front, params, body, session, actor }) => {
  const digest = known(await ownedQuestionDigest(front.db, ownerScopeOf(session().user), params.id))
  await front.work.answerAsked(digest, body, actor())
  return { done: true as const }
})
