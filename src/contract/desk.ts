import { z } from 'zod'
import { Alert, AlertState, Severity } from '../model/alert.ts'
import { Technique } from '../model/attack.ts'
import { AroundMinutes, Finding, FindingKind } from '../model/finding.ts'
import { Attachment, TextPart } from '../model/letter.ts'
import { Authentication, Channel, MessageKind, MessageState } from '../model/message.ts'
import { Mark, Run, RunState, StepState } from '../model/playbook.ts'
import { Level, QuestionName, Rung } from '../model/question.ts'
import { SnoozeFor } from '../model/queue.ts'
import { ReplyState } from '../model/reply.ts'
import { Decision, Fidelity, Judgement, Outcome, RiskProfile } from '../model/triage.ts'
import { Done, endpoint } from './endpoint.ts'

const when = z.iso.datetime()
const whenMaybe = when.nullable()

/** Every alert is in exactly one of these (but `all`); db/migrations/0014-queue.sql says in which. `done` shows those of today. */
export const Tab = z.enum([
  'needs',
  'answer',
  'approver',
  'provider',
  'asked',
  'running',
  'snoozed',
  'merged',
  'done',
  'all',
])
export type Tab = z.infer<typeof Tab>

/** Rows of one answer: more than two screens; more by `after`. */
export const queueRowsDefault = 50
export const queueRowsMax = 500
/** A history that was narrowed is counted up to here. */
export const countedMax = 500
/** Stands for "not named", "not judged", "nobody" in a filter. */
export const noneValue = '(none)'
/** Values of one filter; a person ticks a few. */
const valuesMax = 20

/** Several values, with commas between. */
const several = <S extends z.ZodType<string, string>>(value: S) =>
  z
    .string()
    .max(1000)
    .default('')
    .transform((text) => (text === '' ? [] : text.split(',')))
    .pipe(z.array(value).max(valuesMax))
const none = z.literal(noneValue)

/** What narrows the queue. Values of one field are any of them, fields are all of them. */
export const QueueFilter = z.object({
  q: z.string().max(200).default(''),
  provider: several(z.string().max(64)),
  severity: several(Severity),
  level: several(Level.or(none)),
  proposed: several(Outcome.or(none)),
  outcome: several(Outcome.or(none)),
  rule: z.string().max(500).default(''),
  entity: z.string().max(500).default(''),
  /** A user, "me" or "(none)". */
  assignee: z
    .uuid()
    .or(z.enum(['me', noneValue, '']))
    .default(''),
  kind: z.enum(['alert', 'unread', '']).default(''),
  sample: z.enum(['yes', 'no', '']).default(''),
  /** Those that were merged into this alert. */
  lead: z.uuid().or(z.literal('')).default(''),
})
export type QueueFilter = z.infer<typeof QueueFilter>

export const QueueSort = z.enum(['risk', 'newest', 'oldest', 'decided', 'waking'])
export type QueueSort = z.infer<typeof QueueSort>

export const QueueScope = QueueFilter.extend({ tab: Tab.default('needs') })
export type QueueScope = z.infer<typeof QueueScope>

export const QueueQuery = QueueScope.extend({
  /** Left out: by risk where something is to be decided, else by what happened last. */
  sort: QueueSort.or(z.literal('')).default(''),
  /** `next` of the answer before. */
  after: z.string().max(400).default(''),
  limit: z.coerce.number().int().min(1).max(queueRowsMax).default(queueRowsDefault),
})
export type QueueQuery = z.infer<typeof QueueQuery>

const QueueClock = z.object({ state: z.enum(['running', 'paused', 'overdue']), dueAt: whenMaybe })

