import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** rsyslogd of Debian, and its TLS by OpenSSL; null where it is not installed, with what to do. */
const program = ['/usr/sbin/rsyslogd', '/sbin/rsyslogd'].find((place) => existsSync(place)) ?? null
export const noRsyslog = program === null ? 'rsyslogd is missing: apt-get install rsyslog rsyslog-openssl' : null

export type Rsyslog = {
  /** Its input: lines that are appended to this file are sent on. */
  readonly inputFile: string
  readonly says: () => string
  readonly stop: () => Promise<void>
}

/**
 * A real rsyslogd with a configuration and a work folder of its own, and no part in the system's logging: reads a file, does `action`
 * with each line ("action(type=\"omfwd\" ...)"). `head` stands before (modules, TLS).
 */
export async function startRsyslog(options: { readonly head?: string; readonly action: string }): Promise<Rsyslog> {
  if (program === null) throw new Error(noRsyslog ?? '')
  const folder = mkdtempSync(path.join(os.tmpdir(), 'rsyslog-'))
  const work = path.join(folder, 'work')
  mkdirSync(work)
  const inputFile = path.join(folder, 'input.log')
  const config = path.join(folder, 'rsyslog.conf')
  writeFileSync(inputFile, '')
  writeFileSync(
    config,
    `global(workDirectory="${work}" maxMessageSize="64k" localHostname="relay.example.test"${options.head ?? ''})
module(load="imfile" mode="inotify")
input(type="imfile" file="${inputFile}" tag="app:" facility="local0" severity="info" reopenOnTruncate="on")
${options.action}
`,
  )
  execFileSync(program, ['-N1', '-f', config], { stdio: 'pipe' })
  const child = spawn(program, ['-n', '-f', config, '-i', path.join(folder, 'pid')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  return {
    inputFile,
    says: () => said,
    stop: async () => {
      await ended(child)
      rmSync(folder, { recursive: true })
    },
  }
}

/** The line that rsyslog itself would write into its own log, to see in a test what was sent. */
export const sentBy = (rsyslog: Rsyslog): string[] => readFileSync(rsyslog.inputFile, 'utf8').trimEnd().split('\n')

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const over = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const killing = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await over
  clearTimeout(killing)
}
