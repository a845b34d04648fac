import { similarShownMax } from '../../../contract/similar.ts'
import { getAlert } from '../../../db/alerts.ts'
import { casesLike, howDecided } from '../../../db/similar.ts'
import { questions } from '../../../model/question.ts'
import { rankSimilar } from '../../../triage/similar.ts'
import { known, serve } from '../../serve.ts'
import { summaryOf } from '../../summary.ts'

export const showSimilar = serve('GET /api/alerts/:id/similar', async ({ front, params }) => {
  const { alert } = known(await getAlert(front.db, params.id))
  const { question, cases, common } = await casesLike(front.db, alert)
  const ranked = rankSimilar({ ...alert, question }, cases, similarShownMax)
  const byId = new Map(cases.map((one) => [one.id, one]))
  const told = await howDecided(front.db, [...ranked.map(({ past }) => past.id)], (finding) => ({
    title: questions[finding.question].title,
    summary: summaryOf(finding),
  }))
  const rows = ranked.flatMap(({ past: { id }, because }) => {
    const past = byId.get(id)
    const how = told.get(id)
    if (past === undefined || how === undefined) return []
    const { number, entity, receivedAt, decidedAt, outcome } = past
    return [{ id, number, entity, receivedAt, decidedAt, outcome, because: [...because], ...how }]
  })
  return { rows, tooCommon: [...common] }
})
