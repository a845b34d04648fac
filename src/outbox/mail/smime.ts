import {
  constants,
  createCipheriv,
  createPrivateKey,
  type KeyObject,
  publicEncrypt,
  randomBytes,
  webcrypto,
} from 'node:crypto'
import { BitString, Null, ObjectIdentifier, OctetString, UTCTime } from 'asn1js'
import {
  AlgorithmIdentifier,
  Attribute,
  ContentInfo,
  EncapsulatedContentInfo,
  EncryptedContentInfo,
  EnvelopedData,
  IssuerAndSerialNumber,
  KeyAgreeRecipientIdentifier,
  KeyAgreeRecipientInfo,
  KeyTransRecipientInfo,
  OriginatorIdentifierOrKey,
  OriginatorPublicKey,
  RecipientEncryptedKey,
  RecipientEncryptedKeys,
  RecipientInfo,
  SignedAndUnsignedAttributes,
  SignedData,
  SignerInfo,
} from 'pkijs'
import {
  type CertificateRead,
  certificateOf,
  curves,
  readCertificate,
  readCertificates,
} from '../../kit/certificate.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import { wrapForCurve } from '../../kit/key-agreement.ts'
import type { Sealing } from '../../model/doors.ts'

const dataOid = '1.2.840.113549.1.7.1'
const contentTypeOid = '1.2.840.113549.1.9.3'
const messageDigestOid = '1.2.840.113549.1.9.4'
const signingTimeOid = '1.2.840.113549.1.9.5'
const aes256CbcOid = '2.16.840.1.101.3.4.1.42'
const rsaOid = '1.2.840.113549.1.1.1'
const curveKeyOid = '1.2.840.10045.2.1'
const contentKeyBytes = 32
const blockBytes = 16

/**
 * The content of a mail as S/MIME (RFC 8551): signed, detached, so that whoever has no S/MIME reads it all the same; and where there
 * are certificates to encrypt to, all of that in an envelope.
 */
export async function smimeEntity(entity: Buffer, sealing: Sealing, at: Date): Promise<Buffer> {
  const signed = await signedEntity(entity, sealing, at)
  return sealing.encryptTo.length === 0 ? signed : envelopedEntity(signed, sealing.encryptTo)
}

/** multipart/signed (RFC 1847) of an entity that has CRLF line ends and 7-bit content already. */
async function signedEntity(entity: Buffer, { sign }: Sealing, at: Date): Promise<Buffer> {
  const signature = await signatureOver(entity, sign, at)
  // Of the content, so that it cannot stand in it by chance or by intent.
  const boundary = `sig-${sha256Hex(entity).slice(0, 32)}`
  const head = [
    'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256;',
    ` boundary="${boundary}"`,
    '',
    `--${boundary}`,
    '',
  ].join('\r\n')
  const tail = [
    '',
    `--${boundary}`,
    'Content-Type: application/pkcs7-signature; name="smime.p7s"',
    'Content-Transfer-Encoding: base64',
    'Content-Disposition: attachment; filename="smime.p7s"',
    '',
    base64Lines(signature),
    `--${boundary}--`,
    '',
  ].join('\r\n')
  return Buffer.concat([Buffer.from(head), entity, Buffer.from(tail)])
}

async function signatureOver(entity: Buffer, sign: Sealing['sign'], at: Date): Promise<Buffer> {
  const chain = readCertificates(Buffer.from(sign.certificates))
  const [own] = chain
  if (own === undefined) throw new Trouble('internal', { problem: 'a key of ours has no certificate' })
  const certificate = certificateOf(own.x509)
  const digest = await webcrypto.subtle.digest('SHA-256', new Uint8Array(entity))
  const { issuer, serialNumber } = certificate
  const attribute = (type: string, value: unknown) => new Attribute({ type, values: [value] })
  const cms = new SignedData({
    version: 1,
    encapContentInfo: new EncapsulatedContentInfo({ eContentType: dataOid }),
    certificates: chain.map((one) => certificateOf(one.x509)),
    signerInfos: [
      new SignerInfo({
        version: 1,
        sid: new IssuerAndSerialNumber({ issuer, serialNumber }),
        signedAttrs: new SignedAndUnsignedAttributes({
          type: 0,
          // In the order of DER (X.690, section 11.6): by their encoding, which begins with the length.
          attributes: [
            attribute(contentTypeOid, new ObjectIdentifier({ value: dataOid })),
            attribute(signingTimeOid, new UTCTime({ valueDate: at })),
            attribute(messageDigestOid, new OctetString({ valueHex: digest })),
          ],
        }),
      }),
    ],
  })
  await cms.sign(await signingKey(createPrivateKey(sign.privateKey)), 0, 'SHA-256', new Uint8Array(entity).buffer)
  return berOf(ContentInfo.SIGNED_DATA, cms.toSchema(true))
}

