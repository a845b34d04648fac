import { createPrivateKey, type KeyObject, randomUUID } from 'node:crypto'
import { addOwnMailKey, addTheirMailKey, keysOfProviderMax, theirMailKeys } from '../db/mail-keys.ts'
import { type Db, transaction } from '../db/open.ts'
import { providerById } from '../db/providers.ts'
import { type CertificateRead, readCertificates } from '../kit/certificate.ts'
import type { Clock } from '../kit/clock.ts'
import { Trouble, wordsOf } from '../kit/errors.ts'
import { seal } from '../kit/seal.ts'
import { append } from '../ledger/append.ts'
import type { MailKeyFacts } from '../model/mail-key.ts'
import { whyUnusable } from '../triage/mail-protection.ts'
import { sealedFor } from './replies/protect.ts'

type Parts = { readonly db: Db; readonly clock: Clock; readonly sealKey: Uint8Array }

export type OwnKeyGiven = {
  readonly publicText: string
  readonly privateText: string
  readonly passphrase: string | null
}

function refuse(field: string, why: string): never {
  throw new Trouble('input.invalid', { fields: { [field]: why } })
}

function certificatesIn(text: string): readonly [CertificateRead, ...CertificateRead[]] {
  let read: CertificateRead[]
  try {
    read = readCertificates(Buffer.from(text))
  } catch (error) {
    return refuse('publicText', `A certificate in it cannot be read: ${wordsOf(error)}`)
  }
  const [first, ...others] = read
  if (first === undefined)
    return refuse('publicText', 'There is no certificate in it: it begins with -----BEGIN CERTIFICATE-----')
  return [first, ...others]
}

function factsOf(read: CertificateRead): MailKeyFacts {
  const { fingerprint, subject, issuer, emails, startsAt, endsAt, algorithm } = read
  const { forSigning, forEncryption, isAuthority } = read
  return {
    ...{ method: 'smime', fingerprint, subject, issuer, emails: [...emails], startsAt, endsAt, algorithm },
    ...{ forSigning, forEncryption, isAuthority },
  }
}

/** A key of ours, its private part sealed. Throws Trouble('input.invalid') with the field that cannot be used, and why. */
export async function takeOwnKey(
  parts: Parts,
  given: OwnKeyGiven,
  by: string,
): Promise<{ readonly id: string; readonly fingerprint: string }> {
  const { db, clock, sealKey } = parts
  const chain = certificatesIn(given.publicText)
  const facts = factsOf(chain[0])
  const why = whyUnusable(facts, clock.now())
  if (why !== null) refuse('publicText', `This certificate cannot be used: ${why}`)
  if (!facts.forSigning)
    refuse('publicText', 'This certificate is not for signing mail: it says another use, or its key is too short')
  const key = privateKeyOf(given)
  if (!chain[0].x509.checkPrivateKey(key)) refuse('privateText', 'This is the key of another certificate')
  const id = randomUUID()
  const plain = key.export({ type: 'pkcs8', format: 'pem' }).toString()
  const publicText = chain.map((one) => one.pem).join('')
  await transaction(db, async (tx) => {
    const sealed = seal(sealKey, plain, sealedFor(id))
    const fresh = await addOwnMailKey(tx, { id, facts, publicText, sealed, addedBy: by }, clock.now())
    if (!fresh) refuse('publicText', 'This certificate is there already')
    const body = { method: facts.method, fingerprint: facts.fingerprint, subject: facts.subject, endsAt: facts.endsAt }
    await append(tx, { kind: 'mail-key.added', actor: by, subject: `mail-key:${id}`, body }, clock)
  })
  return { id, fingerprint: facts.fingerprint }
}

/** What went wrong with a private key is not repeated in the library's words: they may hold a piece of it. */
function privateKeyOf({ privateText, passphrase }: OwnKeyGiven): KeyObject {
  try {
    return createPrivateKey({ key: privateText, ...(passphrase === null ? {} : { passphrase }) })
  } catch {
    return refuse('privateText', 'There is no private key in it, or the passphrase does not open it')
  }
}

/** A key of a provider, believed from now on. Throws Trouble: 'not.found', 'input.invalid' with what is wrong with it. */
export async function takeTheirKey(
  parts: Omit<Parts, 'sealKey'>,
  given: { readonly providerId: string; readonly publicText: string },
  by: string,
): Promise<{ readonly fingerprint: string }> {
  const { db, clock } = parts
  const { providerId } = given
  const [read, ...others] = certificatesIn(given.publicText)
  if (others.length > 0) refuse('publicText', 'This is more than one certificate: add each by itself')
  const facts = factsOf(read)
  const why = whyUnusable(facts, clock.now())
  if (why !== null) refuse('publicText', `This certificate cannot be used: ${why}`)
  if (!facts.forSigning && !facts.forEncryption && !facts.isAuthority)
    refuse('publicText', 'This certificate is not for mail: it says another use, or its key is too short')
  await transaction(db, async (tx) => {
    if ((await providerById(tx, providerId)) === null) throw new Trouble('not.found', { provider: providerId })
    if ((await theirMailKeys(tx, providerId)).length >= keysOfProviderMax)
      refuse('publicText', `There are ${keysOfProviderMax} already: take one out first`)
    const fresh = await addTheirMailKey(tx, { providerId, facts, publicText: read.pem, addedBy: by }, clock.now())
    if (!fresh) refuse('publicText', 'This certificate is there already')
    const { method, fingerprint, subject, endsAt } = facts
    const body = { mailKey: 'added', method, fingerprint, subject, endsAt }
    await append(tx, { kind: 'provider.changed', actor: by, subject: `provider:${providerId}`, body }, clock)
  })
  return { fingerprint: facts.fingerprint }
}
