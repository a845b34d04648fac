import { Buffer } from 'node:buffer'
import {
  constants,
  createDecipheriv,
  createHash,
  createPrivateKey,
  type KeyObject,
  privateDecrypt,
  verify,
} from 'node:crypto'
import type { OctetString, Sequence, UTCTime } from 'asn1js'
import {
  Certificate,
  CertificateChainValidationEngine,
  ContentInfo,
  EnvelopedData,
  IssuerAndSerialNumber,
  type KeyAgreeRecipientInfo,
  type KeyTransRecipientInfo,
  OriginatorPublicKey,
  type RecipientInfo,
  type RecipientKeyIdentifier,
  RSAESOAEPParams,
  SignedData,
  type SignerInfo,
} from 'pkijs'
import { type CertificateRead, certificateOf, readCertificate, readCertificates } from '../../kit/certificate.ts'
import { arrayOf, sha2, signedAttribute, signedOver } from '../../kit/cms.ts'
import { unwrapOnCurve } from '../../kit/key-agreement.ts'
import type { KeysToOpen, SealedSeen } from '../../model/doors.ts'
import { type Layer, unchecked } from './sealed-mail.ts'

const authEnvelopedOid = '1.2.840.113549.1.9.16.1.23'
const signingTimeOid = '1.2.840.113549.1.9.5'
const oaepOid = '1.2.840.113549.1.1.7'
const pkcs1Oid = '1.2.840.113549.1.1.1'
const pssOid = '1.2.840.113549.1.1.10'
const subjectKeyIdOid = '2.5.29.14'

/** A mail to fifty people is encrypted fifty times; each that is ours is tried. */
const recipientsMax = 1000
/** The author, and at most a gateway beside it. More are not looked at. */
const signersMax = 5
const certificatesMax = 10

const hashOfOaep: Readonly<Record<string, string>> = { '1.3.14.3.2.26': 'sha1', ...sha2 }

/** What content is read that was encrypted by others; with the bytes of key. 3DES is weak, and still what OpenSSL 3.0 does unasked. */
const ciphers: Readonly<Record<string, readonly [name: string, keyBytes: number]>> = {
  '2.16.840.1.101.3.4.1.2': ['aes-128-cbc', 16],
  '2.16.840.1.101.3.4.1.22': ['aes-192-cbc', 24],
  '2.16.840.1.101.3.4.1.42': ['aes-256-cbc', 32],
  '1.2.840.113549.3.7': ['des-ede3-cbc', 24],
  '2.16.840.1.101.3.4.1.6': ['aes-128-gcm', 16],
  '2.16.840.1.101.3.4.1.26': ['aes-192-gcm', 24],
  '2.16.840.1.101.3.4.1.46': ['aes-256-gcm', 32],
}
const gcmTagBytesMin = 12

/** application/pkcs7-mime: an envelope for us, or content signed inside the same structure. */
export async function openEnvelope(der: Buffer, keys: KeysToOpen): Promise<Layer> {
  const info = ContentInfo.fromBER(arrayOf(der))
  if (info.contentType === ContentInfo.SIGNED_DATA) {
    const signed = new SignedData({ schema: info.content })
    const content = signed.encapContentInfo.eContent
    if (content === undefined) return unchecked('it says that it is signed, and has no content')
    return check(signed, Buffer.from(content.getValue()), keys)
  }
  if (info.contentType === ContentInfo.ENVELOPED_DATA)
    return decrypt(new EnvelopedData({ schema: info.content }), null, keys)
  if (info.contentType === authEnvelopedOid) return openAuthenticated(info.content as Sequence, keys)
  return { inside: null, seen: { encrypted: 'broken', problem: `a structure that is not read (${info.contentType})` } }
}

