import { readFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { Trouble } from './errors.ts'

/** A process, told apart from a later one that got the same number. `startedAt` is in clock ticks since boot; null where /proc is missing. */
export type PidStamp = { readonly pid: number; readonly startedAt: string | null }

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
  for (;;) {
    try {
      await writeFile(file, JSON.stringify(stampOf(process.pid)), { flag: 'wx' })
      break
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code === 'ENOSPC') throw new Trouble('disk.full', { file }, error)
      if (code !== 'EEXIST') throw new Trouble('file.unreadable', { file, code }, error)
    }
    if (Date.now() > until) throw new Trouble('state.conflict', { file, problem: 'another start is under way' })
    if (!(await heldByLiving(file))) await rm(file, { force: true })
    else await sleep(50)
  }
  try {
    return await work()
  } finally {
    await rm(file, { force: true })
  }
}

async function heldByLiving(file: string): Promise<boolean> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch {
    return true
  }
  // Between its creation and its first byte the file is empty: somebody is just taking it, unless it stays so.
  if (text === '') {
    await sleep(500)
    return (await readFile(file, 'utf8').catch(() => 'gone')) !== ''
  }
  const stamp = JSON.parse(text) as PidStamp
  return isAlive(stamp.pid, stamp.startedAt)
}
