import { z } from 'zod'
import { SystemKind, SystemSettings, TheirVerdict } from '../model/elsewhere.ts'
import { TicketState } from '../model/ticket.ts'
import { Outcome } from '../model/triage.ts'
import { Done, endpoint } from './endpoint.ts'

const when = z.iso.datetime()
const id = z.object({ id: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'small letters, digits and hyphens') })

/** A system that tickets are kept in step with, and how it is doing. */
export const SystemCard = z.object({
  id: z.string(),
  kind: SystemKind,
  title: z.string(),
  settings: SystemSettings,
  hasSecret: z.boolean(),
  /** Jira: its signed webhooks are taken, and when one came last. */
  hasHook: z.boolean(),
  hookedAt: when.nullable(),
  enabled: z.boolean(),
  version: z.int(),
  state: z.enum(['off', 'waiting', 'active', 'failing']),
  says: z.string(),
  failingSince: when.nullable(),
  nextTryAt: when.nullable(),
  answeredAt: when.nullable(),
  /** Statuses of theirs that the mapping does not name. */
  unmapped: z.array(z.object({ status: z.string(), seenAt: when })),
  links: z.object({ linked: z.int(), waiting: z.int(), trouble: z.int(), gone: z.int() }),
})
export type SystemCard = z.infer<typeof SystemCard>

const Words = z.array(z.object({ word: z.string(), says: z.string() }))
/** An API of a provider that answers can go through, with its own words. */
export const ApiCard = z.object({
  id: z.string(),
  title: z.string(),
  address: z.string(),
  docs: z.array(z.string()),
  /** What it wants to see of us: a key; an id and a secret or key; or those, and where tokens are given out. */
  asksFor: z.enum(['key', 'client', 'client-and-place']),
  /** False: it can only be told. */
  reads: z.boolean(),
  statuses: Words,
  verdicts: Words,
  /** What is suggested: ours in theirs, and theirs in ours. */
  usual: z.record(Outcome, z.object({ status: z.string(), verdict: z.string() })),
  means: z.record(z.string(), TheirVerdict),
})
export type ApiCard = z.infer<typeof ApiCard>

/** Where a ticket is in another system. */
export const ElsewhereView = z.object({
  system: z.string(),
  title: z.string(),
  state: z.enum(['new', 'creating', 'unconfirmed', 'linked', 'gone', 'not-linked']),
  key: z.string().nullable(),
  url: z.string().nullable(),
  status: z.string().nullable(),
  /** Their status is in no mapping: it does nothing here. */
  unmapped: z.boolean(),
  /** Of a provider's ticket: its verdict, and what it means here; `means` null: nobody said. */
  verdict: z.object({ word: z.string(), means: TheirVerdict.nullable() }).nullable(),
  says: z.string(),
  waits: z.boolean(),
  syncedAt: when.nullable(),
})
export type ElsewhereView = z.infer<typeof ElsewhereView>

export const Reconciled = z.object({
  system: z.string(),
  title: z.string(),
  at: when,
  looked: z.int(),
  even: z.int(),
  rows: z.array(
    z.object({
      alertId: z.uuid(),
      ticket: z.string(),
      ours: z.object({ state: TicketState, comments: z.int(), files: z.int() }),
      theirs: z.object({
        key: z.string().nullable(),
        url: z.string().nullable(),
        status: z.string().nullable(),
        comments: z.int().nullable(),
        files: z.int().nullable(),
      }),
      differences: z.array(z.string()),
      did: z.string(),
    }),
  ),
})
export type Reconciled = z.infer<typeof Reconciled>

export const elsewhereApi = {
  'GET /api/elsewhere': endpoint({
    permission: 'house.see',
    says: 'Systems of the house that tickets are kept in step with: how they are set up and how they are doing',
    answer: z.object({
      systems: z.array(SystemCard),
      providers: z.array(z.object({ id: z.string(), name: z.string() })),
      apis: z.array(ApiCard),
    }),
  }),
  'PUT /api/elsewhere/:id': endpoint({
    permission: 'connector.change',
    says: 'Set one up (version 0) or change it: where it is, what may leave, which status is which. A secret that is null stays',
    params: id,
    body: z.object({
      kind: SystemKind,
      title: z.string().trim().min(1).max(60),
      settings: SystemSettings,
      secret: z.string().min(1).max(4_000).nullable().default(null),
      /** What Jira signs its webhooks with. */
      hookSecret: z.string().min(16).max(200).nullable().default(null),
      enabled: z.boolean(),
      version: z.int().nonnegative(),
    }),
    answer: z.object({ version: z.int() }),
  }),
  'DELETE /api/elsewhere/:id': endpoint({
    permission: 'connector.change',
    says: 'Take it away: what was made there stays there, and is not synced any more',
    params: id,
    answer: Done,
  }),
  'POST /api/elsewhere/:id/test': endpoint({
    permission: 'connector.test',
    says: 'Try it: as whom it knows us, or why not',
    params: id,
    answer: z.object({ ok: z.boolean(), says: z.string() }),
  }),
  'POST /api/elsewhere/:id/reconcile': endpoint({
    permission: 'ticketing.change',
    says: 'Look at both sides of every linked ticket and say what differs; with mend, what differs is synced again',
    params: id,
    body: z.object({ mend: z.boolean().default(false) }),
    answer: Reconciled,
  }),
  'POST /api/elsewhere/:system/posts': endpoint({
    permission: 'webhook',
    says: 'What a system has to say of a ticket, signed as our posts to it are, or as Jira signs its webhooks (docs/tickets-elsewhere.md)',
    params: z.object({ system: id.shape.id }),
    form: 'raw',
    answer: z.object({ fresh: z.boolean() }),
  }),
  'GET /api/tickets/:id/elsewhere': endpoint({
    permission: 'desk.see',
    says: 'Where this ticket is in other systems',
    params: z.object({ id: z.uuid() }),
    answer: z.object({ links: z.array(ElsewhereView) }),
  }),
  'POST /api/tickets/:id/elsewhere': endpoint({
    permission: 'ticket.work',
    says: 'Have this ticket synced with a system now, also where its type is not switched on',
    params: z.object({ id: z.uuid() }),
    body: z.object({ system: id.shape.id }),
    answer: Done,
  }),
} as const
