// `node tools/run.mjs WHAT ARGS...`: set-up, then WHAT under Node 24: `counterfoil`, `node`, or a binary of our dependencies.
// The folder it was called from stays the working folder, so that paths mean what the person typed.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import path from 'node:path'
import { root, setup } from './setup.mjs'

const [what, ...args] = process.argv.slice(2)
if (what === undefined) {
  process.stderr.write('usage: node tools/run.mjs counterfoil|node|BINARY ARGS...\n')
  process.exit(2)
}
const { env, node } = setup()
const isProduct = what === 'counterfoil'
const command = isProduct || what === 'node' ? node : path.join(root, 'node_modules', '.bin', what)
const given = isProduct ? [path.join(root, 'src', 'cli.ts'), ...args] : args
const cwd = isProduct ? (process.env.INIT_CWD ?? process.cwd()) : root

const child = spawn(command, given, { cwd, env, stdio: 'inherit' })
// The terminal sends Ctrl-C to the whole group; a plain kill reaches only us, so it is handed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  process.stderr.write(`${what} could not be started: ${error.message}\n`)
  process.exit(1)
})
child.on('exit', (code, signal) => process.exit(signal === null ? code : 128 + (constants.signals[signal] ?? 0)))