export const QueueRow = z.object({
  id: z.uuid(),
  number: z.int(),
  version: z.int(),
  providerId: z.string(),
  providerName: z.string(),
  state: AlertState,
  kind: z.enum(['alert', 'unread']),
  ticket: z.string().nullable(),
  rule: z.string().nullable(),
  title: z.string(),
  severity: Severity,
  entity: z.string().nullable(),
  owner: z.string().nullable(),
  criticality: z.string().nullable(),
  receivedAt: when,
  risk: z.object({ score: z.number(), level: z.string() }).nullable(),
  fidelity: Fidelity.nullable(),
  rungs: z.array(z.object({ rung: Rung, state: FindingKind, delivered: z.boolean() })),
  /** Earlier alerts with the same rule and entity (counted up to `earlierMax`), and how the last of them was decided. */
  /** `decidedAt`, `lastOutcome`: of the one that was decided last; null while none was. */
  before: z.object({ times: z.int(), lastAt: whenMaybe, decidedAt: whenMaybe, lastOutcome: Outcome.nullable() }),
  /** It was to be tuned away, and is back (docs/queue.md). */
  regressed: z.boolean(),
  /** A tuning request that was to end it, and did not. */
  tuning: z.object({ number: z.int(), sentAt: when }).nullable(),
  /** More of it in a day than its own past lets expect; null when it is not. */
  escalating: z.object({ lastDay: z.int(), expected: z.number() }).nullable(),
  run: z
    .object({
      id: z.uuid(),
      state: RunState,
      done: z.int(),
      steps: z.int(),
      waitingFor: z.string().nullable(),
      deadline: whenMaybe,
    })
    .nullable(),
  proposed: Outcome.nullable(),
  outcome: Outcome.nullable(),
  decidedAt: whenMaybe,
  reply: z.object({ id: z.uuid(), state: ReplyState }).nullable(),
  tab: Tab.exclude(['all']),
  /** The clock of each side that runs out first, as the watch of clocks last saw it (every 30 s); null where none runs. */
  clocks: z.object({ ours: QueueClock.nullable(), theirs: QueueClock.nullable() }),
  assignee: z.object({ id: z.uuid(), name: z.string() }).nullable(),
  snooze: z.object({ for: SnoozeFor, until: whenMaybe, by: z.string(), at: when }).nullable(),
  /** The alert that is worked in its place. */
  mergedInto: z.object({ id: z.uuid(), number: z.int() }).nullable(),
  /** How many were merged into it, directly. */
  merged: z.int(),
  sample: z.boolean(),
})
export type QueueRow = z.infer<typeof QueueRow>

/** What became of every message: `received = inAlerts + known + quarantined + waiting`, always. */
export const Reconciliation = z.object({
  received: z.int(),
  inAlerts: z.int(),
  known: z.array(z.object({ kind: z.string(), n: z.int() })),
  quarantined: z.int(),
  waiting: z.int(),
  again: z.int(),
  alerts: z.int(),
})
export type Reconciliation = z.infer<typeof Reconciliation>

export const Feed = z.object({
  lastMessage: z.object({ at: when, from: z.string() }).nullable(),
  doors: z.array(z.object({ door: z.string(), state: z.string(), says: z.string(), lastSuccessAt: whenMaybe })),
  /** Sources that gave no sign of life for longer than the house set as their limit, the longest first. */
  silent: z.array(z.object({ source: z.string(), title: z.string(), since: when, limitMinutes: z.int() })),
})
export type Feed = z.infer<typeof Feed>

/** Earlier alerts of one kind that a row of the queue looks at. */
export const earlierMax = 200

export const Queue = z.object({
  rows: z.array(QueueRow),
  /** Where the next rows begin; null when there are none. */
  next: z.string().nullable(),
  /** `all` is null where it was not counted: narrowed, and seen from another tab. */
  counts: z.object({
    needs: z.int(),
    answer: z.int(),
    approver: z.int(),
    provider: z.int(),
    asked: z.int(),
    running: z.int(),
    snoozed: z.int(),
    merged: z.int(),
    done: z.int(),
    all: z.int().nullable(),
  }),
  /** There are more in `all` than it says: a narrowed history is not counted to its end. */
  moreInAll: z.boolean(),
  providers: z.array(z.object({ id: z.string(), name: z.string() })),
  reconciliation: Reconciliation,
  feed: Feed,
})
export type Queue = z.infer<typeof Queue>

