import type { ObjectIdentifier, OctetString } from 'asn1js'
import type { SignerInfo } from 'pkijs'

/** SHA-2 by its identifier (RFC 5754). Those older can be forged, and count nowhere. */
export const sha2: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}

/** A copy of its own, as asn1js and pkijs want bytes. */
export const arrayOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

/** The value of a signed attribute, by its identifier (RFC 5652, section 11); undefined where the signature has none. */
export const signedAttribute = ({ signedAttrs }: Pick<SignerInfo, 'signedAttrs'>, oid: string): unknown =>
  signedAttrs?.attributes.find(({ type }) => type === oid)?.values[0]

/** What a signature says that it is over: the kind of content, and the content's digest. */
export function signedOver(signer: Pick<SignerInfo, 'signedAttrs'>): { type?: string; digest?: Uint8Array } {
  const type = (signedAttribute(signer, '1.2.840.113549.1.9.3') as ObjectIdentifier | undefined)?.valueBlock.toString()
  const digest = (signedAttribute(signer, '1.2.840.113549.1.9.4') as OctetString | undefined)?.valueBlock.valueHexView
  return { ...(type === undefined ? {} : { type }), ...(digest === undefined ? {} : { digest }) }
}
