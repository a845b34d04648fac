import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { installMissing } from './debian.ts'

export type MailIdentity = {
  readonly certificate: string
  readonly privateKey: string
  readonly certificateFile: string
  readonly keyFile: string
}
type MailKeyKind = 'rsa' | 'ec' | 'P-256' | 'P-384' | 'P-521' | 'secp256k1'
export type MailAuthority = {
  readonly folder: string
  readonly authority: string
  /** Another identity that the authority vouches for; `days` may be negative: it is over. */
  readonly issue: (address: string, options?: { days?: number; key?: MailKeyKind; extra?: string }) => MailIdentity
  /** One that another identity signed as if it were an authority, which it is not. */
  readonly issueBy: (issuer: MailIdentity, address: string) => MailIdentity
  /** An identity that vouches for itself. */
  readonly selfSigned: (address: string) => MailIdentity
  /** Runs `openssl` in the folder, and answers what it printed. */
  readonly openssl: (args: readonly string[], input?: Uint8Array) => Buffer
  readonly close: () => void
}

/** An authority for mail certificates, made by OpenSSL, which also judges what we sign and encrypt. */
export function mailAuthority(): MailAuthority {
  installMissing(['openssl'], ['/usr/bin/openssl'])
  const folder = mkdtempSync(path.join(tmpdir(), 'cf-smime-'))
  const at = (name: string) => path.join(folder, name)
  const openssl = (args: readonly string[], input?: Uint8Array): Buffer =>
    execFileSync('openssl', args, {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(input === undefined ? {} : { input }),
    })
  const curve = (name: string) => ['-newkey', 'ec', '-pkeyopt', `ec_paramgen_curve:${name}`]
  const kinds: Readonly<Record<MailKeyKind, readonly string[]>> = {
    rsa: ['-newkey', 'rsa:2048'],
    ec: curve('P-256'),
    'P-256': curve('P-256'),
    'P-384': curve('P-384'),
    'P-521': curve('P-521'),
    secp256k1: curve('secp256k1'),
  }
  const identityOf = (name: string): MailIdentity => ({
    certificate: readFileSync(at(`${name}.pem`), 'utf8'),
    privateKey: readFileSync(at(`${name}.key`), 'utf8'),
    certificateFile: at(`${name}.pem`),
    keyFile: at(`${name}.key`),
  })
  let serial = 0
  const issue = (
    address: string,
    options: { days?: number; key?: MailKeyKind; extra?: string },
    by: Pick<MailIdentity, 'certificateFile' | 'keyFile'>,
  ): MailIdentity => {
    const name = `id${++serial}`
    const usage = 'keyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=emailProtection'
    writeFileSync(
      at(`${name}.ext`),
      `subjectAltName=email:${address}\nsubjectKeyIdentifier=hash\n${options.extra ?? usage}\n`,
    )
    const files = ['-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${address}`]
    openssl(['req', ...kinds[options.key ?? 'rsa'], '-nodes', ...files])
    const signing = [
      '-CA',
      by.certificateFile,
      '-CAkey',
      by.keyFile,
      '-CAcreateserial',
      '-days',
      String(options.days ?? 20),
    ]
    openssl(['x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signing, '-extfile', `${name}.ext`])
    return identityOf(name)
  }
  openssl([
    'req',
    '-x509',
    ...kinds.rsa,
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '30',
    '-subj',
    '/CN=Mail authority',
  ])
  return {
    folder,
    authority: readFileSync(at('ca.pem'), 'utf8'),
    openssl,
    issue: (address, options = {}) => issue(address, options, { certificateFile: 'ca.pem', keyFile: 'ca.key' }),
    issueBy: (issuer, address) => issue(address, {}, issuer),
    selfSigned: (address) => {
      const name = `id${++serial}`
      openssl([
        'req',
        '-x509',
        ...kinds.rsa,
        '-nodes',
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.pem`,
        '-days',
        '30',
        '-subj',
        `/CN=${address}`,
        '-addext',
        `subjectAltName=email:${address}`,
        '-addext',
        'basicConstraints=critical,CA:FALSE',
      ])
      return identityOf(name)
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}
