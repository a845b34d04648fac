import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { certificatesIn } from './certificates.ts'
import { freePorts, installMissing, untilListening } from './debian.ts'

export type Slapd = {
  readonly port: number
  readonly tlsPort: number
  /** PEM of the authority that signed its certificate for localhost and 127.0.0.1. */
  readonly ca: string
  readonly stop: () => Promise<void>
}

/** A real OpenLDAP server with these entries, on loopback; whoever signs in may read everything but passwords, nobody else anything. */
export async function startSlapd(ldif: string, suffix: string): Promise<Slapd> {
  installMissing(['slapd', 'ldap-utils'], ['/usr/sbin/slapd', '/usr/sbin/slapadd'])
  const folder = mkdtempSync(path.join(tmpdir(), 'cf-slapd-'))
  mkdirSync(path.join(folder, 'data'))
  certificatesIn(folder)
  const schemas = ['core', 'cosine', 'nis', 'inetorgperson'].map((name) => `include /etc/ldap/schema/${name}.schema`)
  const conf = [
    ...schemas,
    'modulepath /usr/lib/ldap',
    'moduleload back_mdb',
    'moduleload ppolicy',
    `TLSCACertificateFile ${folder}/ca.pem`,
    `TLSCertificateFile ${folder}/server.pem`,
    `TLSCertificateKeyFile ${folder}/server.key`,
    'database mdb',
    `suffix "${suffix}"`,
    `rootdn "cn=admin,${suffix}"`,
    'rootpw root-of-the-test',
    `directory ${folder}/data`,
    'maxsize 268435456',
    'dbnosync',
    'index objectClass,uid,mail,cn,member,memberUid eq',
    // As real directories do: who does not page gets no more than this.
    'limits * size.soft=300 size.hard=300 size.prtotal=unlimited',
    'access to attrs=userPassword by anonymous auth by * none',
    'access to * by users read by * none',
    'overlay ppolicy',
  ]
  const file = path.join(folder, 'slapd.conf')
  writeFileSync(file, `${conf.join('\n')}\n`)
  writeFileSync(path.join(folder, 'entries.ldif'), ldif)
  execFileSync('/usr/sbin/slapadd', ['-q', '-f', file, '-l', path.join(folder, 'entries.ldif')], { stdio: 'pipe' })
  const [port = 0, tlsPort = 0] = await freePorts(2)
  // 127.0.0.2 is a name that its certificate does not have.
  const urls = `ldap://127.0.0.1:${port} ldaps://127.0.0.1:${tlsPort} ldaps://127.0.0.2:${tlsPort}`
  const server = spawn('/usr/sbin/slapd', ['-d', '0', '-f', file, '-h', urls], { stdio: ['ignore', 'pipe', 'pipe'] })
  let wrote = ''
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk: Buffer) => (wrote += chunk.toString()))
  await untilListening(tlsPort, () => wrote)
  return {
    port,
    tlsPort,
    ca: readFileSync(path.join(folder, 'ca.pem'), 'utf8'),
    stop: async () => {
      await ended(server)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function ended(server: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    server.once('exit', () => resolve())
    server.kill('SIGTERM')
  })
}
