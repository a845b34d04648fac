import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readFile, rm } from 'node:fs/promises'
import http from 'node:http'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import { isAlive, withFolderLock } from '../../kit/process-lock.ts'
import type { ChildOrder } from './child.ts'
import { threads } from './run-statement.ts'
import { socketPathOf } from './socket-path.ts'

/** pino fits. */
export type EngineLog = {
  readonly info: (details: object, text: string) => void
  readonly warn: (details: object, text: string) => void
}

export type KeeperOptions = {
  readonly folder: string
  readonly memoryMaxMiB: number
  readonly log: EngineLog
  /** Off for throw-away lakes of tests only: a power cut loses what was loaded last. */
  readonly fsync?: boolean
  /** How long a living engine may keep still before it is told as occupied, or ended. Opening a lake of 10,000 parts takes seconds. */
  readonly answerMsMax?: number
}

/** Starts the engine's process, or joins the one that another process of ours keeps in the same folder. */
export type Keeper = {
  /** An engine that answers. Starts one where there is none. */
  readonly reach: () => Promise<Reached>
  /**
   * What we reached does not answer any more: look again next time. Resolves when it is known to be gone; true when nothing speaks
   * against asking the next one the same: it was another process's, which may have ended in order, or it hung and we ended it.
   */
  readonly forget: () => Promise<boolean>
  /** A statement did not stop in time: ends the engine's process where it does not answer at all. */
  readonly suspect: () => Promise<void>
  readonly close: () => Promise<void>
}
/** `turn` counts engines: another one may listen at the same path. */
export type Reached = { readonly socket: string; readonly turn: number }

const answerMsMaxDefault = 30_000
const pingMsMax = 2_000
/** A loop that is blocked for this long serves nobody: planning of one statement should take milliseconds. */
const blockedMsMax = 15_000
const readyMsMax = 120_000
const endMsMax = 15_000
const endToldMsMax = 500
/** Engines that end soon after they began are begun again less and less often, at last every ten seconds. */
const steadyMs = 30_000
const pauseMsMax = 10_000
/** Of what the engine says before it ends, enough to see why. */
const saidCharsMax = 4_000

const Card = z.object({ pid: z.int(), startedAt: z.string().nullable(), socket: z.string() })
type Card = z.infer<typeof Card>

type Own = { readonly child: ChildProcess; readonly socket: string; readonly ended: Promise<void> }

export function keepEngine(options: KeeperOptions): Keeper {
  let own: Own | null = null
  let reached: Reached | null = null
  let reaching: Promise<Reached> | null = null
  let turn = 0
  let joined = false
  let condemned: Own | null = null
  let misses = 0
  let notBefore = 0
  let closed = false

  const startOwn = async (): Promise<string> => {
    const waitMs = notBefore - Date.now()
    if (waitMs > 0) await sleep(waitMs)
    const begun = Date.now()
    const missed = (): void => {
      misses = Date.now() - begun < steadyMs ? misses + 1 : 0
      notBefore = misses === 0 ? 0 : Date.now() + Math.min(100 * 2 ** misses, pauseMsMax)
    }
    try {
      const started = await startChild(options)
      own = started
      condemned = null
      void started.ended.then(() => {
        if (own !== started) return
        own = null
        reached = null
        if (closed) return
        missed()
        options.log.warn(
          { pid: started.child.pid },
          'the log engine has ended by itself; the next statement starts it again',
        )
      })
      return started.socket
    } catch (error) {
      missed()
      throw error
    }
  }

  const look = async (): Promise<string> => {
    await mkdir(options.folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw new Trouble('file.unreadable', { folder: options.folder, problem: wordsOf(error) }, error)
    })
    await chmod(options.folder, 0o700)
    return withFolderLock(path.join(options.folder, 'starting'), async () => {
      if (closed) throw new Trouble('lake.unreachable', { problem: 'it was closed' })
      await condemned?.ended
      if (own !== null) return own.socket
      const running = await joinRunning(options)
      joined = running !== null
      return running ?? startOwn()
    })
  }

  return {
    reach: async () => {
      if (reached !== null) return reached
      reaching ??= look()
        .then((socket) => {
          reached = { socket, turn: ++turn }
          return reached
        })
        .finally(() => {
          reaching = null
        })
      return reaching
    },
    forget: async () => {
      const wasInnocent = joined || condemned !== null
      // Its end is told by the system a moment after its connections break.
      if (own !== null) await Promise.race([own.ended, sleep(endToldMsMax, undefined, { ref: false })])
      else reached = null
      return wasInnocent
    },
    suspect: async () => {
      const card = await readCard(options.folder)
      const withinMs = Math.min(blockedMsMax, options.answerMsMax ?? blockedMsMax)
      if (card === null || (await pings(card.socket, withinMs)) || !isAlive(card.pid, card.startedAt)) return
      options.log.warn({ pid: card.pid }, 'the log engine does not answer; it is ended and begun again')
      if (own?.child.pid === card.pid) {
        condemned = own
        reached = null
      }
      process.kill(card.pid, 'SIGKILL')
    },
    close: async () => {
      closed = true
      await reaching?.catch(() => undefined)
      const mine = own
      if (mine === null) return
      // A program with nothing else to do waits for the end as well.
      mine.child.ref()
      mine.child.stdin?.end()
      await Promise.race([mine.ended, sleep(endMsMax, undefined, { ref: false })])
      mine.child.kill('SIGKILL')
      await mine.ended
    },
  }
}

