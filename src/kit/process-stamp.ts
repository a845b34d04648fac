import { readFileSync } from 'node:fs'

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
