import { copyFile, mkdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../test/browser.ts'
import { type Program, startProgram, writeSettings } from '../../test/program.ts'
import { deskAddress } from '../../test/signing-provider.ts'

/** A start is refused while PostgreSQL is away or the old port is still held; a service manager tries again as well. */
const startsMax = 200
const betweenStartsMs = 200

/** One `counterfoil start` with a data folder and doors of its own, which comes back on the same ports whenever it was killed. */
export class Node {
  readonly folder: string
  readonly smtpPort: number
  readonly httpPort: number
  /** True: in a process namespace of its own, so that the others know of its death by its silence alone. */
  readonly away: boolean
  readonly #env: Readonly<Record<string, string>>
  #program: Program | null = null

  private constructor(folder: string, ports: readonly [number, number], url: string, away: boolean) {
    this.folder = folder
    ;[this.smtpPort, this.httpPort] = ports
    this.away = away
    this.#env = { COUNTERFOIL_DATA: folder, DATABASE_URL: url, COUNTERFOIL_LOG: 'error' }
  }

  static async make(parts: {
    readonly folder: string
    readonly url: string
    readonly away: boolean
    readonly mailPort: number
    readonly dnsServer: string
  }): Promise<Node> {
    const ports = [await freePort(), await freePort()] as const
    const node = new Node(parts.folder, ports, parts.url, parts.away)
    await writeSettings(parts.folder, {
      http: { port: node.httpPort },
      smtp: { port: node.smtpPort, recipients: [deskAddress] },
      mailOut: { host: '127.0.0.1', port: parts.mailPort, tls: 'none', from: `Security desk <${deskAddress}>` },
      ownDomains: ['customer.example'],
      reverseDns: false,
      dnsServers: [parts.dnsServer],
      replyHoldSeconds: 0,
    })
    return node
  }

  get isUp(): boolean {
    return this.#program !== null
  }

  get env(): Readonly<Record<string, string>> {
    return this.#env
  }

  /** Whether this is the node with that process number: in a namespace of its own it calls itself 1. */
  isPid(pid: number): boolean {
    return this.away ? pid === 1 : this.#program?.child.pid === pid
  }

  async start(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        this.#program = await startProgram({ env: this.#env, ownNamespace: this.away })
        return
      } catch (error) {
        if (tries === startsMax) throw error
        await sleep(betweenStartsMs)
      }
    }
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const program = this.#program
    this.#program = null
    // unshare waits for its child and hears no SIGTERM.
    await program?.kill(this.away ? 'SIGKILL' : signal)
  }
}

/** Fills `nodes`: several on one database, as docs/operations.md says: the second has the keys of the first. The last is away from the others. */
export async function startNodes(
  nodes: Node[],
  parts: {
    readonly folder: string
    readonly url: string
    readonly count: number
    readonly mailPort: number
    readonly dnsServer: string
  },
): Promise<void> {
  for (let n = 0; n < parts.count; n += 1) {
    const folder = path.join(parts.folder, `node-${n}`)
    await mkdir(folder, { mode: 0o700 })
    const [first] = nodes
    if (first !== undefined) {
      for (const key of ['ledger.key', 'seal.key']) await copyFile(path.join(first.folder, key), path.join(folder, key))
    }
    const away = n > 0 && n === parts.count - 1 && process.platform === 'linux' && process.getuid?.() === 0
    const node = await Node.make({ ...parts, folder, away })
    nodes.push(node)
    await node.start()
  }
}
