import { mkdirSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { wordsOf } from '../../kit/errors.ts'
import { stampOf } from '../../kit/process-lock.ts'
import { engineSettings } from './engine-settings.ts'
import { loadNative } from './native.ts'
import { makeRunner } from './run-statement.ts'
import { serveEngine } from './serve.ts'
import { storeFolderOf } from './store-folder.ts'

/** What the process is told by whoever starts it. */
export const ChildOrder = z.object({
  folder: z.string(),
  socket: z.string(),
  memoryMaxMiB: z.number(),
  fsync: z.boolean(),
})
export type ChildOrder = z.infer<typeof ChildOrder>

/** Statements that run when the owner goes get this long to end; what they wrote by then is whole parts or nothing. */
const endMsMax = 12_000

/**
 * The engine's process. Serves until its standard input closes, which happens whenever its owner ends, also by `kill -9`.
 * engine.json says who it is before the data folder is opened, so that no second one opens it.
 */
function main(order: ChildOrder): void {
  const card = path.join(order.folder, 'engine.json')
  writeFileSync(card, JSON.stringify({ ...stampOf(process.pid), socket: order.socket }), { mode: 0o600 })
  const store = storeFolderOf(order.folder)
  const scratch = path.join(order.folder, 'scratch')
  rmSync(scratch, { recursive: true, force: true })
  for (const folder of [store, scratch]) mkdirSync(folder, { recursive: true, mode: 0o700 })
  const settings = path.join(order.folder, 'engine.xml')
  writeFileSync(settings, engineSettings(order.memoryMaxMiB, order.fsync), { mode: 0o600 })
  const native = loadNative()
  const open = () => native.CreateConnection(store, [`--config-file=${settings}`])
  const runner = makeRunner(native, open, scratch, () => {
    say('a statement was killed and did not end; the engine is begun again')
    endNow()
  })
  const server = serveEngine(runner)
  rmSync(order.socket, { force: true })
  server.listen(order.socket, () => process.stdout.write('ready\n'))

  let ending = false
  const end = (): void => {
    if (ending) return
    ending = true
    server.close()
    server.closeAllConnections()
    void Promise.race([runner.end(), sleep(endMsMax)]).finally(() => {
      rmSync(order.socket, { force: true })
      endNow()
    })
  }
  process.stdin.on('end', end).on('close', end).on('error', end).resume()
  process.on('SIGTERM', end)
  // Its readers may be gone before it is.
  process.stdout.on('error', end)
  process.stderr.on('error', end)
}

/**
 * Ends this process without its exit handlers: those of the engine's library wait for each other now and then (seen twice in some hundred
 * ends, under load), and the process would stay for ever. All that was acknowledged is on disk. engine.json stays: it names a dead process,
 * and as long as it named a living one nobody else opened the folder.
 */
function endNow(): void {
  process.kill(process.pid, 'SIGKILL')
}

function say(problem: unknown): void {
  writeSync(2, `${wordsOf(problem)}\n`)
}

process.on('uncaughtException', (error) => {
  say(error)
  endNow()
})
try {
  main(ChildOrder.parse(JSON.parse(process.argv[2] ?? '')))
} catch (error) {
  say(error)
  endNow()
}
