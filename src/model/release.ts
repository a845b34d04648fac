import { z } from 'zod'
import { remindersMax } from './approval.ts'
import { MailProtection } from './mail-key.ts'
import type { Role } from './user.ts'

/** Whoever may let an answer leave; the auditor's check of a signature asks for one of them. */
export const releaserRoles = ['administrator', 'lead', 'analyst', 'approver'] as const satisfies readonly Role[]

/**
 * When the release of an answer that needs two people must be signed with a passkey, and when a click is enough. `when-they-have-one`: the second
 * person signs once they have a passkey. `always`: both sign. `offered`: a click is enough.
 */
export const ReleaseSigning = z.enum(['when-they-have-one', 'always', 'offered'])
export type ReleaseSigning = z.infer<typeof ReleaseSigning>
export const releaseSigningDefault: ReleaseSigning = 'when-they-have-one'

/** An answer that lay for a week is another answer: the case has gone on, and its provider waits for it. */
const secondHoursMax = 7 * 24

/** How long an answer waits for its second release before it goes back to the review, and when those who are asked hear of it again. */
export const SecondWait = z
  .strictObject({
    hours: z.int().min(1).max(secondHoursMax),
    /** Counted from the asking. The first one asks everybody else who may release. */
    remindAfterHours: z.array(z.int().min(1).max(secondHoursMax)).max(remindersMax),
  })
  .refine(({ hours, remindAfterHours: after }) => after.every((one, n) => one < hours && one > (after[n - 1] ?? 0)), {
    path: ['remindAfterHours'],
    error: 'A reminder comes before the end, and each one later than the one before',
  })
export type SecondWait = z.infer<typeof SecondWait>
/** A day: who releases at night is not there at night. Whoever wanted to has seen it after the second reminder. */
export const secondWaitDefault: SecondWait = { hours: 24, remindAfterHours: [1, 4] }

export type ReleasePart = 'first' | 'second'

/** Is a click of this person enough for this part of a release by two? `hadPasskey`: they have one, or had one that was lost. */
export function clickIsEnough(signing: ReleaseSigning, part: ReleasePart, hadPasskey: boolean): boolean {
  switch (signing) {
    case 'offered':
      return true
    case 'always':
      return false
    case 'when-they-have-one':
      return part === 'first' || !hadPasskey
  }
}

export const releaseForm = 'counterfoil/release/1'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const File = z.strictObject({ name: z.string(), type: z.string(), sha256, sizeBytes: z.int() })

/** What leaves, to whom and under which rule, as a person sees it before they sign. */
export const ReleaseFacts = z.strictObject({
  reply: z.uuid(),
  alert: z.uuid(),
  /** Of the draft: what was changed since is another one. */
  version: z.int(),
  /** The whole mail, byte by byte; or what goes through their API instead. */
  subject: z.strictObject({
    /** `api`: the requests to their own API, as one document. */
    kind: z.enum(['mail', 'api']),
    sha256,
    sizeBytes: z.int(),
    messageId: z.string(),
    title: z.string(),
  }),
  /** Of a mail that is signed or encrypted: what its reader sees of it, and by which keys. */
  clearSha256: sha256.nullable(),
  protection: MailProtection.nullable(),
  /** The part that a person reads, as UTF-8. */
  text: z.strictObject({ sha256 }),
  /** Everything that goes with it, the machine-readable part too. */
  files: z.array(File),
  provider: z.string(),
  to: z.array(z.string()),
  dryRun: z.boolean(),
  rule: z.string(),
  /** Why one person is not enough. */
  because: z.array(z.string()),
  release: z.enum(['first', 'second']),
  /** Who released these bytes before; null for a first release. */
  first: z.strictObject({ by: z.string(), at: z.iso.datetime() }).nullable(),
})
export type ReleaseFacts = z.infer<typeof ReleaseFacts>

/** What a person signs to let an answer leave; its canonical JSON (RFC 8785) is hashed, and the digest is the challenge of the passkey. */
export const ReleaseStatement = ReleaseFacts.extend({
  statement: z.literal(releaseForm),
  /** Drawn for this one signature. */
  nonce: z.string().length(43),
  who: z.strictObject({
    ...{ user: z.uuid(), email: z.string(), name: z.string(), role: z.string() },
    /** In whose place they were asked, who is away or handed it over; not said where they were asked for themselves, or not at all. */
    standsFor: z.uuid().optional(),
  }),
  at: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  origin: z.string(),
  rpId: z.string(),
})
export type ReleaseStatement = z.infer<typeof ReleaseStatement>
