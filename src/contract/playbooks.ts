import { z } from 'zod'
import { Backtest, BacktestRow, BacktestVerdict } from '../model/backtest.ts'
import { cacaoCharsMax, Mark, Playbook, RunState } from '../model/playbook.ts'
import { Done, endpoint } from './endpoint.ts'

const when = z.iso.datetime()
const id = z.object({ id: z.uuid() })
/** Ids of playbooks are short words. */
const playbookId = z.object({ id: z.string().max(63) })

/** Something about a chain of signatures that would be found out in the night. `stops`: a run would stop there. */
export const SignOffProblem = z.object({ step: z.string(), place: z.string(), says: z.string(), stops: z.boolean() })
export type SignOffProblem = z.infer<typeof SignOffProblem>

/** A playbook in a list. `origin`: it came along or stands in a file of yours, or a person imported it. */
export const PlaybookRow = z.object({
  id: z.string(),
  version: z.int(),
  title: z.string(),
  description: z.string(),
  on: z.enum(['alert', 'unread', 'manual']),
  when: z.string().nullable(),
  priority: z.int(),
  origin: z.enum(['file', 'imported']),
  steps: z.int(),
  csf: z.array(z.string()),
  phases: z.array(z.string()),
  runs: z.object({ all: z.int(), underWay: z.int(), lastAt: when.nullable() }),
  /** What is missing for the signatures that it asks for, as things are now. */
  signOff: z.array(SignOffProblem),
})
export type PlaybookRow = z.infer<typeof PlaybookRow>

/** A step as people read it; `depth` is how far it stands inside others. `says`: what it asks, mails or waits for, line by line. */
export const StepRow = z.object({
  path: z.string(),
  depth: z.int(),
  kind: z.string(),
  title: z.string(),
  why: z.string(),
  csf: z.string(),
  csfTitle: z.string(),
  phase: z.string(),
  when: z.string().nullable(),
  says: z.array(z.string()),
})
export type StepRow = z.infer<typeof StepRow>

export const PlaybookPage = z.object({
  row: PlaybookRow,
  steps: z.array(StepRow),
  lastRuns: z.array(
    z.object({
      id: z.uuid(),
      state: RunState,
      dryRun: z.boolean(),
      startedAt: when,
      endedAt: when.nullable(),
      alert: z.object({ id: z.uuid(), number: z.int(), title: z.string() }),
    }),
  ),
  imported: z.object({ form: z.enum(['cacao', 'yaml']), by: z.string(), at: when }).nullable(),
  playbook: Playbook,
})
export type PlaybookPage = z.infer<typeof PlaybookPage>

/** Text a person types to look something up; longer lists are hunts. */
const typedCharsMax = 10_000
/** Three years back, for a house that keeps everything. */
const daysMax = 1100
/** As long as a CACAO document may be (model/playbook.ts). */
const importCharsMax = cacaoCharsMax
const candidateCharsMax = 200_000
const reason = z.string().trim().min(1, 'Say why, in a sentence').max(2000)
/** A step of a run, and why something is done with it. */
const Mending = z.object({ path: z.string().min(1).max(1000), reason })

