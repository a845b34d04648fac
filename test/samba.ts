import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { certificatesIn } from './certificates.ts'
import { installMissing, untilListening } from './debian.ts'

export type Samba = {
  /** PEM of the authority that signed its certificate for localhost and 127.0.0.1; LDAPS is on port 636. */
  readonly ca: string
  readonly stop: () => Promise<void>
}

/** Passwords of the accounts below; a domain wants them long and mixed. */
export const sambaPassword = 'Of-the-test-2026!'
const tool = '/usr/bin/samba-tool'

/**
 * A real Active Directory domain CORP (corp.example) by Samba, with these further entries. Where it cannot be had it says why: it needs root, and ports
 * 389 and 636 of 127.0.0.1 for itself, which it cannot be told otherwise.
 */
export async function startSamba(ldif: string, accounts: readonly string[]): Promise<Samba | { readonly why: string }> {
  if (process.getuid?.() !== 0) return { why: 'a domain controller needs root' }
  for (const port of [389, 636]) if (await isTaken(port)) return { why: `port ${port} is taken` }
  installMissing(['samba-ad-dc', 'samba-ad-provision', 'ldb-tools'], ['/usr/sbin/samba', tool, '/usr/bin/ldbmodify'])
  const folder = mkdtempSync(path.join(tmpdir(), 'cf-samba-'))
  certificatesIn(folder)
  const conf = path.join(folder, 'etc', 'smb.conf')
  const options = {
    interfaces: '127.0.0.1/8',
    'bind interfaces only': 'yes',
    'server services': 'ldap',
    'log file': path.join(folder, 'log'),
    'tls keyfile': path.join(folder, 'server.key'),
    'tls certfile': path.join(folder, 'server.pem'),
    'tls cafile': path.join(folder, 'ca.pem'),
    'tls priority': 'NORMAL',
  }
  const given = Object.entries(options).map(([name, value]) => `--option=${name}=${value}`)
  const run = (args: readonly string[]) => execFileSync(tool, args, { stdio: 'pipe' })
  const domain = [
    '--realm=CORP.EXAMPLE',
    '--domain=CORP',
    '--server-role=dc',
    '--dns-backend=NONE',
    '--host-name=dc01',
    '--host-ip=127.0.0.1',
  ]
  run(['domain', 'provision', ...domain, `--adminpass=${sambaPassword}`, `--targetdir=${folder}`, ...given])
  const store = ['-H', path.join(folder, 'private', 'sam.ldb'), '-s', conf]
  for (const account of accounts) run(['user', 'create', account, sambaPassword, ...store])
  writeFileSync(path.join(folder, 'entries.ldif'), ldif)
  execFileSync(
    '/usr/bin/ldbmodify',
    ['-H', path.join(folder, 'private', 'sam.ldb'), path.join(folder, 'entries.ldif')],
    { stdio: 'pipe' },
  )
  const server = spawn('/usr/sbin/samba', ['-i', '-M', 'single', '-s', conf], { stdio: ['ignore', 'pipe', 'pipe'] })
  let wrote = ''
  for (const stream of [server.stdout, server.stderr])
    stream.on('data', (chunk: Buffer) => {
      wrote += chunk.toString()
    })
  await untilListening(636, () => wrote)
  return {
    ca: readFileSync(path.join(folder, 'ca.pem'), 'utf8'),
    stop: async () => {
      const gone = new Promise((resolve) => server.once('exit', resolve))
      server.kill('SIGTERM')
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
