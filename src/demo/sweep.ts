import { existsSync, readFileSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, type PidStamp } from '../kit/process-lock.ts'

/** Immediate shutdown takes some 10 ms; what has not ended then keeps its folder until the next demo. */
const endMsMax = 5000
const lookEveryMs = 20

/** Removes what demos left behind that were killed: their PostgreSQL, which outlives them, and their folder. Touches no demo that runs. */
export async function sweepDemos(parent: string, prefix: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const folder = path.join(parent, name)
    if (!name.startsWith(prefix) || !isAbandoned(folder)) continue
    if (await endPostgres(folder)) await rm(folder, { recursive: true, force: true })
  }
}

/** A demo that is only just beginning has no owner yet: it is left alone. */
function isAbandoned(folder: string): boolean {
  const file = path.join(folder, 'postgres', 'owner.json')
  if (!existsSync(file)) return false
  const text = readFileSync(file, 'utf8')
  if (text === '') return false
  const { pid, startedAt } = JSON.parse(text) as PidStamp
  return !isAlive(pid, startedAt)
}

/** Ends the PostgreSQL of that folder, and no other program that may have its number by now. True when it is gone. */
async function endPostgres(folder: string): Promise<boolean> {
  const data = path.join(folder, 'postgres', 'data')
  const file = path.join(data, 'postmaster.pid')
  if (!existsSync(file)) return true
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10)
  if (!isAlive(pid) || !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(data)) return true
  process.kill(pid, 'SIGQUIT')
  for (let waitedMs = 0; isAlive(pid) && waitedMs < endMsMax; waitedMs += lookEveryMs) await sleep(lookEveryMs)
  return !isAlive(pid)
}
