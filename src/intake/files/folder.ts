import { mkdir, rename, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type FSWatcher, watch } from 'chokidar'
import type { Clock } from '../../kit/clock.ts'
import { isTrouble, Trouble, wordsOf } from '../../kit/errors.ts'
import type { Receive } from '../../model/message.ts'
import { lettersOf } from './letters.ts'

/** A file that has not grown for so long is complete. */
const stableMsDefault = 1_000
/** A file whose mail could not be kept (database, disk) is tried again after this, doubled up to the last. */
const retryMsDefault = 5_000
const retryMsMax = 5 * 60_000
/** Files that wait at the same time; more stay where they are until the next start or change. */
const waitingMax = 100_000
/** Names like x.eml, x-1.eml ... that are tried in done/ and refused/. */
const namesMax = 10_000

export type FolderLog = {
  readonly info: (details: object, text: string) => void
  readonly warn: (details: object, text: string) => void
}

export type FolderOptions = {
  readonly path: string
  /** The provider whose folder it is; its mail is accepted because it lies there. */
  readonly providerId: string | null
  readonly receive: Receive
  readonly log: FolderLog
  readonly clock: Clock
  readonly stableMs?: number
  readonly retryMs?: number
}

export type FolderNews = {
  readonly state: 'active' | 'failing' | 'stopped'
  readonly says: string
  readonly failingSince: string | null
  readonly lastSuccess: string | null
  readonly taken: number
  readonly refused: number
}

export type FolderDoor = {
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
  readonly state: () => FolderNews
}

/** Half-written files of browsers, copy programs and editors, and whatever hides. */
function isPassing(name: string): boolean {
  return name.startsWith('.') || name.endsWith('~') || /\.(?:tmp|part|partial|crdownload|swp|filepart|why)$/i.test(name)
}

class Folder {
  private readonly options: FolderOptions
  private watcher: FSWatcher | null = null
  private readonly waiting = new Set<string>()
  private working: Promise<void> = Promise.resolve()
  private readonly timers = new Set<NodeJS.Timeout>()
  private stopping = true
  private failures = 0
  private failingSince: string | null = null
  private says = 'not started'
  private lastSuccess: string | null = null
  private taken = 0
  private refused = 0

  constructor(options: FolderOptions) {
    this.options = options
  }

  async start(): Promise<void> {
    const { path: folder, stableMs } = this.options
    try {
      await mkdir(path.join(folder, 'done'), { recursive: true })
      await mkdir(path.join(folder, 'refused'), { recursive: true })
    } catch (error) {
      throw new Trouble('file.unreadable', { file: folder, problem: wordsOf(error) }, error)
    }
    this.stopping = false
    this.says = `Watching ${folder}.`
    const watcher = watch(folder, {
      depth: 0,
      followSymlinks: false,
      awaitWriteFinish: {
        stabilityThreshold: stableMs ?? stableMsDefault,
        pollInterval: Math.min(100, stableMs ?? stableMsDefault),
      },
    })
    this.watcher = watcher
    watcher.on('add', (file) => this.queue(file))
    watcher.on('change', (file) => this.queue(file))
    watcher.on('error', (error) => this.failed(error))
    await new Promise<void>((resolve) => watcher.once('ready', () => resolve()))
  }

  async stop(): Promise<void> {
    this.stopping = true
    for (const timer of this.timers) clearTimeout(timer)
    this.timers.clear()
    await this.watcher?.close()
    this.watcher = null
    await this.working
  }

  news(): FolderNews {
    return {
      state: this.watcher === null ? 'stopped' : this.failingSince === null ? 'active' : 'failing',
      says: this.says,
      failingSince: this.failingSince,
      lastSuccess: this.lastSuccess,
      taken: this.taken,
      refused: this.refused,
    }
  }

  /** One file after the other: order is kept, and one mail is in memory. */
  private queue(file: string): void {
    if (this.stopping || isPassing(path.basename(file)) || this.waiting.has(file) || this.waiting.size >= waitingMax)
      return
    this.waiting.add(file)
    this.working = this.working.then(async () => {
      this.waiting.delete(file)
      if (!this.stopping) await this.take(file)
    })
  }

