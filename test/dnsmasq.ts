import { type ChildProcess, spawn } from 'node:child_process'
import { freePorts, installMissing, untilListening } from './debian.ts'

export type Dnsmasq = { readonly address: string; readonly process: ChildProcess; readonly stop: () => Promise<void> }

/** A real resolver on loopback that knows these names and asks nobody else. */
export async function startDnsmasq(known: readonly string[]): Promise<Dnsmasq> {
  installMissing(['dnsmasq-base'], ['/usr/sbin/dnsmasq'])
  const [port = 0] = await freePorts(1)
  const bounds = ['--conf-file=/dev/null', '--no-daemon', '--no-resolv', '--no-hosts', '--pid-file=', '--user=root']
  const place = [`--port=${port}`, '--listen-address=127.0.0.1', '--bind-interfaces']
  // Names below these do not exist when it does not know them; about all others it refuses to say anything.
  const own = ['example', 'in-addr.arpa', 'ip6.arpa'].map((zone) => `--local=/${zone}/`)
  const server = spawn('/usr/sbin/dnsmasq', [...bounds, ...place, ...own, ...known], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let wrote = ''
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk: Buffer) => (wrote += chunk.toString()))
  await untilListening(port, () => wrote)
  const stop = () =>
    new Promise<void>((resolve) => {
      if (server.exitCode !== null || server.signalCode !== null) return resolve()
      server.once('exit', () => resolve())
      server.kill('SIGKILL')
    })
  return { address: `127.0.0.1:${port}`, process: server, stop }
}
