import { createHash } from 'node:crypto'
import { readFile, rename } from 'node:fs/promises'
import path from 'node:path'
import { withFolderLock } from '../../kit/process-lock.ts'
import { appendSynced, writeSynced } from './synced-files.ts'

/**
 * Positions that are remembered after their lines are in the lake: a sender that did not hear our answer says them again within minutes.
 * 200,000 are 33 bytes each on disk, and some 20 MiB of memory.
 */
export const positionsMax = 200_000

const fileName = 'stored-positions'
const DigestLine = /^[0-9a-f]{32}$/

/** A position of a source, as it is remembered: 128 bits of SHA-256. */
export function positionDigest(source: string, position: string): string {
  return createHash('sha256').update(`${source}\0${position}`).digest('hex').slice(0, 32)
}

/** Which pieces of which streams are stored already, by all writers of this spool. */
export class StoredPositions {
  readonly #file: string
  /** In the order in which they came: the oldest is forgotten first. */
  readonly #known = new Set<string>()

  constructor(spoolFolder: string) {
    this.#file = path.join(spoolFolder, fileName)
  }

  /** Reads what earlier processes stored, and forgets what is too old. Call after the segments were looked at: those come here before they go. */
  async read(): Promise<void> {
    await withFolderLock(`${this.#file}.lock`, async () => {
      const lines = (await readFile(this.#file, 'utf8').catch(orNothing))
        .split('\n')
        .filter((line) => DigestLine.test(line))
      const kept = lines.slice(-positionsMax)
      for (const digest of kept) this.add(digest)
      if (lines.length <= 2 * positionsMax) return
      await writeSynced(`${this.#file}.part`, kept.map((digest) => `${digest}\n`).join(''))
      await rename(`${this.#file}.part`, this.#file)
    })
  }

  has(digest: string): boolean {
    return this.#known.has(digest)
  }

  /** Stored in a segment, which remembers it for as long as it is there. */
  add(digest: string): void {
    this.#known.add(digest)
    if (this.#known.size <= positionsMax) return
    const [oldest] = this.#known
    if (oldest !== undefined) this.#known.delete(oldest)
  }

  /** Before their segment goes. */
  async keep(digests: readonly string[]): Promise<void> {
    if (digests.length === 0) return
    const text = digests.map((digest) => `${digest}\n`).join('')
    await withFolderLock(`${this.#file}.lock`, () => appendSynced(this.#file, text))
  }
}

function orNothing(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return ''
  throw error
}
