import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { certificatesIn } from './certificates.ts'
import { freePorts, installMissing, untilListening } from './debian.ts'

export type MariaDb = {
  readonly port: number
  /** PEM of the authority that signed its certificate for localhost and 127.0.0.1. */
  readonly ca: string
  /** Runs statements as root. */
  readonly run: (sql: string) => void
  readonly stop: () => Promise<void>
}

/** A real MariaDB server on loopback, with TLS; nothing of it outlives the test. */
export async function startMariaDb(): Promise<MariaDb> {
  installMissing(['mariadb-server'], ['/usr/sbin/mariadbd', '/usr/bin/mariadb-install-db', '/usr/bin/mariadb'])
  const folder = mkdtempSync(path.join(tmpdir(), 'cf-mariadb-'))
  const data = path.join(folder, 'data')
  const socket = path.join(folder, 'socket')
  mkdirSync(data)
  certificatesIn(folder)
  const user = process.getuid?.() === 0 ? ['--user=root'] : []
  execFileSync('/usr/bin/mariadb-install-db', ['--no-defaults', ...user, `--datadir=${data}`, '--skip-test-db'], {
    stdio: 'pipe',
  })
  const [port = 0] = await freePorts(1)
  const args = [
    '--no-defaults',
    ...user,
    `--datadir=${data}`,
    `--socket=${socket}`,
    `--pid-file=${folder}/pid`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--character-set-server=utf8mb4',
  ]
  const tls = [`--ssl-ca=${folder}/ca.pem`, `--ssl-cert=${folder}/server.pem`, `--ssl-key=${folder}/server.key`]
  const cheap = [
    '--innodb-buffer-pool-size=16M',
    '--innodb-log-file-size=8M',
    '--innodb-flush-log-at-trx-commit=0',
    '--skip-name-resolve',
  ]
  const log = path.join(folder, 'log')
  writeFileSync(log, '')
  const server = spawn('/usr/sbin/mariadbd', [...args, ...tls, ...cheap, `--log-error=${log}`], { stdio: 'ignore' })
  await untilListening(port, () => readFileSync(log, 'utf8'))
  return {
    port,
    ca: readFileSync(path.join(folder, 'ca.pem'), 'utf8'),
    run: (sql) =>
      void execFileSync('/usr/bin/mariadb', ['--no-defaults', `--socket=${socket}`, '-u', 'root'], {
        input: sql,
        stdio: ['pipe', 'pipe', 'pipe'],
      }),
    stop: async () => {
      const gone = new Promise((resolve) => server.once('exit', resolve))
      server.kill('SIGTERM')
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