/** AuthEnvelopedData (RFC 5083): as EnvelopedData, with authenticated attributes and a tag behind it. The library does not know it. */
function openAuthenticated(content: Sequence, keys: KeysToOpen): Layer {
  const parts = content.valueBlock.value
  const at = parts.findIndex((one) => one.idBlock.tagClass === 1 && one.idBlock.tagNumber === 17)
  const [, encrypted, ...rest] = parts.slice(at)
  const mac = rest.find((one) => one.idBlock.tagClass === 1 && one.idBlock.tagNumber === 4) as OctetString | undefined
  const attributes = rest.find((one) => one.idBlock.tagClass === 3 && one.idBlock.tagNumber === 1)
  if (at < 0 || encrypted === undefined || mac === undefined)
    return { inside: null, seen: { encrypted: 'broken', problem: 'an envelope that is not whole' } }
  content.valueBlock.value = [...parts.slice(0, at + 1), encrypted]
  const additional = attributes === undefined ? null : Buffer.from(attributes.toBER())
  // Signed over as a SET, carried under the tag [1] (RFC 5083, section 2.2).
  if (additional !== null) additional[0] = 0x31
  const tag = Buffer.from(mac.valueBlock.valueHexView)
  return decrypt(new EnvelopedData({ schema: content }), { tag, additional }, keys)
}

type Gcm = { readonly tag: Buffer; readonly additional: Buffer | null }

function decrypt(enveloped: EnvelopedData, gcm: Gcm | null, keys: KeysToOpen): Layer {
  const failed = (encrypted: SealedSeen['encrypted'], problem: string): Layer => ({
    inside: null,
    seen: { encrypted, problem },
  })
  const own = keys.own
    .filter((one) => one.method === 'smime')
    .map((one) => ({ certificate: readCertificate(one.certificate), privateKey: one.privateKey }))
  const meant = enveloped.recipientInfos.slice(0, recipientsMax).flatMap((to) => meantForUs(to, own))
  if (meant.length === 0) return failed('not-to-us', 'it is encrypted to no certificate of ours')
  const { encryptedContentInfo: content } = enveloped
  const { algorithmId } = content.contentEncryptionAlgorithm
  const algorithmParams: unknown = content.contentEncryptionAlgorithm.algorithmParams
  const [cipher, keyBytes] = ciphers[algorithmId] ?? [null, 0]
  if (cipher === null || cipher.endsWith('gcm') !== (gcm !== null))
    return failed('broken', `it is encrypted in a way that is not read (${algorithmId})`)
  const bytes = Buffer.from(content.getEncryptedContent())
  for (const unwrap of meant.slice(0, recipientsMax)) {
    const contentKey = unwrap()
    if (contentKey === null || contentKey.length !== keyBytes) continue
    const inside = deciphered(cipher, contentKey, algorithmParams, bytes, gcm)
    if (inside !== null) return { inside, seen: { encrypted: 'opened' } }
  }
  return failed('broken', 'it does not open: it was changed on the way, or encrypted wrongly')
}

type OwnRead = { readonly certificate: CertificateRead; readonly privateKey: string }

/** Ways to the content key that are ours: it was sent to a key of ours, or a key on a curve was agreed on with one. */
function meantForUs(to: RecipientInfo, own: readonly OwnRead[]): (() => Buffer | null)[] {
  const keyOf = (rid: unknown) => own.find(({ certificate }) => isNamed(rid, certificateOf(certificate.x509)))
  if (to.variant === 1) {
    const info = to.value as KeyTransRecipientInfo
    const key = keyOf(info.rid)
    return key === undefined ? [] : [() => unwrapped(info, createPrivateKey(key.privateKey))]
  }
  if (to.variant !== 2) return []
  const info = to.value as KeyAgreeRecipientInfo
  return info.recipientEncryptedKeys.encryptedKeys.flatMap(({ rid, encryptedKey }) => {
    const key = keyOf(rid.variant === 1 ? rid.value : (rid.value as RecipientKeyIdentifier).subjectKeyIdentifier)
    const wrapped = encryptedKey.valueBlock.valueHexView
    return key === undefined ? [] : [() => agreedOn(info, wrapped, createPrivateKey(key.privateKey))]
  })
}

/** Their half has to come along: one in a certificate of theirs (static-static) is not looked for. */
function agreedOn(info: KeyAgreeRecipientInfo, wrapped: Uint8Array, key: KeyObject): Buffer | null {
  const { originator, ukm, keyEncryptionAlgorithm: algorithm } = info
  if (!(originator.value instanceof OriginatorPublicKey)) return null
  const point = originator.value.publicKey.valueBlock.valueHexView
  return unwrapOnCurve(key, { point, algorithm, wrapped, userKeying: ukm?.valueBlock.valueHexView ?? null })
}

