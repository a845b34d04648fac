import { z } from 'zod'

/** How mail is signed and encrypted: S/MIME (RFC 8551), or OpenPGP (RFC 9580, in mail RFC 3156). */
export const MailKeyMethod = z.enum(['smime', 'openpgp'])
export type MailKeyMethod = z.infer<typeof MailKeyMethod>

/** What a certificate or public key says of itself. Nobody vouches for it but who put it here. */
export const MailKeyFacts = z.object({
  method: MailKeyMethod,
  /** Hex, lower-case: SHA-256 of the certificate, or of the OpenPGP key as the standard makes it. */
  fingerprint: z.string().regex(/^[0-9a-f]{40,64}$/),
  subject: z.string(),
  issuer: z.string(),
  emails: z.array(z.string()),
  startsAt: z.iso.datetime(),
  /** null: it does not end by itself. */
  endsAt: z.iso.datetime().nullable(),
  /** "RSA 3072", "EC P-256". */
  algorithm: z.string(),
  forSigning: z.boolean(),
  forEncryption: z.boolean(),
  /** An authority: certificates that it issued are believed; nothing is encrypted to it. */
  isAuthority: z.boolean(),
})
export type MailKeyFacts = z.infer<typeof MailKeyFacts>

/** How mails to a provider are protected. `encrypt` signs too. */
export const MailRule = z.object({
  protect: z.enum(['none', 'sign', 'encrypt']),
  method: MailKeyMethod,
  /** Nothing leaves unencrypted by mail: where it cannot be encrypted, it is not released. */
  mustEncrypt: z.boolean(),
})
export type MailRule = z.infer<typeof MailRule>

/** How a mail that was released is protected, by fingerprints. */
export const MailProtection = z.object({
  method: MailKeyMethod,
  signedBy: z.string(),
  /** Empty: signed only. */
  encryptedTo: z.array(z.string()),
})
export type MailProtection = z.infer<typeof MailProtection>

/** What becomes of a mail to a provider as things are, in words for whoever releases it. */
export const ProtectionSeen = z.object({
  state: z.enum(['plain', 'signed', 'encrypted', 'blocked']),
  /** A sentence. */
  says: z.string(),
  /** What to do about it; null where nothing is to be done. */
  next: z.string().nullable(),
})
export type ProtectionSeen = z.infer<typeof ProtectionSeen>