async function startChild(options: KeeperOptions): Promise<Own> {
  const folder = path.resolve(options.folder)
  const socket = await socketPathOf(folder)
  const order: ChildOrder = { folder, socket, memoryMaxMiB: options.memoryMaxMiB, fsync: options.fsync ?? true }
  // Nothing of our environment: there are secrets in it. In a session of its own: Ctrl-C is for us, and we end it in order.
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'child.ts'), JSON.stringify(order)], {
    cwd: folder,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { LC_ALL: 'C.UTF-8', TZ: 'UTC', PATH: '/usr/bin:/bin', UV_THREADPOOL_SIZE: String(threads) },
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-saidCharsMax)
  })
  child.stdin.on('error', () => child.kill('SIGKILL'))
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      said += wordsOf(error)
      resolve()
    })
    child.once('exit', () => resolve())
  })
  const ready = once(createInterface(child.stdout), 'line')
  const late = new AbortController()
  const first = await Promise.race([
    ready.then(() => 'ready' as const),
    ended.then(() => 'ended' as const),
    sleep(readyMsMax, 'late' as const, { signal: late.signal, ref: false }),
  ])
  late.abort()
  if (first !== 'ready') {
    child.kill('SIGKILL')
    throw troubleOfStart(said, first === 'late' ? `it was not ready after ${readyMsMax / 1000} s` : 'it ended at once')
  }
  // Whoever forgets to close must still be able to end; the engine follows.
  child.unref()
  for (const pipe of [child.stdin, child.stdout, child.stderr]) (pipe as unknown as { unref: () => void }).unref()
  options.log.info({ pid: child.pid }, 'the log engine runs')
  return { child, socket, ended }
}

function troubleOfStart(said: string, why: string): Trouble {
  const problem = said.trim().split('\n').slice(-5).join(' | ') || why
  return new Trouble(/No space left on device|NOT_ENOUGH_SPACE/.test(said) ? 'disk.full' : 'lake.unreachable', {
    problem,
  })
}

/** The engine that another process keeps here, once it answers; null when there is none alive. */
async function joinRunning(options: KeeperOptions): Promise<string | null> {
  const until = Date.now() + (options.answerMsMax ?? answerMsMaxDefault)
  for (;;) {
    const card = await readCard(options.folder)
    if (card === null) return null
    if (!isAlive(card.pid, card.startedAt)) {
      await rm(path.join(options.folder, 'engine.json'), { force: true })
      return null
    }
    if (await pings(card.socket, pingMsMax)) return card.socket
    if (Date.now() > until) throw new Trouble('lake.occupied', { pid: card.pid, folder: options.folder })
    await sleep(50)
  }
}

async function readCard(folder: string): Promise<Card | null> {
  let text: string
  try {
    text = await readFile(path.join(folder, 'engine.json'), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new Trouble('file.unreadable', { folder, problem: wordsOf(error) }, error)
  }
  // Written on a full disk, or only just being written, it is empty: then nobody is known to be here.
  return text === '' ? null : Card.parse(JSON.parse(text))
}

/** Does something answer there? */
async function pings(socket: string, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get({ socketPath: socket, path: '/ping', timeout: withinMs, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('timeout', () => request.destroy(new Error('no answer')))
    request.on('error', () => resolve(false))
  })
}
