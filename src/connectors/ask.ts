import type { z } from 'zod'
import type { Clock } from '../kit/clock.ts'
import type { Connector } from '../model/connector.ts'
import type { Ask, Asked } from '../model/doors.ts'
import type { Answered, Window } from '../model/finding.ts'
import { type QuestionName, questions } from '../model/question.ts'
import { Lane } from './lane.ts'

/** What came of one call, for the connector's card and for silence alarms. Must not throw: it handles its own trouble. */
export type News = (connector: string, ok: boolean, why: string, costMs: number) => void

/** An answer is kept whole up to this size; a source that gives more was asked the wrong way. 100 session rows fit four times. */
const answerCharsMax = 256 * 1024

/**
 * Ties the connectors together to the one function that asks. Each connector gets its own lane, so a slow one holds nobody else. Which
 * there are may change while questions are under way: a connector that was replaced ends what it was asked.
 */
export function makeAsk(input: {
  readonly connectors: readonly Connector[] | (() => readonly Connector[])
  readonly clock: Clock
  readonly news: News
}): Ask {
  const { clock, news } = input
  const lanes = new WeakMap<Connector, Lane>()
  const laneOf = (connector: Connector): Lane => {
    const lane = lanes.get(connector) ?? new Lane(connector.limits)
    lanes.set(connector, lane)
    return lane
  }

  return async (question, rawAsk, options) => {
    const connectors = typeof input.connectors === 'function' ? input.connectors() : input.connectors
    const parsed = questions[question].ask.safeParse(rawAsk)
    if (!parsed.success) {
      const why = `this cannot be asked so: ${problemOf(parsed.error)}`
      return said(
        [{ connector: 'none', answered: { kind: 'failed', why, query: '' }, costMs: 0, askedAt: clock.now() }],
        options.onAnswer,
      )
    }
    const able = connectors.filter(
      ({ id, answers }) => answers.includes(question) && options.except?.includes(id) !== true,
    )
    const named = options.only === undefined ? able : able.filter((connector) => options.only?.includes(connector.id))
    const absent = said(absentOf(question, named, options.only, connectors, clock), options.onAnswer)
    const asked = named.map(async (connector): Promise<Asked> => {
      const askedAt = clock.now()
      const began = performance.now()
      const seen: { window?: Window } = {}
      const looksAt = (window: Window) => {
        seen.window = window
      }
      const chosen = options.window === undefined ? {} : { window: options.window }
      const work = (signal: AbortSignal) => connector.ask(question, parsed.data, { signal, clock, looksAt, ...chosen })
      const came = checked(question, await laneOf(connector).run(work, options.signal))
      const answered = windowed(came, seen.window, options.window !== undefined)
      const one = { connector: connector.id, answered, costMs: performance.now() - began, askedAt }
      if (!options.signal.aborted)
        news(connector.id, answered.kind !== 'failed', answered.kind === 'failed' ? answered.why : '', one.costMs)
      options.onAnswer?.(one)
      return one
    })
    return [...(await Promise.all(asked)), ...absent]
  }
}

function said(asked: readonly Asked[], onAnswer: ((asked: Asked) => void) | undefined): readonly Asked[] {
  for (const one of asked) onAnswer?.(one)
  return asked
}

/** Those who were named but are not there or cannot answer; or, when nobody is left at all, one "none". */
function absentOf(
  question: QuestionName,
  asked: readonly Connector[],
  only: readonly string[] | undefined,
  connectors: readonly Connector[],
  clock: Clock,
): readonly Asked[] {
  const nobody = (connector: string, why: string): Asked => {
    return { connector, answered: { kind: 'not-collected', why, query: '' }, costMs: 0, askedAt: clock.now() }
  }
  const absent = (only ?? [])
    .filter((id) => !asked.some((connector) => connector.id === id))
    .map((id) =>
      nobody(
        id,
        connectors.some((one) => one.id === id)
          ? `${id} does not answer this question`
          : `no connector "${id}" is set up`,
      ),
    )
  if (asked.length + absent.length > 0) return absent
  return [nobody('none', `no connector that answers "${questions[question].title}" is set up`)]
}

/** A found answer must be of the question's shape; anything else is a failure that says so, never a finding. */
function checked(question: QuestionName, answered: Answered): Answered {
  if (answered.kind !== 'found') return answered
  const parsed = questions[question].answer.safeParse(answered.answer)
  if (!parsed.success) return failedAs(answered, `it answered nonsense: ${problemOf(parsed.error)}`)
  const chars = JSON.stringify(parsed.data).length
  if (chars > answerCharsMax) {
    return failedAs(answered, `it answered nonsense: ${chars} characters, the limit is ${answerCharsMax}`)
  }
  return { ...answered, answer: parsed.data }
}

function failedAs({ query, window }: Extract<Answered, { kind: 'found' }>, why: string): Answered {
  return { kind: 'failed', why, query, ...(window === undefined ? {} : { window }) }
}

/** The answer with the time that was looked at. Where somebody chose a time, what knows of none does not answer that. */
function windowed(answered: Answered, seen: Window | undefined, chosen: boolean): Answered {
  if (answered.kind === 'not-applicable') return answered
  const window = answered.window ?? seen
  if (window !== undefined) return { ...answered, window }
  if (!chosen || answered.kind === 'failed') return answered
  return { kind: 'not-applicable', why: 'this source says how things are: it looks at no time that could be chosen' }
}

function problemOf(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.join('.') || 'it'}: ${issue.message}`)
    .join('; ')
}
