import { createPrivateKey, type KeyObject, randomUUID } from 'node:crypto'
import { addOwnMailKey, addTheirMailKey, keysOfProviderMax, theirMailKeys } from '../db/mail-keys.ts'
import { type Db, transaction } from '../db/open.ts'
import { providerById } from '../db/providers.ts'
import { type CertificateRead, readCertificates } from '../kit/certificate.ts'
import type { Clock } from '../kit/clock.ts'
import { Trouble, wordsOf } from '../kit/errors.ts'
import { isPgp, notInstalled, openpgpHere, type PgpKeyRead, readPgpKey, whyNoKey } from '../kit/openpgp.ts'
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
  const { facts, plain, publicText } = isPgp(given.privateText)
    ? await ownPgpKey(given, clock.now())
    : ownCertificate(given, clock.now())
  const id = randomUUID()
  await transaction(db, async (tx) => {
    const sealed = seal(sealKey, plain, sealedFor(id))
    const fresh = await addOwnMailKey(tx, { id, facts, publicText, sealed, addedBy: by }, clock.now())
    if (!fresh) refuse(facts.method === 'openpgp' ? 'privateText' : 'publicText', 'It is there already')
    const body = { method: facts.method, fingerprint: facts.fingerprint, subject: facts.subject, endsAt: facts.endsAt }
    await append(tx, { kind: 'mail-key.added', actor: by, subject: `mail-key:${id}`, body }, clock)
  })
  return { id, fingerprint: facts.fingerprint }
}

/** A key of ours before it is sealed. */
type OwnRead = { readonly facts: MailKeyFacts; readonly plain: string; readonly publicText: string }

function ownCertificate(given: OwnKeyGiven, now: Date): OwnRead {
  const chain = certificatesIn(given.publicText)
  const facts = factsOf(chain[0])
  const why = whyUnusable(facts, now)
  if (why !== null) refuse('publicText', `This certificate cannot be used: ${why}`)
  if (!facts.forSigning)
    refuse('publicText', 'This certificate is not for signing mail: it says another use, or its key is too short')
  const key = privateKeyOf(given)
  if (!chain[0].x509.checkPrivateKey(key)) refuse('privateText', 'This is the key of another certificate')
  const plain = key.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { facts, plain, publicText: chain.map((one) => one.pem).join('') }
}

async function pgpHere() {
  const openpgp = await openpgpHere()
  if (openpgp === null) throw new Trouble('openpgp.missing', { problem: notInstalled })
  return openpgp
}

function pgpFactsOf(read: PgpKeyRead): MailKeyFacts {
  const { fingerprint, subject, emails, startsAt, endsAt, algorithm, forSigning, forEncryption } = read
  return {
    ...{ method: 'openpgp', fingerprint, subject, issuer: subject, emails: [...emails], startsAt, endsAt, algorithm },
    ...{ forSigning, forEncryption, isAuthority: false },
  }
}

/** The public part comes out of the private one. */
async function ownPgpKey({ privateText, passphrase }: OwnKeyGiven, now: Date): Promise<OwnRead> {
  const openpgp = await pgpHere()
  const locked = await openpgp
    .readPrivateKey({ armoredKey: privateText })
    .catch(() => refuse('privateText', 'There is no private OpenPGP key in it'))
  const key = locked.isDecrypted()
    ? locked
    : await openpgp
        .decryptKey({ privateKey: locked, passphrase: passphrase ?? '' })
        .catch(() => refuse('privateText', 'The passphrase does not open this key'))
  const read = await readPgpKey(key, now)
  const facts = pgpFactsOf(read)
  const why = whyUnusable(facts, now)
  if (why !== null) refuse('privateText', `This key cannot be used: ${why}`)
  if (!facts.forSigning) refuse('privateText', 'This key is not for signing, or it was revoked')
  return { facts, plain: key.armor(), publicText: read.publicText }
}

async function theirPgpKey(publicText: string, now: Date): Promise<TheirRead> {
  const openpgp = await pgpHere()
  if (publicText.includes('PRIVATE KEY'))
    refuse('publicText', 'This is a private key, which nobody else should have: ask them for the public one')
  const keys = await openpgp
    .readKeys({ armoredKeys: publicText })
    .catch((error: unknown) => refuse('publicText', `This key cannot be read: ${whyNoKey(error)}`))
  const [key] = keys
  if (key === undefined || keys.length > 1) return refuse('publicText', 'This is not one key: add each by itself')
  const read = await readPgpKey(key, now)
  return { facts: pgpFactsOf(read), publicText: read.publicText, called: 'key' }
}

/** A key of theirs before it is kept. */
type TheirRead = { readonly facts: MailKeyFacts; readonly publicText: string; readonly called: 'certificate' | 'key' }

function theirCertificate(publicText: string): TheirRead {
  const [read, ...others] = certificatesIn(publicText)
  if (others.length > 0) refuse('publicText', 'This is more than one certificate: add each by itself')
  return { facts: factsOf(read), publicText: read.pem, called: 'certificate' }
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
  const { facts, publicText, called } = isPgp(given.publicText)
    ? await theirPgpKey(given.publicText, clock.now())
    : theirCertificate(given.publicText)
  const why = whyUnusable(facts, clock.now())
  if (why !== null) refuse('publicText', `This ${called} cannot be used: ${why}`)
  if (!facts.forSigning && !facts.forEncryption && !facts.isAuthority)
    refuse('publicText', `This ${called} is not for mail: it says another use, is too short, or was revoked`)
  await transaction(db, async (tx) => {
    if ((await providerById(tx, providerId)) === null) throw new Trouble('not.found', { provider: providerId })
    if ((await theirMailKeys(tx, providerId)).length >= keysOfProviderMax)
      refuse('publicText', `There are ${keysOfProviderMax} already: take one out first`)
    const fresh = await addTheirMailKey(tx, { providerId, facts, publicText, addedBy: by }, clock.now())
    if (!fresh) refuse('publicText', `This ${called} is there already`)
    const { method, fingerprint, subject, endsAt } = facts
    const body = { mailKey: 'added', method, fingerprint, subject, endsAt }
    await append(tx, { kind: 'provider.changed', actor: by, subject: `provider:${providerId}`, body }, clock)
  })
  return { fingerprint: facts.fingerprint }
}
