import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestProject } from 'vitest/node'
import { isAlive } from '../src/kit/process-lock.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    databaseFolder: string
  }
}

/**
 * One throw-away PostgreSQL cluster for a whole run. It starts with the first test that asks for a database, and is thrown
 * away as a whole at the end: a DROP DATABASE for each test costs up to 700 ms, the cluster goes in one.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-test-'))
  await chmod(folder, 0o755)
  project.provide('databaseFolder', folder)
  return async () => {
    const pidFile = path.join(folder, 'data', 'postmaster.pid')
    if (existsSync(pidFile)) {
      const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10)
      if (isAlive(pid)) process.kill(pid, 'SIGQUIT')
      for (let waitedMs = 0; isAlive(pid) && waitedMs < 10_000; waitedMs += 20) await sleep(20)
    }
    await rm(folder, { recursive: true, force: true })
  }
}