export const playbooksApi = {
  'GET /api/playbooks': endpoint({
    permission: 'desk.see',
    says: 'Playbooks of this installation',
    answer: z.object({ playbooks: z.array(PlaybookRow) }),
  }),
  'GET /api/playbooks/:id': endpoint({
    permission: 'desk.see',
    says: 'A playbook, step by step, with its last runs',
    params: playbookId,
    answer: PlaybookPage,
  }),
  'POST /api/playbooks': endpoint({
    permission: 'playbook.change',
    says: 'Bring a playbook in: a CACAO 2.0 document, or YAML. It never starts by itself',
    body: z.object({ text: z.string().min(1).max(importCharsMax) }),
    answer: z.object({ id: z.string() }),
  }),
  'DELETE /api/playbooks/:id': endpoint({
    permission: 'playbook.change',
    says: 'Remove a playbook that was brought in; runs under way go on',
    params: playbookId,
    answer: Done,
  }),
  'GET /api/playbooks/:id/cacao': endpoint({
    permission: 'desk.see',
    says: 'A playbook as a CACAO 2.0 document, as a download',
    params: playbookId,
  }),
  'POST /api/alerts/:id/runs': endpoint({
    permission: 'playbook.run',
    says: 'Start a playbook for an alert by hand',
    params: id,
    body: z.object({ playbook: z.string().max(63) }),
    answer: z.object({ runId: z.uuid() }),
  }),
  'POST /api/playbooks/:id/look-up': endpoint({
    permission: 'playbook.run',
    says: 'Open an alert for the indicators in a text and start a playbook on it',
    params: playbookId,
    body: z.object({ text: z.string().trim().min(1, 'Type or paste an indicator').max(typedCharsMax), reason }),
    answer: z.object({ alertId: z.uuid(), runId: z.uuid() }),
  }),
  'POST /api/playbooks/:id/dry-run': endpoint({
    permission: 'playbook.run',
    says: 'Walk a playbook for an alert at once: it asks for real, and keeps, changes and sends nothing',
    params: playbookId,
    body: z.object({ alert: z.int().positive().describe('Number of the alert, e.g. 17 for A-17') }),
    answer: z.object({ runId: z.uuid() }),
  }),
  'GET /api/backtests': endpoint({
    permission: 'desk.see',
    says: 'Looks back over the past that were asked for, newest first',
    answer: z.object({ backtests: z.array(Backtest) }),
  }),
  'POST /api/backtests': endpoint({
    permission: 'playbook.run',
    says: 'Try a playbook, reader or expectation on the last days; a job walks it, read-only, and nobody is asked',
    body: z
      .object({
        kind: z.enum(['playbook', 'reader', 'expectation']),
        days: z.int().min(1).max(daysMax),
        /** A playbook of the house. */
        playbook: z.string().max(63).optional(),
        /** An expectation of the house. */
        expectation: z.uuid().optional(),
        /** The YAML of a playbook or reader that is not switched on. */
        text: z.string().max(candidateCharsMax).optional(),
      })
      .refine((body) => [body.playbook, body.text, body.expectation].filter((one) => one !== undefined).length === 1, {
        path: ['text'],
        message: 'Name a playbook or an expectation, or give the text of one',
      }),
    answer: z.object({ id: z.uuid() }),
  }),
  'GET /api/backtests/:id': endpoint({
    permission: 'desk.see',
    says: 'A look back: how far it is, and its numbers',
    params: id,
    answer: Backtest,
  }),
  'GET /api/backtests/:id/rows': endpoint({
    permission: 'desk.see',
    says: 'The exact list behind a number of a look back',
    params: id,
    query: z.object({
      verdict: BacktestVerdict.or(z.literal('')).default(''),
      change: z.string().max(100).default(''),
      unrecorded: z.enum(['', 'yes']).default(''),
      after: z.coerce.number().int().min(0).default(0),
    }),
    answer: z.object({ rows: z.array(BacktestRow), next: z.int().nullable() }),
  }),
  'POST /api/backtests/:id/cancel': endpoint({
    permission: 'playbook.run',
    says: 'End a look back',
    params: id,
    answer: Done,
  }),
  'POST /api/runs/:id/cancel': endpoint({
    permission: 'playbook.run',
    says: 'End a run, with the reason',
    params: id,
    body: z.object({ reason }),
    answer: Done,
  }),
  'POST /api/runs/:id/retry': endpoint({
    permission: 'playbook.run',
    says: 'Have a run that waits or has ended go on again from a step, with the reason; what stood there is put aside',
    params: id,
    body: Mending,
    answer: Done,
  }),
  'POST /api/runs/:id/skip': endpoint({
    permission: 'playbook.run',
    says: 'Skip a step that is under way, waits or failed, with the reason',
    params: id,
    body: Mending,
    answer: Done,
  }),
  'POST /api/runs/:id/nudge': endpoint({
    permission: 'playbook.run',
    says: 'Remind by mail whoever a step waits for, at most once an hour',
    params: id,
    body: Mending,
    answer: z.object({ to: z.array(z.string()) }),
  }),
  'POST /api/runs/:id/marks': endpoint({
    permission: 'playbook.run',
    says: 'Put an item of a checklist down as done or not done, or choose how a step came out',
    params: id,
    body: Mark.omit({ by: true, at: true }).extend({
      path: z.string().max(1000),
      itemId: z.string().max(63),
      note: z.string().trim().max(2000),
    }),
    answer: Done,
  }),
} as const
