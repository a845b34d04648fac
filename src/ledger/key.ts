import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject, randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { Trouble, wordsOf } from '../kit/errors.ts'
import { type VerifierKey, verifierKeyOf } from './signed-note.ts'

/** Both halves of the key that signs checkpoints, and the data folder it lives in. */
export type LedgerKey = { readonly verifier: VerifierKey; readonly privateKey: KeyObject; readonly folder: string }

export const keyFileName = 'ledger.key'
export const seenFileName = 'ledger.seen'

const KeyFile = z.object({ origin: z.string().min(1).max(200), privateKey: z.string().max(1000) })

/**
 * The key in this data folder; the first call makes it. It is never replaced: a ledger keeps its key for life.
 * Two processes that start at once end up with the same one, because the name is taken by a hard link.
 */
export function loadOrCreateKey(folder: string): LedgerKey {
  const existing = loadKey(folder)
  if (existing) return existing
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const print = hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'hex').slice(0, 16)
  const text = {
    origin: `counterfoil/ledger-${print}`,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
  const draft = path.join(folder, `.${keyFileName}.${randomUUID()}`)
  try {
    writeFileSync(draft, `${JSON.stringify(text, null, 2)}\n`, { mode: 0o600, flag: 'wx', flush: true })
    linkSync(draft, path.join(folder, keyFileName))
  } catch (error) {
    if (!isCode(error, 'EEXIST'))
      throw new Trouble('file.unreadable', { file: path.join(folder, keyFileName), problem: wordsOf(error) }, error)
  } finally {
    rmSync(draft, { force: true })
  }
  const made = loadKey(folder)
  if (!made) throw new Trouble('file.unreadable', { file: path.join(folder, keyFileName) })
  return made
}

/** The key in this data folder, or null where none was made yet. Throws Trouble('file.unreadable') for one that cannot be read. */
export function loadKey(folder: string): LedgerKey | null {
  const file = path.join(folder, keyFileName)
  try {
    const { origin, privateKey: pem } = KeyFile.parse(JSON.parse(readFileSync(file, 'utf8')))
    const privateKey = createPrivateKey(pem)
    if (privateKey.asymmetricKeyType !== 'ed25519') throw new TypeError('it is no Ed25519 key')
    return { verifier: verifierKeyOf(origin, createPublicKey(privateKey)), privateKey, folder }
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null
    // The words of a parse error could quote the file, which is a secret: only its name goes on.
    throw new Trouble('file.unreadable', { file, problem: 'it is not a ledger key' })
  }
}

/** The newest checkpoint this machine has seen; kept outside the database, so that a database set back is noticed. */
export function readSeen(key: LedgerKey): string | null {
  try {
    return readFileSync(path.join(key.folder, seenFileName), 'utf8')
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null
    throw new Trouble('file.unreadable', { file: path.join(key.folder, seenFileName) }, error)
  }
}

/** Keeps a checkpoint as the newest one seen. */
export function writeSeen(key: LedgerKey, note: string): void {
  const file = path.join(key.folder, seenFileName)
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, note, { mode: 0o600 })
  renameSync(draft, file)
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
