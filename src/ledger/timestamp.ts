import { createHash, verify, X509Certificate } from 'node:crypto'
import { fromBER, Integer, Null, type ObjectIdentifier, type OctetString, type Sequence } from 'asn1js'
import {
  AlgorithmIdentifier,
  ContentInfo,
  type Extension,
  type IssuerAndSerialNumber,
  MessageImprint,
  SignedData,
  type SignerInfo,
  TimeStampReq,
  TimeStampResp,
  TSTInfo,
} from 'pkijs'
import { certificateOf } from '../kit/certificate.ts'
import { arrayOf, sha2, signedAttribute, signedOver } from '../kit/cms.ts'
import { wordsOf } from '../kit/errors.ts'

/** A token with three certificates takes 6 KB; the largest of a public authority seen has 9 KB. */
export const stampBytesMax = 64 * 1024
/** Signer, two intermediates and a root; more vouch for nobody. */
const chainMax = 6

const signedDataOid = '1.2.840.113549.1.7.2'
const tstInfoOid = '1.2.840.113549.1.9.16.1.4'
const signingCertificateOid = '1.2.840.113549.1.9.16.2.12'
const signingCertificateV2Oid = '1.2.840.113549.1.9.16.2.47'
const extendedUsageOid = '2.5.29.37'
const timeStampingOid = '1.3.6.1.5.5.7.3.8'
const sha256Oid = '2.16.840.1.101.3.4.2.1'
const digests: Readonly<Record<string, string>> = { '1.3.14.3.2.26': 'sha1', ...sha2 }

/** RFC 3161, 2.4.1: asks for nothing but a time for this SHA-256. The certificates are wanted, for whoever verifies it later. */
export function stampQuery(sha256: Buffer, nonce: Buffer): Buffer {
  const hashAlgorithm = new AlgorithmIdentifier({ algorithmId: sha256Oid, algorithmParams: new Null() })
  const query = new TimeStampReq({
    version: 1,
    messageImprint: new MessageImprint({ hashAlgorithm, hashedMessage: octets(sha256) }),
    // A leading zero bit keeps it positive.
    nonce: new Integer({ valueHex: new Uint8Array(Buffer.concat([Buffer.of(1), nonce])).buffer }),
    certReq: true,
  })
  return Buffer.from(query.toSchema().toBER())
}

const octets = (bytes: Buffer): OctetString =>
  fromBER(arrayOf(Buffer.concat([Buffer.of(4, bytes.length), bytes]))).result as OctetString

export type Stamped = {
  readonly kind: 'stamped'
  readonly token: Buffer
  /** What the authority says, ISO 8601. */
  readonly at: string
  readonly authority: string
}
type NotStamped = { readonly kind: 'refused'; readonly why: string }

/** Reads an authority's answer to our query; what was not asked for, or not by an authority that we trust, is refused. */
export function readStampResponse(
  der: Buffer,
  asked: { readonly sha256: Buffer; readonly nonce: Buffer; readonly trusted: readonly X509Certificate[] },
): Stamped | NotStamped {
  try {
    if (der.length > stampBytesMax) return refused('its answer is larger than any time stamp')
    const { result, offset } = fromBER(arrayOf(der))
    if (offset !== der.length) return refused('its answer is no time stamp')
    const response = new TimeStampResp({ schema: result })
    const { status } = response.status
    if (status !== 0 && status !== 1) return refused(`it stamps nothing: status ${status}`)
    const raw = (result as Sequence).valueBlock.value[1]
    if (raw === undefined) return refused('its answer holds no token')
    return checkStamp(Buffer.from(raw.valueBeforeDecodeView), asked)
  } catch (error) {
    return refused(`its answer is no time stamp: ${wordsOf(error)}`)
  }
}

const refused = (why: string): NotStamped => ({ kind: 'refused', why })

/**
 * Checks a token by RFC 3161 and 5816: the digest is this one, the signature that of the certificate it names, which is for time stamps and
 * nothing else; and, with `trusted`, that one of these vouches for it and everything was valid at the time it says. Never throws.
 */
export function checkStamp(
  token: Buffer,
  expected: {
    readonly sha256: Buffer
    readonly nonce?: Buffer
    readonly trusted: readonly X509Certificate[] | null
  },
): Stamped | NotStamped {
  try {
    const { result, offset } = fromBER(arrayOf(token))
    if (offset !== token.length) return refused('something stands behind the token')
    const content = new ContentInfo({ schema: result })
    if (content.contentType !== signedDataOid) return refused('it is not signed')
    const signed = new SignedData({ schema: content.content as unknown })
    const info = infoOf(signed)
    const signer = signed.signerInfos[0]
    if (info === null || signer === undefined || signed.signerInfos.length !== 1)
      return refused('it is no token of a time stamp')
    const { hashAlgorithm, hashedMessage } = info.tst.messageImprint
    if (
      hashAlgorithm.algorithmId !== sha256Oid ||
      !Buffer.from(hashedMessage.valueBlock.valueHexView).equals(expected.sha256)
    )
      return refused('it is over another digest than ours')
    if (expected.nonce !== undefined) {
      const nonce = Buffer.from(info.tst.nonce?.valueBlock.valueHexView ?? [])
      if (!nonce.equals(Buffer.concat([Buffer.of(1), expected.nonce])))
        return refused('it answers another question (nonce)')
    }
    const given = (signed.certificates ?? []).flatMap((one) =>
      'tbsView' in one ? [new X509Certificate(Buffer.from(one.toSchema().toBER()))] : [],
    )
    const pool = [...given.slice(0, chainMax), ...(expected.trusted ?? [])]
    const own = signerCertificate(signer, pool)
    if (own === null) return refused('the certificate that signed it is not in it')
    const problem = problemOfSignature(signer, info.bytes, own) ?? problemOfUsage(own)
    if (problem !== null) return refused(problem)
    const at = info.tst.genTime
    if (expected.trusted !== null) {
      const why = problemOfChain(own, pool, expected.trusted, at)
      if (why !== null) return refused(why)
    }
    const authority = own.subject
      .replace(/\p{Cc}+/gu, ', ')
      .slice(0, 300)
      .toWellFormed()
    return { kind: 'stamped', token, at: at.toISOString(), authority }
  } catch (error) {
    return refused(`it cannot be read: ${wordsOf(error)}`)
  }
}

