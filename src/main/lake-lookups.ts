import type { LogLakeLookups } from '../connectors/log-lake/index.ts'
import type { Clock } from '../kit/clock.ts'
import { troubles } from '../kit/errors.ts'
import { askLake, type LakeQuestion, lakeQuestions } from '../lake/ask/ask-lake.ts'
import type { Lake, LakeNews } from '../lake/open.ts'
import { listSources } from '../lake/sources.ts'
import { statusOfSources } from '../lake/status.ts'
import type { Answered, Window } from '../model/finding.ts'
import type { QuestionName } from '../model/question.ts'

/** What is asked of the lake here. */
export type AskedLake = Pick<Lake, 'engine' | 'hasBegun'> & {
  readonly news: () => Promise<Pick<LakeNews, 'oldest' | 'failedSegments' | 'failedNewest'>>
}

/** A line is searchable two or three seconds after it came, ten with hundreds of sources. What waits for longer is missing from an answer. */
const waitingMsMax = 30_000

function isLakeQuestion(question: QuestionName): question is LakeQuestion {
  return (lakeQuestions as readonly QuestionName[]).includes(question)
}

/** What the connector `log-lake` looks things up with. null: there is no engine, and every question could not be looked up. */
export function lakeLookups(lake: AskedLake | null): LogLakeLookups {
  const away = troubles['lake.unreachable'].says
  return {
    questions: lakeQuestions,
    ask: async (question, ask, context) => {
      if (!isLakeQuestion(question)) return { kind: 'not-applicable', why: 'the logs do not answer this' }
      if (lake === null) return { kind: 'failed', why: away, query: '' }
      if (!lake.hasBegun() && (await lake.news()).oldest === null)
        return { kind: 'not-collected', why: 'No logs were ever kept here.', query: '' }
      // Before the look: what is stored meanwhile is found, and was told to be missing at worst.
      const news = await lake.news()
      return withoutWaiting(await askLake(lake.engine, question, ask, context), news, context.clock)
    },
    status: async ({ clock }) => {
      if (lake === null) throw new Error(away)
      if (!lake.hasBegun()) return { sources: 0, silent: [], lastReceived: null }
      const all = await statusOfSources(lake.engine, await listSources(lake.engine), clock.now())
      const received = all.flatMap((one) => one.lastReceived ?? [])
      return {
        sources: all.length,
        silent: all.filter((one) => one.silent).map((one) => one.source.id),
        lastReceived: received.length === 0 ? null : received.reduce((a, b) => (a > b ? a : b)),
      }
    },
  }
}

/** Lines that came and are not in the engine, or were refused by it, may say what was not found: then it is not "nothing". */
function withoutWaiting(answered: Answered, news: Awaited<ReturnType<AskedLake['news']>>, clock: Clock): Answered {
  if (answered.kind !== 'nothing' && answered.kind !== 'found') return answered
  const missing = [...waiting(news.oldest, clock.now()), ...setAside(news, answered.window)].join('; ')
  if (missing === '') return answered
  if (answered.kind === 'nothing') return { kind: 'not-collected', why: `${missing}.`, query: answered.query }
  return { ...answered, warnings: [...(answered.warnings ?? []), `There may be more: ${missing}.`] }
}

function waiting(oldest: string | null, now: Date): string[] {
  if (oldest === null || now.getTime() - Date.parse(oldest) < waitingMsMax) return []
  return [`lines that came since ${oldest} wait to be stored and cannot be found yet`]
}

/** A line is older than its receipt: what was set aside before the time looked at has nothing of it. */
function setAside(
  { failedSegments, failedNewest }: Pick<LakeNews, 'failedSegments' | 'failedNewest'>,
  window: Window | undefined,
): string[] {
  if (failedNewest === null || (window !== undefined && failedNewest < window.from)) return []
  return [`${failedSegments} pieces of logs were set aside, because the engine refused them`]
}
