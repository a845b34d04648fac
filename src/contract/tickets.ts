import { z } from 'zod'
import { Severity } from '../model/alert.ts'
import { TaskChange, Ticketing, TicketState, TicketType } from '../model/ticket.ts'
import { Outcome } from '../model/triage.ts'
import { Done, endpoint } from './endpoint.ts'
import { RecordWords } from './record.ts'

const when = z.iso.datetime()

/** More rows than anybody works through; who needs more filters. */
export const ticketRowsMax = 200
export const fileBytesMax = 20 * 1024 * 1024
export const commentCharsMax = 10_000

/** A clock of a ticket as it stands: what the provider owes (`notify`, `answer`), what we owe (`acknowledge`, `decide`). */
export const ClockView = z.object({
  clock: z.enum(['acknowledge', 'decide', 'notify', 'answer']),
  side: z.enum(['ours', 'theirs']),
  state: z.enum(['running', 'paused', 'overdue', 'met', 'missed']),
  allowedMs: z.number(),
  usedMs: z.number(),
  dueAt: when.nullable(),
  /** Why it stands still, in words; empty where it runs. */
  because: z.string(),
})
export type ClockView = z.infer<typeof ClockView>

export const TicketRow = z.object({
  alertId: z.uuid(),
  number: z.int(),
  type: TicketType,
  state: TicketState,
  title: z.string(),
  providerName: z.string(),
  theirs: z.string().nullable(),
  severity: Severity,
  owner: z.object({ id: z.uuid(), name: z.string() }).nullable(),
  outcome: Outcome.nullable(),
  receivedAt: when,
  clocks: z.array(ClockView),
  tasks: z.object({ done: z.int(), all: z.int() }),
  comments: z.int(),
  sample: z.boolean(),
})
export type TicketRow = z.infer<typeof TicketRow>

const Person = z.object({ id: z.uuid(), name: z.string() })

export const TicketTask = z.object({
  id: z.uuid(),
  title: z.string(),
  owner: Person.nullable(),
  dueAt: when.nullable(),
  doneAt: when.nullable(),
  doneBy: z.string().nullable(),
})
export type TicketTask = z.infer<typeof TicketTask>

export const TicketPage = TicketRow.extend({
  acknowledged: z.object({ at: when, by: z.string() }).nullable(),
  closed: z.object({ at: when, by: z.string(), note: z.string() }).nullable(),
  mergedInto: z.object({ id: z.uuid(), number: z.int() }).nullable(),
  /** By the matrix, for this type: names of people and roles. */
  parties: z.object({
    responsible: z.array(z.string()),
    accountable: z.string(),
    consulted: z.array(z.string()),
    informed: z.array(z.string()),
  }),
  taskList: z.array(TicketTask),
  commentList: z.array(
    z.object({ id: z.uuid(), by: z.string(), at: when, text: z.string(), mentions: z.array(z.string()) }),
  ),
  files: z.array(
    z.object({ id: z.uuid(), name: z.string(), bytes: z.int(), sha256: z.string(), by: z.string(), at: when }),
  ),
  references: z.array(z.object({ system: z.string(), reference: z.string() })),
  escalations: z.array(
    z.object({ clock: z.string(), dueAt: when, level: z.int(), told: z.array(z.string()), at: when }),
  ),
  /** Newest first, out of the ledger. */
  history: z.array(RecordWords),
})
export type TicketPage = z.infer<typeof TicketPage>

/** Which tickets: `open` are those that somebody must still do something about. */
export const TicketQuery = z.object({
  state: z.enum(['open', ...TicketState.options, 'all']).default('open'),
  type: TicketType.or(z.literal('')).default(''),
  owner: z.enum(['', 'me', 'nobody']).or(z.uuid()).default(''),
  clock: z.enum(['', 'ours-overdue', 'theirs-overdue']).default(''),
  q: z.string().max(200).default(''),
})
export type TicketQuery = z.infer<typeof TicketQuery>

