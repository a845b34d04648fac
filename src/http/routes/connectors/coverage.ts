import { rungCounts } from '../../../db/coverage.ts'
import { QuestionName, questions, type Rung, rungs, rungTitles } from '../../../model/question.ts'
import { fillsRung } from '../../../triage/ladder.ts'
import type { Front } from '../../front.ts'
import { serve } from '../../serve.ts'

const days = 30
/** Sources that are named for a rung; the rest are on the page. */
const fillersMax = 4

const fills = QuestionName.options
  .filter(fillsRung)
  .map((question) => ({ question, rung: questions[question].rung }))
  // What the provider said is not answered by a source of ours.
  .filter(({ rung }) => rung !== 'provider-alert')

export const showCoverage = serve('GET /api/connector-coverage', async ({ front }) => {
  const since = new Date(front.clock.now().getTime() - days * 86_400_000)
  const { counts, ...rest } = await rungCounts(front.db, since, fills)
  const fillers = await fillersOf(front)
  return {
    days,
    ...rest,
    rungs: rungs
      .filter((rung) => rung !== 'provider-alert')
      .map((rung) => ({ rung, title: rungTitles[rung], fillers: fillers(rung) })),
    cells: counts,
  }
})

/** What could answer a rung and does not: set up and failing or off first, then what was never set up. */
async function fillersOf(front: Front): Promise<(rung: Rung) => string[]> {
  const words = { failing: 'mend', silent: 'look after', off: 'switch on', 'not-configured': 'set up' } as const
  const cards = await front.work.connectors.cards()
  const idle = (Object.keys(words) as (keyof typeof words)[]).flatMap((state) =>
    cards.filter((card) => card.state === state).map((card) => ({ card, says: `${words[state]} ${card.title}` })),
  )
  const kinds = front.work.connectors.kinds.filter(({ kind }) => !cards.some((card) => card.kind === kind))
  return (rung) => {
    const own = idle.filter(({ card }) => card.answers.some((one) => one.rung === rung)).map(({ says }) => says)
    const others = kinds
      .filter(({ answers }) => answers.some((question) => questions[question].rung === rung && fillsRung(question)))
      .map(({ title }) => `add ${title}`)
    return [...own, ...others].slice(0, fillersMax)
  }
}