/** Both CMS structures name a certificate by issuer and serial number, or by its key id. */
function isNamed(by: unknown, certificate: Certificate): boolean {
  if (by instanceof IssuerAndSerialNumber)
    return certificate.issuer.isEqual(by.issuer) && certificate.serialNumber.isEqual(by.serialNumber)
  const extension = certificate.extensions?.find((one) => one.extnID === subjectKeyIdOid)
  const own = (extension?.parsedValue as OctetString | undefined)?.valueBlock.valueHexView
  const theirs = (by as { valueBlock?: { valueHexView?: Uint8Array } } | undefined)?.valueBlock?.valueHexView
  return own !== undefined && theirs !== undefined && Buffer.from(own).equals(theirs)
}

/** The content key; null where it does not come out. Node answers a random one for a wrong PKCS#1 padding, which then opens nothing. */
function unwrapped({ keyEncryptionAlgorithm, encryptedKey }: KeyTransRecipientInfo, key: KeyObject): Buffer | null {
  const wrapped = Buffer.from(encryptedKey.valueBlock.valueHexView)
  const { algorithmId } = keyEncryptionAlgorithm
  try {
    if (algorithmId === pkcs1Oid) return privateDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, wrapped)
    if (algorithmId !== oaepOid) return null
    const hash = new RSAESOAEPParams({ schema: keyEncryptionAlgorithm.algorithmParams }).hashAlgorithm.algorithmId
    const oaepHash = hashOfOaep[hash]
    if (oaepHash === undefined) return null
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, wrapped)
  } catch {
    // Whatever is wrong with it, it opens nothing; another recipient entry may be ours too.
    return null
  }
}

function deciphered(name: string, key: Buffer, params: unknown, bytes: Buffer, gcm: Gcm | null): Buffer | null {
  try {
    if (gcm === null) {
      const decipher = createDecipheriv(name, key, (params as OctetString).valueBlock.valueHexView)
      return Buffer.concat([decipher.update(bytes), decipher.final()])
    }
    if (gcm.tag.length < gcmTagBytesMin) return null
    const nonce = ((params as Sequence).valueBlock.value[0] as OctetString).valueBlock.valueHexView
    const decipher = createDecipheriv(name as 'aes-256-gcm', key, nonce, { authTagLength: gcm.tag.length })
    if (gcm.additional !== null) decipher.setAAD(gcm.additional)
    decipher.setAuthTag(gcm.tag)
    return Buffer.concat([decipher.update(bytes), decipher.final()])
  } catch {
    // Padding or tag do not fit: changed on the way. The caller says so.
    return null
  }
}