/** A place in a message worth showing, and what was read there. */
export const Highlight = z.object({
  part: z.string(),
  start: z.int(),
  end: z.int(),
  label: z.string(),
  value: z.string(),
  kind: z.enum(['field', 'observable', 'evidence']),
})
export type Highlight = z.infer<typeof Highlight>

export const MessagePage = z.object({
  id: z.string(),
  receivedAt: when,
  channel: Channel,
  from: z.string().nullable(),
  to: z.array(z.string()),
  subject: z.string(),
  sentAt: whenMaybe,
  state: MessageState,
  stateReason: z.string(),
  kind: MessageKind.nullable(),
  because: z.string(),
  sizeBytes: z.int(),
  sourceAddress: z.string().nullable(),
  authentication: Authentication.nullable(),
  releasedBy: z.string().nullable(),
  parts: z.array(TextPart),
  attachments: z.array(Attachment),
  warnings: z.array(z.string()),
  highlights: z.array(Highlight),
})
export type MessagePage = z.infer<typeof MessagePage>

export const FindingRow = Finding.extend({ title: z.string(), rung: Rung, summary: z.string() })
export type FindingRow = z.infer<typeof FindingRow>
export const DecisionRow = Decision.extend({ byName: z.string() })
export type DecisionRow = z.infer<typeof DecisionRow>
export const RunRow = z.object({
  id: z.uuid(),
  title: z.string(),
  playbookId: z.string(),
  playbookVersion: z.int(),
  state: RunState,
  dryRun: z.boolean(),
  startedAt: when,
  endedAt: whenMaybe,
  done: z.int(),
  steps: z.int(),
  waitingFor: z.string().nullable(),
  deadline: whenMaybe,
  /** The step it is at, and why there is such a step; null when it has ended. */
  step: z.object({ title: z.string(), why: z.string() }).nullable(),
})
export type RunRow = z.infer<typeof RunRow>
export const HistoryRow = z.object({
  id: z.uuid(),
  number: z.int(),
  receivedAt: when,
  outcome: Outcome.nullable(),
  reason: z.string().nullable(),
  by: z.string().nullable(),
})
export type HistoryRow = z.infer<typeof HistoryRow>

/** A risk profile with what the record adds: earlier alerts that name it, and the page of its asset. */
export const ProfileCard = RiskProfile.extend({
  entity: z.string().nullable(),
  pastAlerts: z.object({ times: z.int(), incidents: z.int(), open: z.int(), last: whenMaybe }),
})
export type ProfileCard = z.infer<typeof ProfileCard>

export const AlertPage = z.object({
  alert: Alert,
  version: z.int(),
  outcome: Outcome.nullable(),
  decidedAt: whenMaybe,
  filledAt: whenMaybe,
  judgement: Judgement.nullable(),
  findings: z.array(FindingRow),
  profiles: z.array(ProfileCard),
  messages: z.array(MessagePage),
  decisions: z.array(DecisionRow),
  runs: z.array(RunRow),
  replies: z.array(z.object({ id: z.uuid(), state: ReplyState, createdAt: when, sentAt: whenMaybe })),
  history: z.array(HistoryRow),
  /** Techniques of ATT&CK that it names, as they are called now. */
  techniques: z.array(Technique),
  neighbours: z.object({ previous: z.uuid().nullable(), next: z.uuid().nullable() }),
})
export type AlertPage = z.infer<typeof AlertPage>

/** More citations than an alert has rungs and findings in practice. */
const citesMax = 50

export const DecideBody = z
  .object({
    outcome: Outcome,
    reason: z.string().trim().min(1, 'Say why, in a sentence').max(4000),
    cites: z.array(z.uuid()).max(citesMax),
    withoutEvidence: z.boolean(),
    version: z.int(),
  })
  .refine((body) => body.withoutEvidence !== body.cites.length > 0, {
    path: ['cites'],
    message: 'Cite at least one finding, or say that you decide without evidence',
  })

export const QuarantineRow = z.object({
  id: z.string(),
  receivedAt: when,
  channel: Channel,
  from: z.string().nullable(),
  subject: z.string(),
  reason: z.string(),
  sizeBytes: z.int(),
  authentication: Authentication.nullable(),
  /** The provider it would be from, by name; null where it is of none we know. */
  claims: z.string().nullable(),
  text: z.string(),
  sample: z.boolean(),
})
export type QuarantineRow = z.infer<typeof QuarantineRow>

