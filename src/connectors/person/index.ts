import type { Connector } from '../../model/connector.ts'
import { houseConnectors } from '../../model/house-connectors.ts'
import { type AnswerOf, questions } from '../../model/question.ts'

export type PersonLookups = {
  /** What this person answered about this alert; null: not asked, or no answer yet. */
  readonly answerOf: (alertId: string, email: string) => Promise<AnswerOf<'was-this-you'> | null>
  /** Null when people can be asked by mail; else why not. */
  readonly cannotAsk: () => string | null
}

/**
 * A person. The asking is a step of a playbook (wait-for-person: a mail with a one-time link, days of patience); asked like any
 * other source, this gives the answer that has come, and otherwise says that it has not.
 */
export function person(lookups: PersonLookups): Connector {
  return {
    id: 'person',
    title: houseConnectors.person,
    answers: ['was-this-you'],
    limits: { timeoutMs: 2_000, concurrency: 8, perMinute: Number.POSITIVE_INFINITY },
    scope:
      'Gives what an owner answered. The question itself is mailed by a playbook step, with a one-time link, and may take days.',
    ask: async (_question, ask) => {
      const { alertId, email } = questions['was-this-you'].ask.parse(ask)
      const query = `answer of ${email}`
      const answer = await lookups.answerOf(alertId, email)
      if (answer !== null) return { kind: 'found', answer, query }
      return { kind: 'not-collected', why: lookups.cannotAsk() ?? `${email} has not answered`, query }
    },
    health: async () => {
      const why = lookups.cannotAsk()
      return why === null
        ? { state: 'active', says: 'People can be asked by mail.', lastSuccess: null }
        : { state: 'not-configured', says: why, lastSuccess: null }
    },
  }
}