function infoOf(signed: SignedData): { readonly tst: TSTInfo; readonly bytes: Buffer } | null {
  const { eContentType, eContent } = signed.encapContentInfo
  if (eContentType !== tstInfoOid || eContent === undefined) return null
  const bytes = Buffer.from(eContent.getValue())
  return { tst: new TSTInfo({ schema: fromBER(arrayOf(bytes)).result }), bytes }
}

/** ESSCertID and ESSCertIDv2: the digest of the certificate that signed stands under the signature, so that no other can be put in its place. */
function signerCertificate(signer: SignerInfo, pool: readonly X509Certificate[]): X509Certificate | null {
  const attribute = (oid: string): unknown => signedAttribute(signer, oid)
  const named = (attribute(signingCertificateV2Oid) ?? attribute(signingCertificateOid)) as Sequence | undefined
  const first = ((named?.valueBlock.value[0] as Sequence | undefined)?.valueBlock.value[0] as Sequence | undefined)
    ?.valueBlock.value
  if (first === undefined) return null
  const isV2 = attribute(signingCertificateV2Oid) !== undefined
  // Version 2 begins with its algorithm where that is not SHA-256.
  const algorithm =
    isV2 && first[0]?.idBlock.tagNumber === 16 ? ((first[0] as Sequence).valueBlock.value[0] as ObjectIdentifier) : null
  const hash = algorithm === null ? (isV2 ? 'sha256' : 'sha1') : digests[algorithm.valueBlock.toString()]
  const digest = first[algorithm === null ? 0 : 1] as OctetString | undefined
  if (hash === undefined || digest === undefined) return null
  const wanted = Buffer.from(digest.valueBlock.valueHexView)
  const { serialNumber } = signer.sid as IssuerAndSerialNumber
  const serial = Buffer.from(serialNumber.valueBlock.valueHexView).toString('hex').replace(/^0+/, '')
  const found = pool.find((one) => createHash(hash).update(one.raw).digest().equals(wanted))
  return found?.serialNumber.toLowerCase().replace(/^0+/, '') === serial ? found : null
}

function problemOfSignature(signer: SignerInfo, content: Buffer, own: X509Certificate): string | null {
  const attributes = signer.signedAttrs
  const hash = digests[signer.digestAlgorithm.algorithmId]
  if (attributes === undefined || hash === undefined || hash === 'sha1')
    return 'it is signed in a way that we do not take'
  const { type, digest } = signedOver(signer)
  if (type !== tstInfoOid) return 'what was signed is no time stamp'
  if (
    !createHash(hash)
      .update(content)
      .digest()
      .equals(Buffer.from(digest ?? []))
  )
    return 'its time or digest was changed'
  const signature = Buffer.from(signer.signature.valueBlock.valueHexView)
  const over = Buffer.from(attributes.encodedValue)
  const named = digestOfSignature(signer.signatureAlgorithm.algorithmId) ?? hash
  return verify(named, over, own.publicKey, signature) ? null : 'the signature under it does not hold'
}

/** Of RSA and ECDSA with a named digest; null where the signature leaves it to the digest algorithm (rsaEncryption). */
function digestOfSignature(oid: string): string | null {
  const named: Readonly<Record<string, string>> = {
    '1.2.840.113549.1.1.11': 'sha256',
    '1.2.840.113549.1.1.12': 'sha384',
    '1.2.840.113549.1.1.13': 'sha512',
    '1.2.840.10045.4.3.2': 'sha256',
    '1.2.840.10045.4.3.3': 'sha384',
    '1.2.840.10045.4.3.4': 'sha512',
  }
  return named[oid] ?? null
}

/** RFC 3161, 2.3: one key purpose, and it is critical. */
function problemOfUsage(own: X509Certificate): string | null {
  const extension = certificateOf(own).extensions?.find((one: Extension) => one.extnID === extendedUsageOid)
  const purposes = (extension?.parsedValue as { keyPurposes?: readonly string[] } | undefined)?.keyPurposes ?? []
  if (extension?.critical === true && purposes.length === 1 && purposes[0] === timeStampingOid) return null
  return 'the certificate that signed it is not for time stamps'
}

/** Is there a way from the signer to a certificate that is trusted, each signed by the next, all of them valid at that time? */
function problemOfChain(
  own: X509Certificate,
  pool: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
  at: Date,
): string | null {
  let now = own
  for (let depth = 0; depth < chainMax; depth += 1) {
    if (at < new Date(now.validFrom) || at > new Date(now.validTo))
      return `a certificate under it was not valid at the time it says (${now.subject.replaceAll('\n', ', ')})`
    if (trusted.some((one) => one.raw.equals(now.raw))) return null
    const issued = (one: X509Certificate) => one.ca && now.checkIssued(one) && now.verify(one.publicKey)
    const next = trusted.find(issued) ?? pool.find((one) => !one.raw.equals(now.raw) && issued(one))
    if (next === undefined) break
    now = next
  }
  return 'it is of an authority that is not trusted here'
}
