import { z } from 'zod'
import { MailKeyFacts } from '../model/mail-key.ts'
import { Done, endpoint } from './endpoint.ts'

const when = z.iso.datetime()
/** A chain of ten certificates, or a key with all its signatures. */
export const keyTextMax = 100_000

const KeyShown = MailKeyFacts.extend({
  /** PEM or armour, to hand on. */
  publicText: z.string(),
  addedByName: z.string(),
  addedAt: when,
  /** Why it cannot be used now, e.g. "it has ended"; null when it can. */
  unusable: z.string().nullable(),
  /** Days until it ends, where these are few. */
  endsInDays: z.int().nullable(),
})
export type KeyShown = z.infer<typeof KeyShown>

export const OwnKeyShown = KeyShown.extend({ id: z.uuid(), retiredAt: when.nullable() })
export type OwnKeyShown = z.infer<typeof OwnKeyShown>

const providerId = z.object({ id: z.string().max(64) })

export const mailKeysApi = {
  'GET /api/mail-keys': endpoint({
    permission: 'house.see',
    says: 'Keys for signed and encrypted mail: ours (never their private parts), and those of providers',
    answer: z.object({
      own: z.array(OwnKeyShown),
      theirs: z.array(KeyShown.extend({ providerId: z.string() })),
      /** Whether the library for OpenPGP is installed. */
      openpgp: z.boolean(),
    }),
  }),
  'POST /api/mail-keys': endpoint({
    permission: 'setting.change',
    says: 'A certificate of ours (PEM; first ours, then those that vouch for it) and its private key, which is sealed and never told again; or a private OpenPGP key alone. New mail is signed with the newest',
    body: z.object({
      publicText: z.string().max(keyTextMax),
      privateText: z.string().max(keyTextMax),
      /** Opens the private key; kept nowhere. */
      passphrase: z.string().max(500).nullable(),
    }),
    answer: z.object({ id: z.uuid(), fingerprint: z.string() }),
  }),
  'POST /api/mail-keys/:id/retire': endpoint({
    permission: 'setting.change',
    says: 'Sign nothing with it any more; it still opens what was encrypted to it',
    params: z.object({ id: z.uuid() }),
    answer: Done,
  }),
  'POST /api/providers/:id/mail-keys': endpoint({
    permission: 'provider.change',
    says: 'A certificate (PEM) or OpenPGP key of a provider, or of the authority that vouches for its certificates. Whoever adds it says that it is theirs: compare the fingerprint by another way than mail first',
    params: providerId,
    body: z.object({ publicText: z.string().max(keyTextMax) }),
    answer: z.object({ fingerprint: z.string() }),
  }),
  'DELETE /api/providers/:id/mail-keys/:fingerprint': endpoint({
    permission: 'provider.change',
    says: 'Take a key of a provider out; what was encrypted to it and has not left yet is held back',
    params: z.object({ id: z.string().max(64), fingerprint: z.string().regex(/^[0-9a-f]{40,64}$/) }),
    answer: Done,
  }),
} as const