const id = z.object({ id: z.uuid() })
const digest = z.object({ id: z.string().regex(/^[0-9a-f]{64}$/) })

export const deskApi = {
  'GET /api/queue': endpoint({ permission: 'desk.see', says: 'The alert queue', query: QueueQuery, answer: Queue }),
  'GET /api/alerts/:id': endpoint({
    permission: 'desk.see',
    says: 'Everything about an alert',
    params: id,
    answer: AlertPage,
  }),
  'POST /api/alerts/:id/decision': endpoint({
    permission: 'alert.decide',
    says: 'Decide an alert, citing evidence',
    params: id,
    body: DecideBody,
    answer: z.object({ decisionId: z.uuid(), version: z.int(), replyId: z.uuid().nullable() }),
  }),
  'POST /api/alerts/:id/decision/undo': endpoint({
    permission: 'alert.decide',
    says: 'Take the standing decision back',
    params: id,
    body: z.object({ decisionId: z.uuid() }),
    answer: Done,
  }),
  'POST /api/alerts/:id/ask': endpoint({
    permission: 'alert.ask',
    says: 'Ask the sources of a finding again, or one of them, about the usual time or one around the alert',
    params: id,
    body: z.object({
      question: QuestionName,
      ask: z.record(z.string(), z.unknown()),
      connector: z.string().max(200).optional().describe('Only this source; left out: all that answer the question'),
      around: AroundMinutes.optional().describe('Minutes before and after the alert, in place of the usual time'),
    }),
    answer: Done,
  }),
  'POST /api/alerts/:id/ask-person': endpoint({
    permission: 'alert.ask',
    says: 'A one-time link to "was this you?", to be handed over by chat; told once',
    params: id,
    body: z.object({
      email: z.email().max(320).describe('Whose answer it will be'),
      what: z.string().trim().min(1).max(1000).describe('What happened, in one sentence'),
    }),
    answer: z.object({ url: z.string(), expiresAt: z.iso.datetime() }),
  }),
  'GET /api/messages/:id/raw': endpoint({
    permission: 'message.download',
    says: 'The bytes of a message as they came, as a download',
    params: digest,
  }),
  'GET /api/quarantine': endpoint({
    permission: 'quarantine.see',
    says: 'Messages that were not accepted',
    answer: z.object({ rows: z.array(QuarantineRow), released: z.int(), accepted: z.int() }),
  }),
  'POST /api/quarantine/:id/release': endpoint({
    permission: 'quarantine.release',
    says: 'Accept a message after looking at it',
    params: digest,
    body: z.object({
      reason: z.string().trim().min(1, 'Say why').max(2000),
      providerId: z.string().max(64).nullable(),
    }),
    answer: Done,
  }),
  'GET /api/runs/:id': endpoint({
    permission: 'desk.see',
    says: 'A run of a playbook, step by step',
    params: id,
    answer: z.object({
      run: Run.extend({ error: z.string() }),
      marks: z.array(Mark.extend({ byName: z.string() })),
      /** The questions that its steps asked, each beside the others of its step. */
      asked: z.array(
        FindingRow.pick({
          id: true,
          question: true,
          title: true,
          connector: true,
          kind: true,
          why: true,
          askedAt: true,
          costMs: true,
        }).extend({
          path: z.string(),
        }),
      ),
      /** The step at which it went on after a restart, the last time. */
      resumedAt: z.string().nullable(),
      nudges: z.array(z.object({ path: z.string(), times: z.int(), at: when })),
      /** Lines of the journal that a retry put aside, newest first. */
      past: z.array(
        z.object({
          path: z.string(),
          attempt: z.int(),
          title: z.string(),
          state: StepState,
          error: z.string().nullable(),
          byName: z.string(),
          at: when,
          reason: z.string(),
        }),
      ),
      alert: z.object({ id: z.uuid(), number: z.int(), title: z.string() }),
    }),
  }),
} as const
