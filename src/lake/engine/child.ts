import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { wordsOf } from '../../kit/errors.ts'
import { stampOf } from '../../kit/process-lock.ts'
import { engineSettings } from './engine-settings.ts'
import { loadNative } from './native.ts'
import { makeRunner } from './run-statement.ts'
import { serveEngine } from './serve.ts'

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
  const store = path.join(order.folder, 'store')
  const scratch = path.join(order.folder, 'scratch')
  rmSync(scratch, { recursive: true, force: true })
  for (const folder of [store, scratch]) mkdirSync(folder, { recursive: true, mode: 0o700 })
  const settings = path.join(order.folder, 'engine.xml')
  writeFileSync(settings, engineSettings(order.memoryMaxMiB, order.fsync), { mode: 0o600 })
  const native = loadNative()
  const open = () => native.CreateConnection(store, [`--config-file=${settings}`])
  const runner = makeRunner(native, open, scratch, () => {
    process.stderr.write('a statement was killed and did not end; the engine is begun again\n')
    process.kill(process.pid, 'SIGKILL')
  })
  const server = serveEngine(runner)
  rmSync(order.socket, { force: true })
  server.listen(order.socket, () => process.stdout.write('ready\n'))

  let ending = false
  const end = (): void => {
    if (ending) return
    ending = true
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), endMsMax).unref()
    server.close()
    server.closeAllConnections()
    void runner.end().finally(() => {
      rmSync(order.socket, { force: true })
      rmSync(card, { force: true })
      process.exit(0)
    })
  }
  process.stdin.on('end', end).on('close', end).on('error', end).resume()
  process.on('SIGTERM', end)
  // Its readers may be gone before it is.
  process.stdout.on('error', end)
  process.stderr.on('error', end)
}

try {
  main(ChildOrder.parse(JSON.parse(process.argv[2] ?? '')))
} catch (error) {
  process.stderr.write(`${wordsOf(error)}\n`)
  process.exitCode = 1
}
