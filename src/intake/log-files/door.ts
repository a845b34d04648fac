import type { FileHandle } from 'node:fs/promises'
import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LakeConfig } from '../../config/config.ts'
import type { Clock } from '../../kit/clock.ts'
import { isTrouble, wordsOf } from '../../kit/errors.ts'
import { filesOf } from './files-of.ts'
import { openFile, readFileOnward } from './read-file.ts'
import type { Taking } from './read-text.ts'

/** A followed file is looked at so often; a line is searchable two or three seconds after it was written. */
const lookEveryMsDefault = 1_000
/** Folders and globs are looked through for new files so often. */
const findEveryMsDefault = 5_000
/** Files of which a handle is kept, so that what was written last is read when the file is put aside under a name we do not follow. */
const handlesMax = 512
/** A file that was put aside is read until it has not grown for so long: its program still has it open. */
const drainMsDefault = 10_000
/** A packed file that was changed less than this ago is still being written. */
const packedAgeMs = 5_000
/** After a failure, doubled up to the last. */
const retryMsMin = 1_000
const retryMsMax = 60_000

export type LogFilesLog = {
  readonly info: (details: object, text: string) => void
  readonly warn: (details: object, text: string) => void
}

export type LogFilesOptions = Taking & {
  readonly files: LakeConfig['files']
  readonly clock: Clock
  readonly log: LogFilesLog
  readonly lookEveryMs?: number
  readonly findEveryMs?: number
  readonly drainMs?: number
}

export type LogFilesNews = {
  readonly state: 'active' | 'failing' | 'stopped'
  readonly says: string
  readonly lastSuccess: string | null
  /** Files that are followed. */
  readonly files: number
  /** Bytes of text handed over since the start. */
  readonly bytes: number
  /** What cannot be read, and why. */
  readonly problems: Readonly<Record<string, string>>
}

export type LogFilesDoor = {
  readonly start: () => void
  /** Ends between two stretches; everything that was handed over is kept. */
  readonly stop: () => Promise<void>
  readonly state: () => LogFilesNews
}

type Followed = {
  readonly path: string
  readonly source: string
  handle: FileHandle | null
  inode: bigint | null
  size: bigint
  mtimeMs: bigint
  notBefore: number
  failures: number
}
/** A file that another one has taken the name of. */
type Leaving = { readonly followed: Followed; readonly handle: FileHandle; until: number; offset: number }

class LogFiles {
  private readonly options: LogFilesOptions
  private readonly followed = new Map<string, Followed>()
  private readonly problems = new Map<string, string>()
  private leaving: Leaving[] = []
  private readonly stopping = new AbortController()
  private running: Promise<void> | null = null
  private foundAt = -Infinity
  private bytes = 0
  private lastSuccess: string | null = null
  private handles = 0

  constructor(options: LogFilesOptions) {
    this.options = options
  }

  start(): void {
    this.running ??= this.run()
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    await this.running
    for (const followed of this.followed.values()) await this.closeHandle(followed)
    for (const { handle } of this.leaving) await handle.close()
    this.leaving = []
  }

  state(): LogFilesNews {
    const isStopped = this.running === null || this.stopping.signal.aborted
    const count = this.problems.size
    return {
      state: isStopped ? 'stopped' : count > 0 ? 'failing' : 'active',
      says:
        count === 0
          ? `Reads ${this.followed.size} files as they grow.`
          : `${count} of ${this.options.files.length + this.followed.size} paths cannot be read: ${[...this.problems.values()][0]}`,
      lastSuccess: this.lastSuccess,
      files: this.followed.size,
      bytes: this.bytes,
      problems: Object.fromEntries(this.problems),
    }
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping
    while (!signal.aborted) {
      const began = performance.now()
      if (began - this.foundAt >= (this.options.findEveryMs ?? findEveryMsDefault)) {
        this.foundAt = began
        await this.find()
      }
      let isMore = false
      for (const leaving of [...this.leaving]) isMore = (await this.drain(leaving)) || isMore
      for (const followed of this.followed.values()) {
        if (signal.aborted) break
        isMore = (await this.look(followed)) || isMore
      }
      // Where a file has more than a stretch, it goes on at once, after every other file had its turn.
      if (!isMore)
        await sleep(this.options.lookEveryMs ?? lookEveryMsDefault, undefined, { signal }).catch(() => undefined)
    }
  }

  private async find(): Promise<void> {
    for (const { path, source } of this.options.files) {
      try {
        for (const file of await filesOf(path)) {
          const key = `${source}\0${file.path}`
          if (this.followed.has(key)) continue
          const unknown = { handle: null, inode: null, size: -1n, mtimeMs: -1n, notBefore: 0, failures: 0 }
          this.followed.set(key, { path: file.path, source, ...unknown })
        }
        this.problems.delete(path)
      } catch (error) {
        this.fails(path, error)
      }
    }
  }

