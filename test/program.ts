import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { stringify } from 'yaml'

export const cli = path.resolve(import.meta.dirname, '..', 'src', 'cli.ts')
/** Half a second on an idle machine with a database that is there; initdb and two busy cores take the rest. */
const openMsMax = 120_000
const saidCharsMax = 200_000
const commandMsMax = 120_000

export type Env = Readonly<Record<string, string>>

/** The real program, as a person starts it: `counterfoil start` in a process of its own. */
export type Program = {
  readonly child: ChildProcess
  /** Where its SMTP door listens; null when it has none. */
  readonly smtpPort: number | null
  /** Everything it wrote to stderr. */
  readonly said: () => string
  readonly kill: (signal: 'SIGKILL' | 'SIGTERM') => Promise<void>
}

/** Writes `counterfoil.yaml` into a data folder. */
export async function writeSettings(dataFolder: string, settings: object): Promise<void> {
  await mkdir(dataFolder, { recursive: true })
  await writeFile(path.join(dataFolder, 'counterfoil.yaml'), stringify(settings), { mode: 0o600 })
}

/** In a process namespace of its own a program looks to the others like one on another machine: nobody can see whether it lives. */
export type Where = { readonly env: Env; readonly ownNamespace?: boolean }

/** Starts it and waits until its doors are open. Rejects with what it said when it ends before. */
export async function startProgram({ env, ownNamespace = false }: Where): Promise<Program> {
  const words = [process.execPath, cli, 'start']
  const [program = '', ...args] = ownNamespace
    ? ['unshare', '-p', '-f', '--kill-child', '--mount-proc', ...words]
    : words
  const child = spawn(program, args, {
    env: { PATH: process.env['PATH'], COUNTERFOIL_LOG: 'warn', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  const open = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`it did not open within ${openMsMax} ms:\n${said}`)), openMsMax)
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-saidCharsMax)
      // The last thing it says, whatever doors there are, is about its mail server or its SMTP door.
      if (!/Provider mail is taken at \S+ \(SMTP\)/.test(said)) return
      clearTimeout(timer)
      resolve()
    })
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      reject(new Error(`it ended with ${code ?? signal}:\n${said}`))
    })
  })
  await open
  return {
    child,
    smtpPort: Number(/Provider mail is taken at \S+:(\d+) \(SMTP\)/.exec(said)?.[1] ?? Number.NaN) || null,
    said: () => said,
    kill: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill(signal)
      await gone
    },
  }
}

export type Said = { readonly code: number; readonly out: string; readonly err: string }

/** Runs a command of the program to its end, as a person does: with nothing of our environment but `env`. */
export function runCommand(
  args: readonly string[],
  env: Env,
  { input = '', cwd }: { readonly input?: string | Buffer; readonly cwd?: string } = {},
): Promise<Said> {
  return new Promise((resolve) => {
    // One that hangs is ended before its test is, so that the tests after it begin as they should.
    const bounds = { maxBuffer: 16 * 1024 * 1024, timeout: commandMsMax }
    const options = { env: { PATH: process.env['PATH'], ...env }, ...(cwd === undefined ? {} : { cwd }), ...bounds }
    const child = execFile(process.execPath, [cli, ...args], options, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    )
    child.stdin?.on('error', () => undefined) // It ended without reading what it was given.
    child.stdin?.end(input)
  })
}
