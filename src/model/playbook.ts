import { z } from 'zod'
import { ApprovalAsk } from './approval.ts'
import { csfIds } from './csf.ts'
import { QuestionName } from './question.ts'

/** "300ms", "5s", "10m", "4h", "3d". */
export const Duration = z.string().regex(/^[1-9]\d{0,5}(ms|s|m|h|d)$/, 'write a duration as 300ms, 5s, 10m, 4h or 3d')

/** A CEL expression, type-checked before a run. See docs/playbooks.md for what it sees. */
export const Condition = z.string().min(1).max(2000)

const Retry = z.object({
  attempts: z.int().min(1).max(10).default(3),
  backoff: Duration.default('1s').describe('Waits this long before the second try, then twice as long each time'),
})

const common = {
  id: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,62}$/)
    .describe('Part of the journal: never rename one that may be waiting'),
  title: z.string().min(1).max(200),
  why: z.string().max(1000).optional().describe('Why this step, in plain words, for somebody new to the desk'),
  csf: z
    .string()
    .regex(/^(GV|ID|PR|DE|RS|RC)\.[A-Z]{2}-\d{2}$/)
    .refine((id) => csfIds.has(id), 'NIST CSF 2.0 has no such subcategory')
    .describe('NIST CSF 2.0 subcategory id, e.g. DE.AE-02'),
  phase: z.enum(['preparation', 'detection', 'analysis', 'containment', 'eradication', 'recovery', 'post-incident']),
  when: Condition.optional().describe('Skip the step unless this holds'),
  timeout: Duration.optional(),
  retry: Retry.optional(),
}

const AskStep = z.object({
  ...common,
  step: z.literal('ask'),
  /** Asked in parallel; each is bounded by its connector's limits. */
  questions: z
    .array(
      z.object({
        ask: QuestionName,
        each: Condition.optional().describe(
          'Asks once for every map of this list (at most 20); `with` reads it as `each`, e.g. each.value',
        ),
        /** Values of the ask's fields: CEL expressions over `alert` (a null or empty result makes it not-applicable). */
        with: z.record(z.string(), Condition),
        connectors: z.array(z.string()).optional().describe('Only these connectors; all that can answer otherwise'),
        except: z.array(z.string()).optional().describe('Not these connectors: they were asked already'),
      }),
    )
    .min(1)
    .max(50),
})
const ProposeStep = z.object({ ...common, step: z.literal('decide-proposal') })
const WaitStep = z.object({
  ...common,
  step: z.literal('wait-for-person'),
  for: z.enum(['decision', 'answer', 'release', 'approval']).describe('What a person must do for the run to go on'),
  /** With `answer`: whom to ask, and what. CEL expressions. */
  to: Condition.optional(),
  question: z.string().max(1000).optional(),
  approval: ApprovalAsk.optional().describe('With `approval`: what is signed, and by whom'),
  expires: Duration.default('3d'),
  remember: Duration.optional().describe(
    'With `answer`: a "yes" of the same person about the same rule, host, account and source address, so young, counts here too',
  ),
})
const NotifyStep = z.object({
  ...common,
  step: z.literal('notify'),
  to: z
    .array(z.string().max(320))
    .min(1)
    .max(20)
    .describe('Mail addresses of our own people, or a role: analyst, lead, approver'),
  subject: z.string().max(300),
  text: z.string().max(10_000).describe('Liquid template over `alert`, `findings`, `judgement`'),
})
const ReplyStep = z.object({
  ...common,
  step: z.literal('reply'),
  text: z.string().max(20_000).optional().describe('Liquid template of the draft'),
  twoPersons: z.boolean().optional().describe('A second person must release it too'),
})

/** A command of somebody else's playbook. It is shown to a person and never run by us, whatever its kind. */
const Command = z.object({ kind: z.string().max(100), text: z.string().max(20_000) })
const ChecklistStep = z.object({
  ...common,
  step: z.literal('checklist'),
  /** What a person does where no connector can; the run waits until each item is done, or put down as not done with the reason. */
  items: z
    .array(
      z.object({
        id: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/),
        text: z.string().min(1).max(4000).describe('Liquid template over `alert`, `answers`, `findings`, `judgement`'),
        why: z.string().max(1000).optional(),
        command: Command.optional().describe('Shown to the person, never run'),
      }),
    )
    .max(50)
    .default([]),
  /** How the step came out, as the person says: conditions read it as `choices["step-id"]`. */
  choices: z.array(z.string().min(1).max(200)).min(2).max(20).optional(),
  expires: Duration.default('7d'),
})

