import { z } from 'zod'
import { ChatKind, ChatSettings } from '../model/chat.ts'
import { Done, endpoint } from './endpoint.ts'

const when = z.iso.datetime()
const id = z.object({ id: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'small letters, digits and hyphens') })

/** A channel of chat, and how it is doing. Of the address of its webhook only the host is told. */
export const ChannelCard = z.object({
  id: z.string(),
  kind: ChatKind,
  title: z.string(),
  settings: ChatSettings,
  host: z.string(),
  enabled: z.boolean(),
  version: z.int(),
  state: z.enum(['off', 'waiting', 'active', 'failing']),
  says: z.string(),
  failingSince: when.nullable(),
  nextTryAt: when.nullable(),
  answeredAt: when.nullable(),
  /** Of the last seven days; those that wait, of any. */
  posts: z.object({ sent: z.int(), waiting: z.int(), failed: z.int() }),
})
export type ChannelCard = z.infer<typeof ChannelCard>

export const chatApi = {
  'GET /api/chat': endpoint({
    permission: 'house.see',
    says: 'Channels of Slack and Teams that people of the house are told in: how they are set up and how they are doing',
    answer: z.object({ channels: z.array(ChannelCard) }),
  }),
  'PUT /api/chat/:id': endpoint({
    permission: 'connector.change',
    says: 'Set one up (version 0) or change it: its webhook, whose notices go there, what of them. An address that is null stays',
    params: id,
    body: z.object({
      kind: ChatKind,
      title: z.string().trim().min(1).max(60),
      settings: ChatSettings,
      url: z.string().trim().min(1).max(2_000).nullable().default(null),
      enabled: z.boolean(),
      version: z.int().nonnegative(),
    }),
    answer: z.object({ version: z.int() }),
  }),
  'DELETE /api/chat/:id': endpoint({
    permission: 'connector.change',
    says: 'Take it away, with what waits for it',
    params: id,
    answer: Done,
  }),
  'POST /api/chat/:id/test': endpoint({
    permission: 'connector.test',
    says: 'Post a test message: whether its server took it, or why not',
    params: id,
    answer: z.object({ ok: z.boolean(), says: z.string() }),
  }),
} as const