  private fails(path: string, error: unknown): void {
    const says = isTrouble(error)
      ? String(error.details['problem'] ?? error.details['why'] ?? error.message)
      : wordsOf(error)
    if (this.problems.get(path) !== says) this.options.log.warn({ path, problem: says }, 'a log file cannot be read')
    this.problems.set(path, says)
  }

  /** Reads what is new in a file. True when there is more. */
  private async look(followed: Followed): Promise<boolean> {
    if (performance.now() < followed.notBefore) return false
    try {
      const stats = await stat(followed.path, { bigint: true })
      const isSame = followed.inode === null || stats.ino === followed.inode
      if (!isSame) this.leave(followed)
      if (isSame && stats.size === followed.size && stats.mtimeMs === followed.mtimeMs) return false
      if (/\.(?:gz|zst)$/i.test(followed.path) && Date.now() - Number(stats.mtimeMs) < packedAgeMs) return false
      await this.openHandle(followed)
      const read = await readFileOnward({
        ...this.options,
        path: followed.path,
        source: followed.source,
        takesRest: false,
        stretchesMax: 1,
        signal: this.stopping.signal,
        ...(followed.handle === null ? {} : { handle: followed.handle }),
      })
      followed.inode = stats.ino
      const isDone = read.bytes === 0
      if (isDone) [followed.size, followed.mtimeMs] = [stats.size, stats.mtimeMs]
      if (read.problem !== null) this.fails(followed.path, new Error(read.problem))
      else this.succeeded(followed, read.bytes)
      return !isDone
    } catch (error) {
      return this.lookFailed(followed, error)
    }
  }

  private succeeded(followed: Followed, bytes: number): void {
    followed.failures = 0
    this.problems.delete(followed.path)
    this.bytes += bytes
    this.lastSuccess = this.options.clock.now().toISOString()
  }

  private lookFailed(followed: Followed, error: unknown): false {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') {
      // Removed, or put aside under a name that is not followed.
      this.leave(followed)
      this.followed.delete(`${followed.source}\0${followed.path}`)
      this.problems.delete(followed.path)
      return false
    }
    followed.failures++
    followed.notBefore = performance.now() + Math.min(retryMsMax, retryMsMin * 2 ** Math.min(followed.failures, 10))
    // The lake is full for the moment: the file keeps its lines, and the others have their turn.
    if (!isTrouble(error, 'lake.full')) this.fails(followed.path, error)
    return false
  }

  private async openHandle(followed: Followed): Promise<void> {
    if (followed.handle !== null || this.handles >= handlesMax || /\.(?:gz|zst)$/i.test(followed.path)) return
    followed.handle = await openFile(followed.path)
    this.handles++
  }

  private async closeHandle(followed: Followed): Promise<void> {
    if (followed.handle === null) return
    const { handle } = followed
    followed.handle = null
    this.handles--
    await handle.close()
  }

  /** Its name means another file now. What we have open is read to its end before it is let go. */
  private leave(followed: Followed): void {
    const { handle } = followed
    followed.handle = null
    followed.inode = null
    followed.size = -1n
    if (handle === null) return
    const until = performance.now() + (this.options.drainMs ?? drainMsDefault)
    this.leaving.push({ followed: { ...followed }, handle, until, offset: -1 })
  }

  private async drain(leaving: Leaving): Promise<boolean> {
    const { followed, handle } = leaving
    const isLast = performance.now() >= leaving.until
    try {
      const read = await readFileOnward({
        ...this.options,
        ...{ path: followed.path, source: followed.source, handle },
        takesRest: isLast,
        stretchesMax: 1,
        signal: this.stopping.signal,
      })
      if (read.bytes > 0) {
        this.succeeded(followed, read.bytes)
        leaving.until = Math.max(leaving.until, performance.now() + (this.options.drainMs ?? drainMsDefault))
        return true
      }
    } catch (error) {
      if (isTrouble(error, 'lake.full')) return false
      this.fails(followed.path, error)
    }
    if (!isLast) return false
    this.leaving.splice(this.leaving.indexOf(leaving), 1)
    this.handles--
    await handle.close()
    return false
  }
}

/**
 * Reads files as they grow: those that are named, in folders and below them, or meant by globs. Looks once a second, which works on every
 * file system; follows a file that is put aside (renamed) to its end, begins anew where it was emptied (copied and truncated), and reads
 * packed ones once. Goes on where it was, also after `kill -9`.
 */
export function makeLogFilesDoor(options: LogFilesOptions): LogFilesDoor {
  const files = new LogFiles(options)
  return { start: () => files.start(), stop: () => files.stop(), state: () => files.state() }
}
