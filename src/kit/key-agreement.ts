import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'
import { Constructed, OctetString, Sequence } from 'asn1js'
import { AlgorithmIdentifier } from 'pkijs'

/** Points of these curves as they travel: 04, then both coordinates (SEC 1, 2.3.3). */
const pointBytes: Readonly<Record<string, number>> = { prime256v1: 65, secp384r1: 97, secp521r1: 133 }

/**
 * How a secret of two becomes a key: Diffie-Hellman, standard or with the cofactor, which is one on these curves, and the digest of X9.63
 * (RFC 5753, 7.1.4). SHA-1 is what OpenSSL does unasked; here it only stretches a secret, for which it still does.
 */
const schemes: Readonly<Record<string, string>> = {
  '1.3.133.16.840.63.0.2': 'sha1',
  '1.3.133.16.840.63.0.3': 'sha1',
  '1.3.132.1.11.1': 'sha256',
  '1.3.132.1.11.2': 'sha384',
  '1.3.132.1.11.3': 'sha512',
  '1.3.132.1.14.1': 'sha256',
  '1.3.132.1.14.2': 'sha384',
  '1.3.132.1.14.3': 'sha512',
}

/** How that key wraps the content's key (RFC 3394): Node's name, and the bytes of key. */
const wraps: Readonly<Record<string, readonly [name: string, keyBytes: number]>> = {
  '2.16.840.1.101.3.4.1.5': ['id-aes128-wrap', 16],
  '2.16.840.1.101.3.4.1.25': ['id-aes192-wrap', 24],
  '2.16.840.1.101.3.4.1.45': ['id-aes256-wrap', 32],
}
/** RFC 3394, 2.2.3.1: what shows that the right key opened it. */
const wrapIv = Buffer.alloc(8, 0xa6)

const ours = { scheme: '1.3.132.1.11.1', wrap: '2.16.840.1.101.3.4.1.45' } as const

export type Agreed = {
  /** Our half, made for this one key and forgotten. */
  readonly point: Buffer
  readonly algorithm: AlgorithmIdentifier
  readonly wrapped: Buffer
}

/** A content key for the holder of a key on a curve (RFC 5753): ephemeral-static Diffie-Hellman, X9.63 with SHA-256, AES-256 wrap. */
export function wrapForCurve(to: KeyObject, contentKey: Buffer): Agreed {
  const namedCurve = to.asymmetricKeyDetails?.namedCurve ?? ''
  const own = generateKeyPairSync('ec', { namedCurve })
  const algorithm = new AlgorithmIdentifier({
    algorithmId: ours.scheme,
    algorithmParams: new AlgorithmIdentifier({ algorithmId: ours.wrap }).toSchema(),
  })
  const secret = diffieHellman({ privateKey: own.privateKey, publicKey: to })
  const [name, keyBytes] = wraps[ours.wrap] ?? ['', 0]
  const key = stretched('sha256', secret, sharedInfo(algorithm, null, keyBytes), keyBytes)
  const cipher = createCipheriv(name, key, wrapIv)
  const spki = own.publicKey.export({ type: 'spki', format: 'der' })
  const point = spki.subarray(-(pointBytes[namedCurve] ?? 0))
  return { point, algorithm, wrapped: Buffer.concat([cipher.update(contentKey), cipher.final()]) }
}

/** The content key that was wrapped for us; null where it does not come out, for whatever reason. */
export function unwrapOnCurve(
  own: KeyObject,
  from: {
    readonly point: Uint8Array
    readonly algorithm: AlgorithmIdentifier
    /** What both sides mix in besides (RFC 5753, 3.1.1); null: nothing. */
    readonly userKeying: Uint8Array | null
    readonly wrapped: Uint8Array
  },
): Buffer | null {
  const { algorithmId } = from.algorithm
  const algorithmParams: unknown = from.algorithm.algorithmParams
  const digest = schemes[algorithmId]
  if (digest === undefined || own.asymmetricKeyType !== 'ec' || !(algorithmParams instanceof Sequence)) return null
  const wrap = wraps[new AlgorithmIdentifier({ schema: algorithmParams }).algorithmId]
  const theirs = onCurveOf(own, Buffer.from(from.point))
  if (wrap === undefined || theirs === null) return null
  const [name, keyBytes] = wrap
  try {
    const secret = diffieHellman({ privateKey: own, publicKey: theirs })
    const key = stretched(digest, secret, sharedInfo(from.algorithm, from.userKeying, keyBytes), keyBytes)
    const decipher = createDecipheriv(name, key, wrapIv)
    return Buffer.concat([decipher.update(from.wrapped), decipher.final()])
  } catch {
    // The check value does not fit: it was not wrapped for this key, or was changed.
    return null
  }
}

/** A point as a key on the curve of ours; null for one in another form, or beside the curve. */
function onCurveOf(own: KeyObject, point: Buffer): KeyObject | null {
  const bytes = pointBytes[own.asymmetricKeyDetails?.namedCurve ?? ''] ?? 0
  if (point.length !== bytes || point[0] !== 4) return null
  const spki = createPublicKey(own).export({ type: 'spki', format: 'der' })
  try {
    const key = Buffer.concat([spki.subarray(0, spki.length - bytes), point])
    return createPublicKey({ key, type: 'spki', format: 'der' })
  } catch {
    // A point beside the curve would tell of our key (invalid-curve attack): OpenSSL does not take it.
    return null
  }
}

/** ECC-CMS-SharedInfo (RFC 5753, 7.2): the algorithm that wraps, as it stands in the mail, what is mixed in, and the bits of key. */
function sharedInfo(algorithm: AlgorithmIdentifier, userKeying: Uint8Array | null, keyBytes: number): Buffer {
  const bits = new Uint8Array(4)
  new DataView(bits.buffer).setUint32(0, keyBytes * 8)
  const tagged = (tagNumber: number, bytes: Uint8Array) =>
    new Constructed({
      idBlock: { tagClass: 3, tagNumber },
      value: [new OctetString({ valueHex: new Uint8Array(bytes).buffer })],
    })
  const parts = [
    algorithm.algorithmParams as Sequence,
    ...(userKeying === null ? [] : [tagged(0, userKeying)]),
    tagged(2, bits),
  ]
  return Buffer.from(new Sequence({ value: parts }).toBER())
}

/** X9.63 (SEC 1, 3.6.1): digests of the secret, a counter and what is shared, as many as it takes. */
function stretched(digest: string, secret: Buffer, shared: Buffer, bytes: number): Buffer {
  const pieces: Buffer[] = []
  for (let counter = 1; pieces.reduce((sum, one) => sum + one.length, 0) < bytes; counter++) {
    const number = Buffer.alloc(4)
    number.writeUInt32BE(counter)
    pieces.push(createHash(digest).update(secret).update(number).update(shared).digest())
  }
  return Buffer.concat(pieces).subarray(0, bytes)
}
