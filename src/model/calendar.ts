import { z } from 'zod'

/** What may be planned. */
export const CalendarKind = z.enum(['change', 'maintenance', 'pentest', 'exercise', 'absence', 'other'])
export type CalendarKind = z.infer<typeof CalendarKind>

/** Something planned. `assets` are host names; `networks` addresses and ranges it is about; `origins` those it comes from. */
export const CalendarEntry = z.object({
  id: z.string().min(1).max(300),
  kind: CalendarKind,
  title: z.string().min(1).max(300),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  assets: z.array(z.string().max(253)).max(1_000).default([]),
  networks: z.array(z.string().max(64)).max(1_000).default([]),
  origins: z.array(z.string().max(64)).max(1_000).default([]),
  /** True where a person said that it is about everything (a house-wide freeze, a red team). */
  everything: z.boolean().default(false),
  /** Who answers for it. */
  owner: z.string().max(200).nullable().default(null),
  /** Absences: who is away (mail address, account or name), and who stands in. */
  person: z.string().max(320).nullable().default(null),
  deputy: z.string().max(320).nullable().default(null),
  note: z.string().max(2_000).nullable().default(null),
})
export type CalendarEntry = z.infer<typeof CalendarEntry>
