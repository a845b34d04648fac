import { z } from 'zod'
import { Done, endpoint } from './endpoint.ts'

const when = z.iso.datetime()

/** Rows of a section that are listed; the number beside it counts all. */
export const handoverRowsMax = 200

/** One part of a handover: how many, and which they are exactly. */
export const HandoverSection = z.object({
  id: z.enum([
    'new',
    'decided',
    'open',
    'clocks',
    'waiting',
    'tasks',
    'mentions',
    'sent',
    'unsure',
    'sources',
    'doors',
  ]),
  title: z.string(),
  n: z.int(),
  rows: z.array(z.object({ text: z.string(), who: z.string(), at: when.nullable(), href: z.string().nullable() })),
})
export type HandoverSection = z.infer<typeof HandoverSection>

export const HandoverFacts = z.object({ from: when, to: when, sections: z.array(HandoverSection) })
export type HandoverFacts = z.infer<typeof HandoverFacts>

export const Handover = z.object({
  id: z.uuid(),
  note: z.string(),
  facts: HandoverFacts,
  signedBy: z.string(),
  signedAt: when,
  takenBy: z.string().nullable(),
  takenAt: when.nullable(),
})
export type Handover = z.infer<typeof Handover>

const window = z.object({ from: when.or(z.literal('')).default('') })

export const handoverApi = {
  'GET /api/handovers': endpoint({
    permission: 'desk.see',
    says: 'What changed since (the last handover, where nothing is said), a note made of it, and the handovers that were signed',
    query: window,
    answer: z.object({ facts: HandoverFacts, note: z.string(), signed: z.array(Handover) }),
  }),
  'POST /api/handovers': endpoint({
    permission: 'alert.arrange',
    says: 'Sign a handover: the note as it stands, with the facts of this moment',
    body: z.object({ from: when, note: z.string().trim().min(1, 'Say something to the next shift').max(20_000) }),
    answer: z.object({ id: z.uuid() }),
  }),
  'POST /api/handovers/:id/taken': endpoint({
    permission: 'alert.arrange',
    says: 'The next shift has read it',
    params: z.object({ id: z.uuid() }),
    answer: Done,
  }),
} as const
