import { z } from 'zod'

const headerName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{1,60}$/, 'a header name such as X-Signature')
/** How far a sender's clock may be off, either way. Standard Webhooks names five minutes. */
const tolerance = z.int().min(30).max(3600).default(300)

/** How a provider shows that a post is its own. The raw body is what is signed; nothing of it is parsed before. */
export const WebhookScheme = z.discriminatedUnion('kind', [
  /** Standard Webhooks, and Svix, whose headers have other names: id, timestamp and signatures of HMAC-SHA256. */
  z.strictObject({ kind: z.literal('standard'), toleranceSeconds: tolerance }),
  /** A header with an HMAC of the body, or of "timestamp.body" (GitHub's way and its relatives). */
  z.strictObject({
    kind: z.literal('hmac'),
    header: headerName,
    /** Words before the signature in the header ("sha256="). */
    prefix: z.string().max(40).default(''),
    algorithm: z.enum(['sha256', 'sha512']).default('sha256'),
    encoding: z.enum(['hex', 'base64']).default('hex'),
    /** The header with the time in seconds, where it is signed along; without it an old post can be sent again (and is known by its bytes). */
    timestampHeader: headerName.nullable().default(null),
    toleranceSeconds: tolerance,
  }),
  /** The secret itself in a header: shows who, not that nothing was changed. */
  z.strictObject({ kind: z.literal('shared-secret'), header: headerName }),
  /** HTTP Basic: the secret is the password. */
  z.strictObject({
    kind: z.literal('basic'),
    user: z
      .string()
      .min(1)
      .max(100)
      .regex(/^[^:\p{Cc}]+$/u),
  }),
])
export type WebhookScheme = z.infer<typeof WebhookScheme>

/** Why a post was refused: what is counted, and shown to the people of the house; the sender hears only that it was. */
export const WebhookRefusal = z.enum(['address', 'no-signature', 'bad-signature', 'bad-time', 'no-secret'])
export type WebhookRefusal = z.infer<typeof WebhookRefusal>
