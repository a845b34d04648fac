import { z } from 'zod'

const regex = z.string().min(1).max(2_000)

/** What tells a product from its lines: the syslog program, the message, or both. The first in the file that fits names it. */
export const Signature = z
  .strictObject({
    /** "vendor:product", lower case. */
    product: z.string().regex(/^[a-z0-9.+-]+:[a-z0-9.+-]+$/),
    app: regex.optional(),
    body: regex.optional(),
    /** Group 1 is the host, where the product says it in the message and not in the syslog header. */
    host: regex.optional(),
    /** Group 1 is the time, likewise. */
    time: regex.optional(),
  })
  .refine((signature) => signature.app !== undefined || signature.body !== undefined, 'needs `app`, `body` or both')
export type Signature = z.infer<typeof Signature>

export const Signatures = z.array(Signature).max(1_000)
