import { Buffer } from 'node:buffer'
import type { PrivateKey, PublicKey } from 'openpgp'
import { wordsOf } from '../../kit/errors.ts'
import { notInstalled, openpgpHere, readPgpKey } from '../../kit/openpgp.ts'
import type { KeysToOpen, SealedSeen } from '../../model/doors.ts'
import { type Layer, unchecked } from './sealed-mail.ts'

type Known = { readonly key: PublicKey; readonly providerIds: readonly string[] }
type Checked = Awaited<ReturnType<Awaited<ReturnType<typeof here>>['openpgp']['verify']>>['signatures'][number]

/** The key id of a recipient that is not told (RFC 9580, section 5.1). */
const hidden = '0000000000000000'
/** A person, and at most a gateway. */
const signaturesMax = 5

async function here(keys: KeysToOpen) {
  const openpgp = await openpgpHere()
  if (openpgp === null) throw new Error(notInstalled)
  const theirs: Known[] = []
  for (const { method, providerId, publicText } of keys.theirs) {
    if (method !== 'openpgp') continue
    const key = await openpgp.readKey({ armoredKey: publicText })
    theirs.push({ key, providerIds: [providerId] })
  }
  return { openpgp, theirs }
}

/** multipart/encrypted: opened with a key of ours; its signature is inside. */
export async function openPgp(armored: Buffer, keys: KeysToOpen): Promise<Layer> {
  const { openpgp, theirs } = await here(keys)
  const own: PrivateKey[] = []
  for (const one of keys.own)
    if (one.method === 'openpgp') own.push(await openpgp.readPrivateKey({ armoredKey: one.privateKey }))
  const message = await openpgp.readMessage({ armoredMessage: armored.toString('latin1') })
  const meant = message.getEncryptionKeyIDs()
  const isOurs = meant.some((id) => id.toHex() === hidden || own.some((key) => key.getKeys(id).length > 0))
  if (!isOurs)
    return {
      inside: null,
      seen: { method: 'openpgp', encrypted: 'not-to-us', problem: 'it is encrypted to no key of ours' },
    }
  try {
    const verificationKeys = theirs.map((one) => one.key)
    const date = new Date(keys.at)
    const found = await openpgp.decrypt({ message, decryptionKeys: own, verificationKeys, format: 'binary', date })
    const data: unknown = found.data
    if (!(data instanceof Uint8Array)) throw new Error('there is nothing in it')
    const seen = await seenOf(found.signatures, theirs, date)
    return { inside: Buffer.from(data), seen: { ...seen, method: 'openpgp', encrypted: 'opened' } }
  } catch (error) {
    return {
      inside: null,
      seen: { method: 'openpgp', encrypted: 'broken', problem: `it does not open (${wordsOf(error).slice(0, 200)})` },
    }
  }
}

/** multipart/signed: the content beside its signature. */
export async function checkPgp(content: Buffer, armored: Buffer, keys: KeysToOpen): Promise<Layer> {
  const { openpgp, theirs } = await here(keys)
  const date = new Date(keys.at)
  const verificationKeys = theirs.map((one) => one.key)
  const check = async (bytes: Buffer) => {
    const signature = await openpgp.readSignature({ armoredSignature: armored.toString('latin1') })
    const message = await openpgp.createMessage({ binary: new Uint8Array(bytes) })
    const { signatures } = await openpgp.verify({ message, signature, verificationKeys, date, format: 'binary' })
    return seenOf(signatures, theirs, date)
  }
  const seen = await check(content)
  if (seen.signature === 'none') return unchecked('there is no signature in it')
  if (seen.signature !== 'broken' || !/(?<!\r)\n/.test(content.toString('latin1')))
    return { inside: seen.signature === 'valid' ? content : null, seen: { ...seen, method: 'openpgp' } }
  const canonical = Buffer.from(content.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1')
  const again = await check(canonical)
  return again.signature === 'valid'
    ? { inside: canonical, seen: { ...again, method: 'openpgp' } }
    : { inside: null, seen: { ...seen, method: 'openpgp' } }
}

/** Every signature has to hold; who signed is the first. */
async function seenOf(
  signatures: readonly Checked[],
  theirs: readonly Known[],
  at: Date,
): Promise<Pick<SealedSeen, 'signature' | 'problem' | 'signer' | 'signedAt' | 'vouchers'>> {
  const none = { signer: null, signedAt: null, vouchers: [] }
  if (signatures.length === 0) return { ...none, signature: 'none', problem: null }
  if (signatures.length > signaturesMax)
    return { ...none, signature: 'unchecked', problem: 'it has too many signatures' }
  let first: SealedSeen['signer'] = null
  let signedAt: string | null = null
  const vouchers: { providerId: string; by: 'pinned' }[] = []
  for (const one of signatures) {
    const id = one.keyID.toHex()
    const known = theirs.filter(({ key }) => key.getKeys(one.keyID).length > 0)
    const [of] = known
    if (of === undefined)
      return { ...none, signature: 'unchecked', problem: `it is by the key ${id}, which nobody has put here` }
    const { fingerprint, emails, subject } = await readPgpKey(of.key, at)
    first ??= { fingerprint, emails, subject }
    const wrong = await one.verified.then(() => null, wordsOf)
    if (wrong !== null) {
      // A key that may sign now, and whose signature does not hold: the content is another. Else the key is the matter.
      const mayStill = await of.key.getSigningKey(one.keyID, at).then(
        () => true,
        () => false,
      )
      const signature = mayStill ? ('broken' as const) : ('unchecked' as const)
      return {
        ...none,
        signer: first,
        signature,
        problem: mayStill
          ? 'the content is not the one that was signed'
          : `its key cannot be used now (${wrong.slice(0, 150)})`,
      }
    }
    if (vouchers.length === 0)
      vouchers.push(
        ...known.flatMap(({ providerIds }) => providerIds.map((providerId) => ({ providerId, by: 'pinned' as const }))),
      )
    signedAt ??= (await one.signature).packets[0]?.created?.toISOString() ?? null
  }
  return { signature: 'valid', problem: null, signer: first, signedAt, vouchers }
}
