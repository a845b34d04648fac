import { z } from 'zod'
import { Done, endpoint } from './endpoint.ts'

/** What a person does with an alert they have open. */
export const Doing = z.enum(['reading', 'deciding', 'answering'])
export type Doing = z.infer<typeof Doing>

/** A tab says every 20 s that it is still there (web/src/parts/presence.tsx); one that was silent for twice as long and a bit is gone, ms. */
export const presenceGoneMs = 50_000

export const Presence = z.object({
  alertId: z.uuid(),
  person: z.object({ id: z.uuid(), name: z.string() }),
  doing: Doing,
  since: z.iso.datetime(),
})
export type Presence = z.infer<typeof Presence>

export const presenceApi = {
  'GET /api/presence': endpoint({
    permission: 'desk.see',
    says: 'Who else has which alert open right now',
    answer: z.object({ here: z.array(Presence) }),
  }),
  'POST /api/presence': endpoint({
    permission: 'presence.say',
    says: 'Say what I do with an alert that a tab of mine shows; to be said again every 20 s, and "gone" when it is left',
    body: z.object({ tab: z.uuid(), alertId: z.uuid(), doing: Doing.or(z.literal('gone')) }),
    answer: Done,
  }),
} as const
