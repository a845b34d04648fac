import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { installMissing } from './debian.ts'

export type Gpg = {
  /** Makes a key (RSA, with one for encryption below it); both parts in armour. */
  readonly makeKey: (
    address: string,
    passphrase?: string,
  ) => { readonly publicText: string; readonly privateText: string }
  /** Runs `gpg` with these arguments; what it printed, and what it said of signatures and keys. Does not throw. */
  readonly run: (
    args: readonly string[],
    input?: Uint8Array,
  ) => { readonly out: Buffer; readonly says: string; readonly ok: boolean }
  readonly folder: string
  readonly close: () => void
}

/** GnuPG with a home of its own: it makes what comes in, and judges what we send. */
export function startGpg(): Gpg {
  installMissing(['gnupg', 'gpg-agent'], ['/usr/bin/gpg', '/usr/bin/gpg-agent'])
  // A socket's path may have 107 characters.
  const folder = mkdtempSync(path.join(tmpdir(), 'cfg-'))
  const base = [
    '--homedir',
    folder,
    '--batch',
    '--no-tty',
    '--pinentry-mode',
    'loopback',
    '--trust-model',
    'always',
    '--status-fd',
    '2',
  ]
  const run: Gpg['run'] = (args, input) => {
    const done = spawnSync('gpg', [...base, ...args], { input: input ?? Buffer.alloc(0), maxBuffer: 50_000_000 })
    return { out: done.stdout, says: done.stderr.toString(), ok: done.status === 0 }
  }
  const must = (args: readonly string[], input?: Uint8Array): Buffer => {
    const { out, says, ok } = run(args, input)
    if (!ok) throw new Error(`gpg ${args.join(' ')}: ${says}`)
    return out
  }
  return {
    folder,
    run,
    makeKey: (address, passphrase = '') => {
      const kind = [
        'Key-Type: RSA',
        'Key-Length: 2048',
        'Key-Usage: sign',
        'Subkey-Type: RSA',
        'Subkey-Length: 2048',
        'Subkey-Usage: encrypt',
      ]
      const secret = passphrase === '' ? '%no-protection' : `Passphrase: ${passphrase}`
      const wanted = [...kind, secret, `Name-Real: Desk`, `Name-Email: ${address}`, 'Expire-Date: 1y', '%commit']
      writeFileSync(path.join(folder, 'wanted'), `${wanted.join('\n')}\n`)
      must(['--generate-key', path.join(folder, 'wanted')])
      const unlock = passphrase === '' ? [] : ['--passphrase', passphrase]
      return {
        publicText: must(['--armor', '--export', address]).toString(),
        privateText: must(['--armor', ...unlock, '--export-secret-keys', address]).toString(),
      }
    },
    close: () => {
      execFileSync('gpgconf', ['--homedir', folder, '--kill', 'all'], { stdio: 'ignore' })
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