/** multipart/signed: the content beside the signature. Mail that lay in a file may have lost its carriage returns. */
export async function checkDetached(content: Buffer, der: Buffer, keys: KeysToOpen): Promise<Layer> {
  const info = ContentInfo.fromBER(arrayOf(der))
  if (info.contentType !== ContentInfo.SIGNED_DATA) return unchecked('its signature is of another kind')
  const signed = new SignedData({ schema: info.content })
  if (signed.encapContentInfo.eContent !== undefined) return unchecked('its signature carries content of its own')
  const layer = await check(signed, content, keys)
  if (layer.seen.signature !== 'broken' || !/(?<!\r)\n/.test(content.toString('latin1'))) return layer
  const canonical = Buffer.from(content.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1')
  const again = await check(signed, canonical, keys)
  return again.seen.signature === 'valid' ? again : layer
}

/** Every signature has to hold; who signed is the first. */
async function check(signed: SignedData, content: Buffer, keys: KeysToOpen): Promise<Layer> {
  const certificates = (signed.certificates ?? [])
    .flatMap((one) => (one instanceof Certificate ? [one] : []))
    .slice(0, certificatesMax)
  const [first] = signed.signerInfos
  if (first === undefined || signed.signerInfos.length > signersMax) return unchecked('it names no signer, or too many')
  const { eContentType } = signed.encapContentInfo
  let who: { certificate: Certificate; read: CertificateRead } | null = null
  for (const signer of signed.signerInfos) {
    const certificate = certificates.find((one) => isNamed(signer.sid, one)) ?? known(signer, keys)
    if (certificate === undefined) return unchecked('its certificate did not come along, and is not one we know')
    const read = readCertificate(new Uint8Array(certificate.toSchema(true).toBER()))
    const wrong = whyNot(signer, read, content, { eContentType, at: new Date(keys.at) })
    who ??= { certificate, read }
    if (wrong !== null) {
      const { fingerprint, emails, subject } = who.read
      return { inside: null, seen: { ...wrong, signer: { fingerprint, emails: [...emails], subject } } }
    }
  }
  if (who === null) return unchecked('it names no signer')
  const { fingerprint, emails, subject } = who.read
  const vouchers = await vouchersOf(who, certificates, keys)
  const signer = { fingerprint, emails: [...emails], subject }
  return { inside: content, seen: { signature: 'valid', signer, signedAt: timeOf(first), vouchers } }
}

/** A signature without its certificate is of one that a person put here, or of nobody. */
function known(signer: SignerInfo, keys: KeysToOpen): Certificate | undefined {
  return keys.theirs
    .filter((one) => one.method === 'smime')
    .map((one) => certificateOf(readCertificate(one.publicText).x509))
    .find((one) => isNamed(signer.sid, one))
}

/** Why a signature does not count; null when it holds. Without signed attributes it is not believed: it could be one over something else. */
function whyNot(
  signer: SignerInfo,
  { x509, forSigning, startsAt, endsAt }: CertificateRead,
  content: Buffer,
  { eContentType, at }: { readonly eContentType: string; readonly at: Date },
): Pick<SealedSeen, 'signature' | 'problem'> | null {
  const not = (problem: string) => ({ signature: 'unchecked' as const, problem })
  const broken = (problem: string) => ({ signature: 'broken' as const, problem })
  const { signedAttrs, digestAlgorithm, signatureAlgorithm, signature } = signer
  // SHA-1 and MD5 signatures can be forged; they are said not to have been checked.
  const digest = sha2[digestAlgorithm.algorithmId]
  if (digest === undefined)
    return not('it is signed over a digest that is not believed any more (SHA-1 or older), or not known')
  if (new Date(startsAt) > at || new Date(endsAt) <= at) return not('its certificate is not valid now')
  if (!forSigning) return not('its certificate is not for signing mail, or its key is too short')
  const { type, digest: said } = signedOver(signer)
  if (signedAttrs === undefined || said === undefined || type !== eContentType)
    return not('its signature names no digest of the content')
  if (!createHash(digest).update(content).digest().equals(said))
    return broken('the content is not the one that was signed')
  const key =
    signatureAlgorithm.algorithmId === pssOid
      ? { key: x509.publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
      : x509.publicKey
  const bytes = new Uint8Array(signedAttrs.encodedValue)
  return verify(digest, bytes, key, Buffer.from(signature.getValue()))
    ? null
    : broken('the signature is not of this certificate')
}

function timeOf(signer: SignerInfo): string | null {
  const at = (signedAttribute(signer, signingTimeOid) as UTCTime | undefined)?.toDate()
  return at === undefined || Number.isNaN(at.getTime()) ? null : at.toISOString()
}

/** For which providers this certificate is believed: because it is theirs itself, or an authority of theirs issued it. */
async function vouchersOf(
  { certificate, read }: { readonly certificate: Certificate; readonly read: CertificateRead },
  certificates: readonly Certificate[],
  keys: KeysToOpen,
): Promise<SealedSeen['vouchers']> {
  const vouchers: { providerId: string; by: 'pinned' | 'chain' }[] = []
  const now = new Date(keys.at)
  for (const { method, providerId, publicText } of keys.theirs) {
    if (method !== 'smime') continue
    const [theirs] = readCertificates(Buffer.from(publicText))
    if (theirs === undefined) continue
    if (theirs.fingerprint === read.fingerprint) vouchers.push({ providerId, by: 'pinned' })
    else if (theirs.isAuthority && (await leadsTo(certificate, certificates, certificateOf(theirs.x509), now)))
      vouchers.push({ providerId, by: 'chain' })
  }
  return vouchers
}

/** A chain of certificates, all valid at the time, from this one to the authority (RFC 5280, by the library). Revocation is not asked. */
async function leadsTo(
  certificate: Certificate,
  others: readonly Certificate[],
  authority: Certificate,
  at: Date,
): Promise<boolean> {
  const between = others.filter((one) => one !== certificate)
  const engine = new CertificateChainValidationEngine({
    trustedCerts: [authority],
    certs: [...between, certificate],
    checkDate: at,
  })
  return (await engine.verify()).result
}
