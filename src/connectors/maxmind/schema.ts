import { z } from 'zod'

export const MaxmindSettings = z.strictObject({
  files: z
    .array(z.string().min(1).max(1_000))
    .min(1)
    .max(10)
    .meta({ title: 'Files' })
    .describe('Absolute paths of .mmdb files: city or country, ASN, ISP. Read anew when they change'),
  staleAfterDays: z
    .int()
    .min(1)
    .max(3_650)
    .default(45)
    .meta({ title: 'Stale after (days)' })
    .describe('From this age of a file on every answer says how old it is'),
})
export type MaxmindSettings = z.infer<typeof MaxmindSettings>

const names = z.object({ en: z.string().max(500) }).partial()
const place = z.object({ iso_code: z.string().max(10).optional(), names: names.optional() })

/** What we read of a record, whichever of the vendor's (or anybody's) databases it is of. */
export const MmdbRecord = z.object({
  country: place.optional(),
  registered_country: place.optional(),
  city: z.object({ names: names.optional() }).optional(),
  autonomous_system_number: z.int().optional(),
  autonomous_system_organization: z.string().max(500).optional(),
  organization: z.string().max(500).optional(),
  isp: z.string().max(500).optional(),
})
export type MmdbRecord = z.infer<typeof MmdbRecord>