  private async take(file: string): Promise<void> {
    const { clock, log } = this.options
    const problems: string[] = []
    let mails = 0
    try {
      if (!(await stat(file)).isFile()) return
      for await (const letter of lettersOf([file], (name, why) => problems.push(`${path.basename(name)}: ${why}`))) {
        if (letter.bytes.length === 0) {
          problems.push(`${path.basename(letter.name)}: it is empty`)
          continue
        }
        mails++
        await this.receive(letter.name, letter.bytes, problems)
      }
      if (mails === 0 && problems.length === 0) problems.push('there is no mail in it')
      await this.putAway(file, problems)
      this.failures = 0
      this.failingSince = null
      this.lastSuccess = clock.now().toISOString()
      this.says = `Watching ${this.options.path}.`
    } catch (error) {
      // Somebody took the file away between the news and now.
      if (
        (error as NodeJS.ErrnoException).code === 'ENOENT' ||
        (isTrouble(error, 'file.unreadable') && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT')
      ) {
        log.info({ file }, 'a file in a watched folder is gone again')
        return
      }
      this.failed(error)
      this.tryAgain(file)
    }
  }

  private async receive(name: string, bytes: Uint8Array, problems: string[]): Promise<void> {
    try {
      await this.options.receive({
        bytes,
        form: 'mail',
        channel: 'file',
        sourceAddress: null,
        heloName: null,
        envelopeFrom: null,
        envelopeTo: [],
        providerId: this.options.providerId,
        origin: `file:${name}`,
      })
      this.taken++
    } catch (error) {
      if (!isTrouble(error, 'input.invalid', 'input.too-large')) throw error
      problems.push(`${path.basename(name)}: ${wordsOf(error)}`)
    }
  }

  /** Into done/ after every mail in it is committed; into refused/ with a .why beside it when one could not be taken. */
  private async putAway(file: string, problems: readonly string[]): Promise<void> {
    const folder = path.join(this.options.path, problems.length === 0 ? 'done' : 'refused')
    const target = await freeName(folder, path.basename(file))
    // The reason first: a file in refused/ is never without one.
    if (problems.length > 0) {
      this.refused++
      await writeFile(`${target}.why`, `${problems.join('\n')}\n`)
      this.options.log.warn({ file, problems: problems.slice(0, 10) }, 'a file in a watched folder was refused')
    }
    await rename(file, target)
  }

  private failed(error: unknown): void {
    this.failures++
    this.failingSince ??= this.options.clock.now().toISOString()
    this.says = isTrouble(error, 'disk.full')
      ? 'The disk is full; files stay where they are until there is space.'
      : `A file could not be taken: ${wordsOf(error)}. It stays where it is and is tried again.`
    this.options.log.warn({ folder: this.options.path, problem: wordsOf(error) }, this.says)
  }

  private tryAgain(file: string): void {
    if (this.stopping) return
    const wait = Math.min(retryMsMax, (this.options.retryMs ?? retryMsDefault) * 2 ** Math.min(this.failures - 1, 10))
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      this.queue(file)
    }, wait)
    this.timers.add(timer)
  }
}

async function freeName(folder: string, name: string): Promise<string> {
  const { name: stem, ext } = path.parse(name)
  for (let i = 0; i < namesMax; i++) {
    const target = path.join(folder, i === 0 ? name : `${stem}-${i}${ext}`)
    try {
      await stat(target)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return target
      throw error
    }
  }
  throw new Trouble('state.conflict', { folder, name, problem: `more than ${namesMax} files of this name` })
}

/**
 * Takes every mail file that lies in a folder or is put there, once it has stopped growing. The same bytes twice are one message, so a
 * crash between the commit and the move loses nothing and doubles nothing. `start` throws Trouble('file.unreadable') where the folder cannot be used.
 */
export function makeFolderDoor(options: FolderOptions): FolderDoor {
  const folder = new Folder(options)
  return { start: () => folder.start(), stop: () => folder.stop(), state: () => folder.news() }
}
