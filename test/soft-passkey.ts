import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import type { Kysely } from 'kysely'
import { addPasskey } from '../src/db/passkeys.ts'
import type { Tables } from '../src/db/tables.ts'

const sha256 = (data: string | Uint8Array): Buffer => createHash('sha256').update(data).digest()

/** What to get wrong on purpose. */
export type Wrongly = {
  readonly origin?: string
  readonly rpId?: string
  readonly unverified?: boolean
  readonly counter?: number
  readonly challenge?: string
}

/** A passkey (ES256) that signs as an authenticator and a browser do, without either. */
export class SoftPasskey {
  readonly id = randomBytes(16).toString('base64url')
  readonly #key: KeyObject
  readonly publicKey: Buffer
  counter = 0

  constructor() {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#key = pair.privateKey
    const { x = '', y = '' } = pair.publicKey.export({ format: 'jwk' })
    // COSE_Key {1: 2, 3: -7, -1: 1, -2: x, -3: y}.
    this.publicKey = Buffer.concat([
      ...[Buffer.from('a5010203262001215820', 'hex'), Buffer.from(x, 'base64url')],
      ...[Buffer.from('225820', 'hex'), Buffer.from(y, 'base64url')],
    ])
  }

  async register(db: Kysely<Tables>, userId: string): Promise<this> {
    await addPasskey(db, {
      ...{ id: this.id, userId, publicKey: this.publicKey, counter: 0, transports: ['internal'], name: 'Phone' },
      ...{ createdAt: new Date().toISOString(), backedUp: false, attestation: new Uint8Array() },
    })
    return this
  }

  /** The browser's answer to a page that registers it: without attestation, as pages here ask for it. */
  create(options: { readonly challenge: string }, origin: string) {
    const id = Buffer.from(this.id, 'base64url')
    const size = Buffer.of(0, id.length)
    // Present, verified, and a key comes along; no counter, no maker.
    const head = Buffer.concat([sha256('localhost'), Buffer.of(0x45), Buffer.alloc(4 + 16), size])
    const authData = Buffer.concat([head, id, this.publicKey])
    // CBOR {"fmt": "none", "attStmt": {}, "authData": bytes}.
    const attestation = Buffer.concat([
      Buffer.from('a363666d74646e6f6e656761747453746d74a068617574684461746158', 'hex'),
      ...[Buffer.of(authData.length), authData],
    ])
    const said = { type: 'webauthn.create', challenge: options.challenge, origin, crossOrigin: false }
    return {
      ...{ id: this.id, rawId: this.id, type: 'public-key', clientExtensionResults: {} },
      response: {
        attestationObject: attestation.toString('base64url'),
        clientDataJSON: Buffer.from(JSON.stringify(said)).toString('base64url'),
      },
    }
  }

  /** The browser's answer to these options of a page. */
  sign(options: { readonly challenge: string; readonly rpId?: string }, origin: string, wrongly: Wrongly = {}) {
    this.counter = wrongly.counter ?? this.counter + 1
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(this.counter)
    const flags = Buffer.of(wrongly.unverified === true ? 0x01 : 0x05)
    const authenticatorData = Buffer.concat([sha256(wrongly.rpId ?? options.rpId ?? 'localhost'), flags, counter])
    const said = {
      type: 'webauthn.get',
      challenge: wrongly.challenge ?? options.challenge,
      origin: wrongly.origin ?? origin,
      crossOrigin: false,
    }
    const clientData = Buffer.from(JSON.stringify(said))
    const signature = sign('sha256', Buffer.concat([authenticatorData, sha256(clientData)]), this.#key)
    return {
      ...{ id: this.id, rawId: this.id, type: 'public-key', clientExtensionResults: {} },
      response: {
        authenticatorData: authenticatorData.toString('base64url'),
        clientDataJSON: clientData.toString('base64url'),
        signature: signature.toString('base64url'),
      },
    }
  }
}
