import { X509Certificate } from 'node:crypto'
import { type BitString, fromBER } from 'asn1js'
import { Certificate } from 'pkijs'

/** A chain has three or four certificates; ten are more than any seen. */
export const certificatesMax = 10
/** RFC 8551, section 2.3: shorter keys are not trusted any more. */
const rsaBitsMin = 2048

const keyUsageOid = '2.5.29.15'
const extendedUsageOid = '2.5.29.37'
const alternativeNameOid = '2.5.29.17'
/** id-kp-emailProtection and anyExtendedKeyUsage (RFC 8550, section 4.4.4). */
const mailUsages = new Set(['1.3.6.1.5.5.7.3.4', '2.5.29.37.0'])
const emailAddressOid = '1.2.840.113549.1.9.1'

export type CertificateRead = {
  readonly pem: string
  readonly x509: X509Certificate
  readonly fingerprint: string
  readonly subject: string
  readonly issuer: string
  readonly emails: readonly string[]
  readonly startsAt: string
  readonly endsAt: string
  readonly algorithm: string
  readonly forSigning: boolean
  readonly forEncryption: boolean
  readonly isAuthority: boolean
}

/** One certificate, DER or PEM. Throws what the parsers throw for what is none. */
export function readCertificate(bytes: string | Uint8Array): CertificateRead {
  const x509 = new X509Certificate(typeof bytes === 'string' ? bytes : Buffer.from(bytes))
  const inside = certificateOf(x509)
  const usage = usageOf(inside)
  const isRsa = x509.publicKey.asymmetricKeyType === 'rsa'
  const { asymmetricKeyDetails: details } = x509.publicKey
  const isKnownCurve = curves[details?.namedCurve ?? ''] !== undefined
  const strong = isRsa ? (details?.modulusLength ?? 0) >= rsaBitsMin : x509.publicKey.asymmetricKeyType === 'ec'
  return {
    x509,
    pem: x509.toString(),
    fingerprint: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
    subject: oneLine(x509.subject),
    issuer: oneLine(x509.issuer),
    emails: emailsOf(inside),
    startsAt: new Date(x509.validFrom).toISOString(),
    endsAt: new Date(x509.validTo).toISOString(),
    algorithm: isRsa
      ? `RSA ${details?.modulusLength ?? '?'}`
      : `${(x509.publicKey.asymmetricKeyType ?? 'unknown').toUpperCase()} ${curves[details?.namedCurve ?? ''] ?? ''}`.trim(),
    forSigning: strong && usage.mail && usage.signs,
    forEncryption: strong && usage.mail && (isRsa ? usage.enciphers : usage.agrees && isKnownCurve) && !x509.ca,
    isAuthority: x509.ca,
  }
}

/** Curves by OpenSSL's name, and as they are called elsewhere. */
export const curves: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
}

/** Every certificate of a PEM text, or the one of a DER file, in their order. Throws as above; none: an empty list. */
export function readCertificates(bytes: Uint8Array): CertificateRead[] {
  const text = Buffer.from(bytes).toString('latin1')
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g)
  if (blocks === null) return bytes[0] === 0x30 ? [readCertificate(bytes)] : []
  return blocks.slice(0, certificatesMax).map((block) => readCertificate(block))
}

/** The same certificate as the library for CMS has it. */
export function certificateOf(x509: X509Certificate): Certificate {
  const { raw } = x509
  return Certificate.fromBER(new Uint8Array(raw).buffer)
}

type Usage = { readonly signs: boolean; readonly enciphers: boolean; readonly agrees: boolean; readonly mail: boolean }

function usageOf(certificate: Certificate): Usage {
  const extensions = certificate.extensions ?? []
  const usage = extensions.find((one) => one.extnID === keyUsageOid)
  const extended = extensions.find((one) => one.extnID === extendedUsageOid)
  const purposes = (extended?.parsedValue as { keyPurposes?: readonly string[] } | undefined)?.keyPurposes
  const first = usage === undefined ? 0xff : (bitsOf(usage.extnValue.valueBlock.valueHexView)[0] ?? 0)
  return {
    // digitalSignature (bit 0) or nonRepudiation (bit 1); keyEncipherment is bit 2, keyAgreement bit 4 (RFC 5280, section 4.2.1.3).
    signs: (first & 0b1100_0000) !== 0,
    enciphers: (first & 0b0010_0000) !== 0,
    agrees: (first & 0b0000_1000) !== 0,
    mail: extended === undefined || (purposes ?? []).some((purpose) => mailUsages.has(purpose)),
  }
}

function bitsOf(der: Uint8Array): Uint8Array {
  const { result } = fromBER(new Uint8Array(der).buffer)
  return (result as BitString).valueBlock.valueHexView
}

/** Addresses it is for: of the alternative names (rfc822Name is choice 1), else of the subject. Lower-case. */
function emailsOf(certificate: Certificate): string[] {
  const names = certificate.extensions?.find((one) => one.extnID === alternativeNameOid)?.parsedValue as
    | { altNames?: readonly { type: number; value: unknown }[] }
    | undefined
  const alternative = (names?.altNames ?? []).flatMap(({ type, value }) => (type === 1 ? [String(value)] : []))
  const ofSubject = certificate.subject.typesAndValues
    .filter(({ type }) => type === emailAddressOid)
    .map(({ value }) => String(value.valueBlock.value))
  return [...new Set([...alternative, ...ofSubject].map((one) => oneLine(one).toLowerCase()))].slice(0, emailsMax)
}
/** A certificate for more addresses than these is for no person or desk. */
const emailsMax = 20

function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ', ')
    .trim()
    .slice(0, 300)
    .toWellFormed()
}