const id = z.object({ id: z.uuid() })
const taskText = z.string().trim().min(1).max(300)

export const ticketsApi = {
  'GET /api/tickets': endpoint({
    permission: 'desk.see',
    says: 'Tickets, the one that runs out first on top',
    query: TicketQuery,
    answer: z.object({ rows: z.array(TicketRow), more: z.boolean(), open: z.int() }),
  }),
  'GET /api/tickets/:id': endpoint({
    permission: 'desk.see',
    says: 'The ticket of an alert, by the id of the alert',
    params: id,
    answer: TicketPage,
  }),
  'POST /api/tickets/:id/state': endpoint({
    permission: 'ticket.work',
    says: 'Take it up, close it (once it is decided), or open it again with a reason',
    params: id,
    body: z.object({
      to: z.enum(['acknowledged', 'closed', 'reopened']),
      note: z.string().trim().max(4_000).default(''),
    }),
    answer: Done,
  }),
  'PUT /api/tickets/:id/type': endpoint({
    permission: 'ticket.work',
    says: 'Another type: who is responsible follows from it; its tasks are added',
    params: id,
    body: z.object({ type: TicketType }),
    answer: Done,
  }),
  'POST /api/tickets/:id/comments': endpoint({
    permission: 'ticket.work',
    says: 'Write a comment; whom it names as @name or @mail is told by mail',
    params: id,
    body: z.object({ text: z.string().trim().min(1).max(commentCharsMax) }),
    answer: z.object({ id: z.uuid(), mentions: z.array(z.string()) }),
  }),
  'POST /api/tickets/:id/tasks': endpoint({
    permission: 'ticket.work',
    says: 'Add a task',
    params: id,
    body: z.object({ title: taskText, owner: z.uuid().nullable().default(null), dueAt: when.nullable().default(null) }),
    answer: z.object({ id: z.uuid() }),
  }),
  'PUT /api/tickets/:id/tasks/:task': endpoint({
    permission: 'ticket.work',
    says: 'Tick a task off, give it to somebody, or take it away',
    params: z.object({ id: z.uuid(), task: z.uuid() }),
    body: TaskChange,
    answer: Done,
  }),
  'PUT /api/tickets/:id/references': endpoint({
    permission: 'ticket.work',
    says: 'The same work in other systems: the whole list',
    params: id,
    body: z.object({
      references: z
        .array(z.object({ system: z.string().trim().min(1).max(60), reference: z.string().trim().min(1).max(300) }))
        .max(20),
    }),
    answer: Done,
  }),
  'POST /api/tickets/:id/files': endpoint({
    permission: 'ticket.work',
    says: `Put a file beside it, at most ${fileBytesMax / 1024 / 1024} MiB`,
    params: id,
    form: 'multipart',
    answer: z.object({ id: z.uuid(), sha256: z.string() }),
  }),
  'GET /api/tickets/:id/files/:file': endpoint({
    permission: 'message.download',
    says: 'A file as a download; it is never shown',
    params: z.object({ id: z.uuid(), file: z.uuid() }),
  }),
  'GET /api/ticketing': endpoint({
    permission: 'house.see',
    says: 'The rules for tickets: hours, what is allowed, who is responsible; also as YAML',
    answer: z.object({
      ticketing: Ticketing,
      yaml: z.string(),
      version: z.int(),
      /** Whom a rule can name. */
      people: z.array(z.object({ email: z.string(), name: z.string() })),
      providers: z.array(z.object({ id: z.string(), name: z.string() })),
    }),
  }),
  'PUT /api/ticketing': endpoint({
    permission: 'ticketing.change',
    says: 'Change the rules for tickets, as a document or as YAML',
    body: z.object({
      ticketing: Ticketing.optional(),
      yaml: z.string().max(200_000).optional(),
      version: z.int().nonnegative(),
    }),
    answer: z.object({ version: z.int() }),
  }),
} as const