export type Step =
  | z.infer<typeof AskStep>
  | z.infer<typeof ChecklistStep>
  | z.infer<typeof ProposeStep>
  | z.infer<typeof WaitStep>
  | z.infer<typeof NotifyStep>
  | z.infer<typeof ReplyStep>
  | z.infer<typeof SubStep>
  | BranchStep
export type BranchStep = {
  id: string
  title: string
  why?: string | undefined
  csf: string
  phase: z.infer<typeof common.phase>
  when?: string | undefined
  timeout?: string | undefined
  retry?: z.infer<typeof Retry> | undefined
  step: 'branch'
  branches: { if: string; steps: Step[] }[]
  else?: Step[] | undefined
}
const SubStep = z.object({
  ...common,
  step: z.literal('sub-playbook'),
  playbook: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/),
})
const BranchStep: z.ZodType<BranchStep> = z.object({
  ...common,
  step: z.literal('branch'),
  get branches() {
    return z
      .array(z.object({ if: Condition, steps: z.array(Step).max(50) }))
      .min(1)
      .max(20)
  },
  get else() {
    return z.array(Step).max(50).optional()
  },
}) as unknown as z.ZodType<BranchStep>
export const Step: z.ZodType<Step> = z.lazy(() =>
  z.union([AskStep, ProposeStep, WaitStep, NotifyStep, ReplyStep, ChecklistStep, SubStep, BranchStep]),
) as unknown as z.ZodType<Step>

/** CACAO playbooks seen in the field have up to 300 KB, most of it pictures in extensions. */
export const cacaoCharsMax = 2_000_000

/** A standard answer that starts by itself. One YAML file in content/playbooks. */
export const Playbook = z.object({
  playbook: z.literal(1).describe('Version of this format'),
  id: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/),
  version: z.int().min(1),
  title: z.string().min(1).max(200),
  description: z.string().max(2000).default(''),
  /** `alert`: starts by itself on a new alert for which `when` holds. `manual`: only as a sub-playbook or by hand. */
  on: z.enum(['alert', 'unread', 'manual']),
  when: Condition.optional(),
  /** Where the `when` of several hold, the lowest number starts (1 to 100, as in CACAO); then the first by id. */
  priority: z.int().min(1).max(100).default(50),
  steps: z.array(Step).min(1).max(100),
  cacao: z.string().max(cacaoCharsMax).optional().describe('The CACAO document it was imported from, as it came'),
})
export type Playbook = z.infer<typeof Playbook>

export const RunState = z.enum(['running', 'waiting', 'done', 'failed', 'cancelled'])
export type RunState = z.infer<typeof RunState>
export const StepState = z.enum(['running', 'waiting', 'done', 'skipped', 'failed', 'timed-out'])
export type StepState = z.infer<typeof StepState>

/** What a person did with an item of a checklist; `choice` of a whole step stands under the item "". */
export const Mark = z.object({
  path: z.string(),
  itemId: z.string(),
  /** `chosen`: the note is the choice. */
  state: z.enum(['done', 'not-done', 'chosen']),
  note: z.string(),
  by: z.string(),
  at: z.iso.datetime(),
})
export type Mark = z.infer<typeof Mark>

/** A line of the step journal. `path` is the step's place: "ask-context", "if-ours/0/ask-owner", "sub/ask". */
export const JournalLine = z.object({
  path: z.string(),
  stepId: z.string(),
  kind: z.string(),
  title: z.string(),
  state: StepState,
  attempt: z.int(),
  csf: z.string(),
  phase: z.string(),
  why: z.string(),
  input: z.unknown(),
  output: z.unknown(),
  error: z.string().nullable(),
  waitingFor: z.string().nullable(),
  deadline: z.iso.datetime().nullable(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  node: z.string(),
})
export type JournalLine = z.infer<typeof JournalLine>

export const Run = z.object({
  id: z.uuid(),
  playbookId: z.string(),
  playbookVersion: z.int(),
  title: z.string(),
  alertId: z.uuid(),
  state: RunState,
  dryRun: z.boolean(),
  trigger: z.string(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  resumedTimes: z.int(),
  journal: z.array(JournalLine),
})
export type Run = z.infer<typeof Run>
