import type { Clock } from '../kit/clock.ts'
import type { Answered } from './finding.ts'
import type { QuestionName } from './question.ts'

/** What one connector may be asked at once. A rate limit queues, it never fails a question by itself. */
export type ConnectorLimits = { readonly timeoutMs: number; readonly concurrency: number; readonly perMinute: number }

export type Health = {
  readonly state: 'active' | 'failing' | 'warning' | 'silent' | 'not-configured'
  readonly says: string
  readonly lastSuccess: string | null
}

export type AskContext = { readonly signal: AbortSignal; readonly clock: Clock }

/** Something that can answer some questions: a list, a directory, a script, a person. Answers are values; it throws only when it is broken. */
export type Connector = {
  readonly id: string
  readonly title: string
  readonly answers: readonly QuestionName[]
  readonly limits: ConnectorLimits
  /** What this connector can and cannot do, in a sentence for the settings page. */
  readonly scope: string
  readonly ask: (
    question: QuestionName,
    ask: Readonly<Record<string, unknown>>,
    context: AskContext,
  ) => Promise<Answered>
  readonly health: (context: AskContext) => Promise<Health>
}
