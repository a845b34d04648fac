import type { LogLakeLookups } from '../connectors/log-lake/index.ts'
import { troubles } from '../kit/errors.ts'
import { askLake, type LakeQuestion, lakeQuestions } from '../lake/ask/ask-lake.ts'
import type { Engine } from '../lake/engine/engine.ts'
import { listSources } from '../lake/sources.ts'
import { statusOfSources } from '../lake/status.ts'
import type { QuestionName } from '../model/question.ts'

function isLakeQuestion(question: QuestionName): question is LakeQuestion {
  return (lakeQuestions as readonly QuestionName[]).includes(question)
}

/** What the connector `log-lake` looks things up with. null: there is no engine, and every question could not be looked up. */
export function lakeLookups(engine: Engine | null): LogLakeLookups {
  const away = troubles['lake.unreachable'].says
  return {
    questions: lakeQuestions,
    ask: async (question, ask, context) => {
      if (!isLakeQuestion(question)) return { kind: 'not-applicable', why: 'the logs do not answer this' }
      if (engine === null) return { kind: 'failed', why: away, query: '' }
      return askLake(engine, question, ask, context)
    },
    status: async ({ clock }) => {
      if (engine === null) throw new Error(away)
      const all = await statusOfSources(engine, await listSources(engine), clock.now())
      const received = all.flatMap((one) => one.lastReceived ?? [])
      return {
        sources: all.length,
        silent: all.filter((one) => one.silent).map((one) => one.source.id),
        lastReceived: received.length === 0 ? null : received.reduce((a, b) => (a > b ? a : b)),
      }
    },
  }
}
