import type { Clock } from '../kit/clock.ts'
import type { Answered, Window } from './finding.ts'
import type { QuestionName } from './question.ts'

/** What one connector may be asked at once. A rate limit queues, it never fails a question by itself. */
export type ConnectorLimits = { readonly timeoutMs: number; readonly concurrency: number; readonly perMinute: number }

export type Health = {
  readonly state: 'active' | 'failing' | 'warning' | 'silent' | 'not-configured'
  readonly says: string
  readonly lastSuccess: string | null
  /** Of one that answers from a copy: of when the newest of it is (ISO 8601). Left out or null: that is not known. */
  readonly newest?: string | null
}

/** What the Test button shows: a real read, a row of it as it came, and what the key is good for. */
export type TriedOut =
  | {
      readonly kind: 'read'
      readonly says: string
      readonly rows: readonly Readonly<Record<string, string>>[]
      readonly can: readonly string[]
      readonly cannot: readonly string[]
      /** What somebody should look at: a key that may do more than it needs, a way that is not encrypted. */
      readonly warnings: readonly string[]
    }
  | { readonly kind: 'failed'; readonly why: string; readonly next: string }

export type AskContext = {
  readonly signal: AbortSignal
  readonly clock: Clock
  /** The time somebody wants looked at, in place of the usual one. A source that looks at no time leaves it alone. */
  readonly window?: Window
  /** Told which time is looked at before it is, so that a look that fails or runs out of time is known by its window too. */
  readonly looksAt?: (window: Window) => void
}

/** Something that can answer some questions: a list, a directory, a script, a person. Answers are values; it throws only when it is broken. */
export type Connector = {
  readonly id: string
  readonly title: string
  readonly answers: readonly QuestionName[]
  readonly limits: ConnectorLimits
  /** What this connector can and cannot do, in a sentence for the settings page. */
  readonly scope: string
  /** What it answers from, where that is a copy kept here and may lag: "the asset lists". Left out: it looks when it is asked. */
  readonly copy?: string
  readonly ask: (
    question: QuestionName,
    ask: Readonly<Record<string, unknown>>,
    context: AskContext,
  ) => Promise<Answered>
  readonly health: (context: AskContext) => Promise<Health>
  /** Its kind ("ldap"); left out: one of the house, or a description of a REST source. */
  readonly kind?: string
  /** Reads something for the Test button. Left out: a question is asked instead. */
  readonly tryOut?: (context: AskContext) => Promise<TriedOut>
  /** Lets go of connections. What is asked at that moment may still end. */
  readonly close?: () => Promise<void>
}
