import { wordsOf } from '../../kit/errors.ts'
import type { AskContext, Connector, Health } from '../../model/connector.ts'
import type { Answered } from '../../model/finding.ts'
import { houseConnectors } from '../../model/house-connectors.ts'
import type { QuestionName } from '../../model/question.ts'

export type LogLakeLookups = {
  /** Questions that the lake answers. */
  readonly questions: readonly QuestionName[]
  /** One question, looked up in the logs. An engine that does not answer is `failed`, never `nothing`. */
  readonly ask: (
    question: QuestionName,
    ask: Readonly<Record<string, unknown>>,
    context: AskContext,
  ) => Promise<Answered>
  /** How many sources there are, which of them are silent for longer than they may be, and when the last line came (ISO 8601). */
  readonly status: (context: AskContext) => Promise<{
    readonly sources: number
    readonly silent: readonly string[]
    readonly lastReceived: string | null
  }>
}

/** Silent sources that a card names. */
const namedMax = 5

/** Our own logs: what the provider does not see, or does not say. */
export function logLake(lookups: LogLakeLookups): Connector {
  return {
    id: 'log-lake',
    title: houseConnectors['log-lake'],
    answers: lookups.questions,
    // Each question is a few statements on two cores; a fourth one at once would only make all of them wait.
    limits: { timeoutMs: 12_000, concurrency: 3, perMinute: Number.POSITIVE_INFINITY },
    scope:
      'Looks in the logs that come here: 24 hours before the moment of the alert until an hour after it. It says "nothing" only where logs that would have shown it were there for the whole time; else "not collected", and what is missing.',
    copy: 'the lines that came here',
    ask: (question, ask, context) => lookups.ask(question, ask, context),
    health: (context) => health(lookups, context),
  }
}

async function health(lookups: LogLakeLookups, context: AskContext): Promise<Health> {
  try {
    const { sources, silent, lastReceived } = await lookups.status(context)
    if (sources === 0) {
      return { state: 'not-configured', says: 'No logs come in yet: see docs/lake.md.', lastSuccess: null }
    }
    if (silent.length > 0) {
      const more = silent.length > namedMax ? ` and ${silent.length - namedMax} more` : ''
      const says = `Silent for longer than they may be: ${silent.slice(0, namedMax).join(', ')}${more}.`
      return { state: 'silent', says, lastSuccess: lastReceived, newest: lastReceived }
    }
    return {
      state: 'active',
      says: `Logs of ${sources === 1 ? 'one source' : `${sources} sources`} come in.`,
      lastSuccess: lastReceived,
      newest: lastReceived,
    }
  } catch (error) {
    return { state: 'failing', says: `The logs cannot be asked: ${wordsOf(error)}`, lastSuccess: null }
  }
}