/** RSA (PKCS#1 v1.5, which every mail program knows) or ECDSA, both with SHA-256. */
async function signingKey(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const curve = curves[key.asymmetricKeyDetails?.namedCurve ?? '']
  const algorithm =
    key.asymmetricKeyType === 'rsa'
      ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      : { name: 'ECDSA', namedCurve: curve ?? '' }
  const der = key.export({ type: 'pkcs8', format: 'der' })
  return webcrypto.subtle.importKey('pkcs8', new Uint8Array(der), algorithm, false, ['sign'])
}

/** EnvelopedData: AES-256-CBC under a key of its own, that key once for each certificate. What is inside is signed, so that a change shows. */
function envelopedEntity(entity: Buffer, certificates: readonly string[]): Buffer {
  const key = randomBytes(contentKeyBytes)
  const iv = randomBytes(blockBytes)
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const encrypted = Buffer.concat([cipher.update(entity), cipher.final()])
  const recipientInfos = certificates.map((pem) => recipientOf(readCertificate(pem), key))
  const cms = new EnvelopedData({
    // RFC 5652, 6.1: 2 as soon as a key was agreed on for one of them.
    version: recipientInfos.some((one) => one.variant === 2) ? 2 : 0,
    recipientInfos,
    encryptedContentInfo: new EncryptedContentInfo({
      contentType: dataOid,
      contentEncryptionAlgorithm: new AlgorithmIdentifier({
        algorithmId: aes256CbcOid,
        algorithmParams: new OctetString({ valueHex: new Uint8Array(iv) }),
      }),
      encryptedContent: new OctetString({ valueHex: new Uint8Array(encrypted) }),
      disableSplit: true,
    }),
  })
  const head = [
    'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"',
    'Content-Transfer-Encoding: base64',
    'Content-Disposition: attachment; filename="smime.p7m"',
    '',
    '',
  ].join('\r\n')
  const ber = berOf(ContentInfo.ENVELOPED_DATA, cms.toSchema())
  return Buffer.from(`${head}${base64Lines(ber)}\r\n`)
}

function recipientOf(read: CertificateRead, key: Buffer): RecipientInfo {
  return read.x509.publicKey.asymmetricKeyType === 'ec' ? agreedWith(read, key) : transportedTo(read, key)
}

/** PKCS#1 v1.5 and not OAEP: Outlook and older gateways open nothing else, and a sender answers nobody who tries paddings. */
function transportedTo({ x509 }: CertificateRead, key: Buffer): RecipientInfo {
  const { issuer, serialNumber } = certificateOf(x509)
  const wrapped = publicEncrypt({ key: x509.publicKey, padding: constants.RSA_PKCS1_PADDING }, key)
  return new RecipientInfo({
    variant: 1,
    value: new KeyTransRecipientInfo({
      version: 0,
      rid: new IssuerAndSerialNumber({ issuer, serialNumber }),
      keyEncryptionAlgorithm: new AlgorithmIdentifier({ algorithmId: rsaOid, algorithmParams: new Null() }),
      encryptedKey: new OctetString({ valueHex: new Uint8Array(wrapped) }),
    }),
  })
}

/** To a key on a curve: a key that both make (RFC 5753, 3.1.1), with a half of ours that is for this mail only. */
function agreedWith({ x509 }: CertificateRead, key: Buffer): RecipientInfo {
  const { issuer, serialNumber } = certificateOf(x509)
  const { point, algorithm, wrapped } = wrapForCurve(x509.publicKey, key)
  const encryptedKey = new RecipientEncryptedKey({
    rid: new KeyAgreeRecipientIdentifier({
      variant: 1,
      value: new IssuerAndSerialNumber({ issuer, serialNumber }),
    }),
    encryptedKey: new OctetString({ valueHex: new Uint8Array(wrapped) }),
  })
  return new RecipientInfo({
    variant: 2,
    value: new KeyAgreeRecipientInfo({
      version: 3,
      originator: new OriginatorIdentifierOrKey({
        variant: 3,
        value: new OriginatorPublicKey({
          // Without the curve: it is that of their certificate.
          algorithm: new AlgorithmIdentifier({ algorithmId: curveKeyOid }),
          publicKey: new BitString({ valueHex: new Uint8Array(point) }),
        }),
      }),
      keyEncryptionAlgorithm: algorithm,
      recipientEncryptedKeys: new RecipientEncryptedKeys({ encryptedKeys: [encryptedKey] }),
    }),
  })
}

function berOf(contentType: string, content: unknown): Buffer {
  return Buffer.from(new ContentInfo({ contentType, content }).toSchema().toBER())
}

function base64Lines(bytes: Buffer): string {
  return bytes.toString('base64').replace(/.{1,76}(?=.)/g, '$&\r\n')
}
