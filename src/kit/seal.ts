import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
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

/**
 * The key of this installation, from `seal.key` in the data folder; made there at the first start, readable by its owner only.
 * A dump of the database alone opens no secret.
 */
export function sealKeyIn(dataFolder: string): Buffer {
  const file = path.join(dataFolder, 'seal.key')
  if (!existsSync(file)) {
    mkdirSync(dataFolder, { recursive: true })
    const draft = `${file}.${process.pid}`
    writeFileSync(draft, `${randomBytes(keyBytes).toString('base64url')}\n`, { mode: 0o600 })
    try {
      // A link fails when the name is taken, so that of two processes that start together both end up with the same key.
      linkSync(draft, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw new Trouble('file.unreadable', { file }, error)
    } finally {
      rmSync(draft, { force: true })
    }
  }
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64url')
  if (key.length !== keyBytes) throw new Trouble('file.unreadable', { file, problem: 'this is not a key of 256 bits' })
  return key
}
