import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { Trouble } from './errors.ts'

/** A process, told apart from a later one that got the same number. `startedAt` is in clock ticks since boot; null where /proc is missing. */
const Stamp = z.object({ pid: z.int().positive(), startedAt: z.string().nullable() })
export type PidStamp = Readonly<z.infer<typeof Stamp>>

export function stampOf(pid: number): PidStamp {
  return { pid, startedAt: startOf(pid)?.ticks ?? null }
}

/** State and start time of /proc/<pid>/stat (fields 3 and 22). The name in field 2 may hold blanks and brackets, so count from its end. */
function startOf(pid: number): { state: string; ticks: string } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', ticks: fields[19] ?? '' }
  } catch {
    return null
  }
}

/** True while the process runs. A zombie does not count, nor does another process that got the number since. */
export function isAlive(pid: number, startedAt: string | null = null): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  const now = startOf(pid)
  if (now === null) return process.platform !== 'linux'
  return now.state !== 'Z' && (startedAt === null || now.ticks === startedAt)
}

/** Two starts at once: the second waits this long for the first. initdb on a slow disk takes the most of it. */
const lockWaitMs = 180_000

/** Runs `work` while no other process of this machine runs it for the same file. A lock left by a dead process is taken. */
export async function withFolderLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const until = Date.now() + lockWaitMs
  while (!(await taken(file))) {
    if (Date.now() > until) throw new Trouble('state.conflict', { file, problem: 'another start is under way' })
    const left = await leftByDead(file)
    if (left === null) await sleep(50)
    else await removeLeft(file, left)
  }
  try {
    return await work()
  } finally {
    await rm(file, { force: true })
  }
}

/** The file appears with its words in it, or not at all: nobody ever reads an empty one and takes it for left. */
async function taken(file: string): Promise<boolean> {
  const own = `${file}.${process.pid}-${randomUUID()}`
  try {
    await writeFile(own, JSON.stringify(stampOf(process.pid)), { flag: 'wx' })
    await link(own, file)
    return true
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOSPC') throw new Trouble('disk.full', { file }, error)
    if (code !== 'EEXIST') throw new Trouble('file.unreadable', { file, code }, error)
    return false
  } finally {
    await rm(own, { force: true })
  }
}

/** What stands in a lock whose process is gone; null while it is held, or gone itself. */
async function leftByDead(file: string): Promise<string | null> {
  const text = await read(file)
  if (text === null) return null
  // Torn by a loss of power, it names nobody.
  const stamp = Stamp.safeParse(valueOf(text))
  return stamp.success && isAlive(stamp.data.pid, stamp.data.startedAt) ? null : text
}

/** Removes a lock that says this, and no other: of two who found it left the slower one may meet the lock of the faster one. */
async function removeLeft(file: string, left: string): Promise<void> {
  const aside = `${file}.${process.pid}-${randomUUID()}`
  try {
    await rename(file, aside)
    if ((await read(aside)) !== left) await link(aside, file)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ENOENT' && code !== 'EEXIST') throw new Trouble('file.unreadable', { file, code }, error)
  } finally {
    await rm(aside, { force: true })
  }
}

async function read(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new Trouble('file.unreadable', { file }, error)
  }
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
