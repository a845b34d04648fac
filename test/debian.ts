import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { connect, createServer } from 'node:net'

/** Installs Debian packages of a real server that a test needs, when one of these files is missing, and says so. */
export function installMissing(packages: readonly string[], files: readonly string[]): void {
  if (files.every((file) => existsSync(file))) return
  process.stderr.write(`installing Debian packages for this test: ${packages.join(' ')}\n`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = ['install', '-y', '--no-install-recommends', ...packages]
  // Two test files may want them at once: dpkg's own lock lets one wait for the other.
  const options = ['-o', 'DPkg::Lock::Timeout=300']
  try {
    execFileSync('apt-get', [...options, ...install], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  } catch {
    process.stderr.write('the package lists look old: apt-get update\n')
    execFileSync('apt-get', [...options, 'update', '-qq'], { env, stdio: ['ignore', 'ignore', 'pipe'] })
    execFileSync('apt-get', [...options, ...install], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  }
}

/** Ports of 127.0.0.1 that nobody uses. */
export async function freePorts(count: number): Promise<number[]> {
  // All are held open together, so that they are distinct; the gap until the server binds one is the usual small risk.
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer()
          server.once('error', reject)
          server.listen(0, '127.0.0.1', () => resolve(server))
        }),
    ),
  )
  const ports = servers.map((server) => {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return address.port
  })
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** Waits until something listens on a port of 127.0.0.1, or says what the server wrote. */
export async function untilListening(port: number, wrote: () => string, msMax = 30_000): Promise<void> {
  const until = performance.now() + msMax
  for (;;) {
    const listens = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', () => resolve(false))
    })
    if (listens) return
    if (performance.now() > until) throw new Error(`nothing listens on ${port}: ${wrote().slice(-2_000)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
