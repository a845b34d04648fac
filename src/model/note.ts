import { z } from 'zod'

/** What a person says of a machine, a person or an address. `knownGood`: it speaks for a benign trigger, under its author's name. */
export const Note = z.object({
  id: z.uuid(),
  about: z.string(),
  knownGood: z.boolean(),
  text: z.string(),
  byName: z.string(),
  at: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
})
export type Note = z.infer<typeof Note>

/** A note with what became of it: taken away by whom, or null while nobody did. */
export const NotePast = Note.extend({
  removed: z.object({ byName: z.string(), at: z.iso.datetime() }).nullable(),
})
export type NotePast = z.infer<typeof NotePast>

export const NoteDraft = z.object({
  about: z.string().trim().toLowerCase().min(1).max(300),
  knownGood: z.boolean().default(false),
  text: z.string().trim().min(1).max(2000),
  expiresAt: z.iso.datetime().nullable().default(null),
  /** The alert on whose page it is written: judged again with it at once. */
  alertId: z.uuid().nullable().default(null),
})
export type NoteDraft = z.infer<typeof NoteDraft>
