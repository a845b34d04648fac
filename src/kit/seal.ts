import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Trouble } from './errors.ts'

const keyBytes = 32
const nonceBytes = 12
/** Without it node accepts tags cut down to 4 bytes, which can be guessed. */
const tagBytes = 16

/** AES-256-GCM: nonce, ciphertext, tag. `about` names what is sealed for whom, so that one row's secret cannot be put into another row. */
export function seal(key: Uint8Array, plain: string, about: string): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.from(about))
  return Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()])
}

/** What `seal` sealed. Throws Trouble('internal') when the key, the bytes or `about` are not the ones it was sealed with. */
export function unseal(key: Uint8Array, sealed: Uint8Array, about: string): string {
  const bytes = Buffer.from(sealed)
  if (bytes.length < nonceBytes + tagBytes)
    throw new Trouble('internal', { problem: 'a sealed secret is cut short', about })
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(about))
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes))
  try {
    const opened = Buffer.concat([
      decipher.update(bytes.subarray(nonceBytes, bytes.length - tagBytes)),
      decipher.final(),
    ])
    return opened.toString('utf8')
  } catch (error) {
    throw new Trouble(
      'internal',
      { problem: 'a sealed secret does not open: is seal.key the one of this database?', about },
      error,
    )
  }
}

/** A key of the installation. Its id is a digest of it, so that what it sealed can be told without trying. */
export type SealKey = { readonly id: string; readonly bytes: Buffer }
/** The keys of an installation: the current one seals, the others open what was sealed before. */
export type KeyRing = { readonly current: SealKey; readonly all: ReadonlyMap<string, SealKey> }

/** A secret under a data key of its own (`sealed`), and the data key under a key of the installation (`wrapped`). */
export type Envelope = { readonly keyId: string; readonly wrapped: Uint8Array; readonly sealed: Uint8Array }

/** Seals a secret for one place: `about` ("connector|corp-ad|password") is part of both seals, so that it opens nowhere else. */
export function sealEnvelope(ring: KeyRing, plain: string, about: string): Envelope {
  const dataKey = randomBytes(keyBytes)
  return {
    keyId: ring.current.id,
    wrapped: seal(ring.current.bytes, dataKey.toString('base64url'), `key|${about}`),
    sealed: seal(dataKey, plain, about),
  }
}

/** Throws Trouble('seal.key-missing') when the ring lacks its key, Trouble('internal') when it does not open. */
export function openEnvelope(ring: KeyRing, envelope: Envelope, about: string): string {
  return unseal(dataKeyOf(ring, envelope, about), envelope.sealed, about)
}

/** The same secret with its data key under the current key; the secret itself is not opened. */
export function rewrapped(ring: KeyRing, envelope: Envelope, about: string): Envelope {
  const dataKey = dataKeyOf(ring, envelope, about).toString('base64url')
  return { ...envelope, keyId: ring.current.id, wrapped: seal(ring.current.bytes, dataKey, `key|${about}`) }
}

function dataKeyOf(ring: KeyRing, envelope: Envelope, about: string): Buffer {
  const key = ring.all.get(envelope.keyId)
  if (key === undefined) throw new Trouble('seal.key-missing', { keyId: envelope.keyId, about })
  return Buffer.from(unseal(key.bytes, envelope.wrapped, `key|${about}`), 'base64url')
}

/** Keys as they are written: base64url of 256 bits each, one in a line (or after a comma), the current one first. `where` is for the trouble. */
export function readKeyRing(text: string, where: string): KeyRing {
  const keys = text
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line): SealKey => {
      const bytes = Buffer.from(line, 'base64url')
      if (bytes.length !== keyBytes)
        throw new Trouble('file.unreadable', { file: where, problem: 'this is not a key of 256 bits' })
      const id = createHash('sha256').update('counterfoil/seal-key/v1').update(bytes).digest('hex').slice(0, 16)
      return { id, bytes }
    })
  const [current] = keys
  if (current === undefined) throw new Trouble('file.unreadable', { file: where, problem: 'there is no key in it' })
  return { current, all: new Map(keys.map((key) => [key.id, key])) }
}

/** A new key as it is written into a file. */
export function newSealKey(): string {
  return randomBytes(keyBytes).toString('base64url')
}

/**
 * The keys of this installation, from `seal.key` in the data folder; one is made there at the first start, readable by its owner only.
 * A dump of the database alone opens no secret.
 */
export function keyRingIn(dataFolder: string): KeyRing {
  const file = path.join(dataFolder, 'seal.key')
  if (!existsSync(file)) {
    mkdirSync(dataFolder, { recursive: true })
    const draft = `${file}.${process.pid}`
    writeFileSync(draft, `${newSealKey()}\n`, { mode: 0o600 })
    try {
      // A link fails when the name is taken, so that of two processes that start together both end up with the same key.
      linkSync(draft, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw new Trouble('file.unreadable', { file }, error)
    } finally {
      rmSync(draft, { force: true })
    }
  }
  return readKeyRing(readFileSync(file, 'utf8'), file)
}
