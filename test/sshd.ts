import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { freePorts, installMissing, untilListening } from './debian.ts'

export type Sshd = {
  readonly port: number
  readonly user: string
  /** SHA256:... of its host key. */
  readonly hostKey: string
  /** A key that it lets in, and one that it does not. */
  readonly goodKey: string
  readonly otherKey: string
  readonly stop: () => Promise<void>
}

/** A real OpenSSH server on loopback, for the user that runs the tests. */
export async function startSshd(): Promise<Sshd> {
  installMissing(['openssh-server'], ['/usr/sbin/sshd', '/usr/bin/ssh-keygen'])
  const folder = mkdtempSync(path.join(tmpdir(), 'cf-sshd-'))
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true })
  const file = (name: string) => path.join(folder, name)
  for (const name of ['host', 'good', 'other'])
    execFileSync('/usr/bin/ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(name)], { stdio: 'pipe' })
  writeFileSync(file('authorized'), readFileSync(file('good.pub')))
  const [port = 0] = await freePorts(1)
  const conf = [
    `HostKey ${file('host')}`,
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `AuthorizedKeysFile ${file('authorized')}`,
    `PidFile ${file('pid')}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    'PermitUserEnvironment no',
  ]
  writeFileSync(file('conf'), `${conf.join('\n')}\n`)
  const server = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', file('conf')], { stdio: ['ignore', 'ignore', 'pipe'] })
  let wrote = ''
  server.stderr.on('data', (chunk: Buffer) => {
    wrote += chunk.toString()
  })
  await untilListening(port, () => wrote)
  const told = execFileSync('/usr/bin/ssh-keygen', ['-lf', file('host.pub')], { encoding: 'utf8' })
  return {
    port,
    user: userInfo().username,
    hostKey: /SHA256:\S+/.exec(told)?.[0] ?? '',
    goodKey: readFileSync(file('good'), 'utf8'),
    otherKey: readFileSync(file('other'), 'utf8'),
    stop: async () => {
      const gone = new Promise((resolve) => server.once('exit', resolve))
      server.kill('SIGTERM')
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
