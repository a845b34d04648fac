import type { z } from 'zod'
import type { AskContext, Connector } from '../../model/connector.ts'
import type { Answered } from '../../model/finding.ts'
import { houseConnectors } from '../../model/house-connectors.ts'
import { type AnswerOf, questions } from '../../model/question.ts'

export type PastLookups = {
  /**
   * Earlier alerts of the same rule about the same entity (both without regard to case), received before `before`: how many, when,
   * and how they were decided. Null: there is none.
   */
  readonly seenBefore: (ask: {
    readonly rule: string
    readonly entity: string
    readonly provider: string | null
    readonly before: string
    readonly notAlert: string | null
  }) => Promise<AnswerOf<'seen-before'> | null>
}

const SeenAsk = questions['seen-before'].ask

/** Our own memory: did we have this before, and how was it decided. */
export function pastAlerts(lookups: PastLookups): Connector {
  return {
    id: 'past-alerts',
    title: houseConnectors['past-alerts'],
    answers: ['seen-before'],
    limits: { timeoutMs: 2_000, concurrency: 8, perMinute: Number.POSITIVE_INFINITY },
    scope: 'Knows every alert that reached this house and how it was decided. It knows nothing of the time before.',
    ask: async (_question, ask, context) => seen(lookups, SeenAsk.parse(ask), context),
    health: async () => ({ state: 'active', says: 'The record is here.', lastSuccess: null }),
  }
}

async function seen(lookups: PastLookups, ask: z.infer<typeof SeenAsk>, { clock }: AskContext): Promise<Answered> {
  if (ask.rule.trim() === '' || ask.entity.trim() === '') {
    return { kind: 'not-applicable', why: 'the alert names no rule or nothing it is about' }
  }
  const before = ask.before ?? clock.now().toISOString()
  const query = `alerts of rule "${ask.rule}" about ${ask.entity} before ${before}`
  const answer = await lookups.seenBefore({
    rule: ask.rule,
    entity: ask.entity,
    provider: ask.provider ?? null,
    before,
    notAlert: ask.notAlert ?? null,
  })
  return answer === null ? { kind: 'nothing', query } : { kind: 'found', answer, query }
}
