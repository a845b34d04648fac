import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchResult } from './result.ts'

const cli = path.resolve(import.meta.dirname, '../../src/cli.ts')
const readyMsMax = 60_000
const idleMs = 10_000

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

/** Starts the product as a person does and waits until its health page says that it is ready. */
async function start(folder: string, port: number): Promise<{ child: ChildProcess; readyMs: number }> {
  const began = performance.now()
  const env = { ...process.env, COUNTERFOIL_DATA: folder, COUNTERFOIL_PORT: String(port), COUNTERFOIL_LOG: 'warn' }
  const child = spawn(process.execPath, [cli, 'start'], { env, stdio: 'ignore' })
  while (performance.now() - began < readyMsMax) {
    const answer = await fetch(`http://127.0.0.1:${port}/api/health`).catch(() => null)
    if (answer?.ok === true) return { child, readyMs: performance.now() - began }
    await sleep(20)
  }
  child.kill('SIGKILL')
  throw new Error(`not ready within ${readyMsMax} ms`)
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  await once(child, 'exit')
}

/** Memory that a process and all its descendants hold for themselves (Pss: shared pages count once), in MiB. */
async function memoryMib(pid: number): Promise<number> {
  const parents = new Map<number, number>()
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    const parent = /\) \S (\d+)/.exec(stat)?.[1]
    if (parent !== undefined) parents.set(Number(name), Number(parent))
  }
  const family = new Set([pid])
  for (let grown = true; grown; ) {
    grown = false
    for (const [child, parent] of parents) {
      if (!family.has(parent) || family.has(child)) continue
      family.add(child)
      grown = true
    }
  }
  let kib = 0
  for (const member of family) {
    const rollup = await readFile(`/proc/${member}/smaps_rollup`, 'utf8').catch(() => '')
    kib += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0)
  }
  return kib / 1024
}

/** Start to ready on a data folder that exists, and memory of the server with its PostgreSQL when nothing happens. */
export async function bench(): Promise<BenchResult[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-bench-start-'))
  try {
    const port = await freePort()
    const first = await start(folder, port)
    await stop(first.child)
    const times: number[] = []
    for (let round = 0; round < 3; round++) {
      const { child, readyMs } = await start(folder, port)
      times.push(readyMs)
      await stop(child)
    }
    const { child } = await start(folder, port)
    await sleep(idleMs)
    const idle = await memoryMib(child.pid ?? 0)
    await stop(child)
    const worst = Math.max(...times) / 1000
    return [
      {
        name: 'start to ready, existing data',
        value: worst,
        unit: 's',
        goal: '<= 5',
        ok: worst <= 5,
        note: 'slowest of 3',
      },
      { name: 'start to ready, first time', value: first.readyMs / 1000, unit: 's', goal: 'none', ok: true },
      {
        name: 'idle memory, server and PostgreSQL (Pss)',
        value: idle,
        unit: 'MiB',
        goal: '< 400',
        ok: idle < 400,
        note: `after ${idleMs / 1000} s`,
      },
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
