import dgram from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Clock } from '../../kit/clock.ts'
import { wordsOf } from '../../kit/errors.ts'
import { plainAddress } from '../../kit/ip-ranges.ts'
import type { TakeLogs } from '../../model/lake.ts'
import { withoutLineEnd } from './frames.ts'
import { kernelDrops } from './kernel-drops.ts'
import { Lane, lineCostBytes } from './lane.ts'
import { cannotListen, type SyslogLog } from './listening.ts'
import type { Senders } from './senders.ts'

/** Asked of the kernel for bursts while we are busy; it gives at most net.core.rmem_max (docs/lake.md says how to raise it). */
const receiveBufferBytes = 8 * 1024 * 1024
/** Datagrams in memory that the lake has not taken yet. UDP cannot be told to wait: what comes then is dropped and counted. */
const waitingBytesMax = 64 * 1024 * 1024
/** What of it one sender may take, so that one that floods drops its own lines and not those of the others. */
const waitingBytesPerSenderMax = 16 * 1024 * 1024

export type UdpNews = {
  readonly port: number
  readonly datagrams: number
  /** Dropped by us: the lake took nothing for so long that no room was left. */
  readonly dropped: number
  /** Dropped by the kernel before we saw them; null where the system does not tell. */
  readonly droppedByKernel: number | null
  /** What the kernel gave; Linux counts its own keeping in and says twice of it. */
  readonly receiveBufferBytes: number
}

export type UdpDoor = {
  readonly port: number
  readonly news: () => Promise<UdpNews>
  readonly close: () => Promise<void>
}

type Parts = {
  readonly host: string
  readonly port: number
  readonly senders: Senders
  readonly takeLogs: TakeLogs
  readonly clock: Clock
  readonly log: SyslogLog
  readonly signal: AbortSignal
  readonly onTaken: (lines: number) => void
  readonly onRefused: (words: string) => void
  readonly waitingBytesMax?: number
}

/** Syslog over UDP (RFC 5426): one datagram is one message. Throws Trouble('input.invalid') where it cannot listen. */
export async function openUdp(parts: Parts): Promise<UdpDoor> {
  const { host, senders, clock, log } = parts
  const socket = dgram.createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', recvBufferSize: receiveBufferBytes })
  const waiting = new Waiting(parts)
  let datagrams = 0
  socket.on('message', (bytes, { address }) => {
    datagrams += 1
    const source = senders.sourceOf(address)
    if (source === null) {
      if (senders.refuse(address, clock.now()))
        log.warn({ sender: plainAddress(address) }, 'syslog from an address that no source names was refused')
      return
    }
    const line = withoutLineEnd(bytes)
    if (line.length > 0) waiting.push(source, plainAddress(address), line)
  })
  await bind(socket, host, parts.port)
  socket.on('error', (error) => log.warn({ problem: wordsOf(error) }, 'the UDP socket of syslog reported an error'))
  const { port } = socket.address()
  return {
    port,
    news: async () => ({
      port,
      datagrams,
      dropped: waiting.dropped,
      droppedByKernel: await kernelDrops(port),
      receiveBufferBytes: socket.getRecvBufferSize(),
    }),
    close: async () => {
      await new Promise<void>((resolve) => socket.close(resolve))
      await waiting.drain()
    },
  }
}

function bind(socket: dgram.Socket, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(cannotListen('lake.syslog.udp', host, port, error))
    socket.once('error', failed)
    socket.bind(port, host, () => {
      socket.off('error', failed)
      resolve()
    })
  })
}

/** Lines of all senders on their way, bounded together and for each. */
class Waiting {
  dropped = 0
  #bytes = 0
  readonly #lanes = new Map<string, Lane>()
  readonly #parts: Parts
  readonly #bytesMax: number

  constructor(parts: Parts) {
    this.#parts = parts
    this.#bytesMax = parts.waitingBytesMax ?? waitingBytesMax
  }

  push(source: string, peer: string, line: Buffer): void {
    const cost = line.length + lineCostBytes
    const known = this.#lanes.get(peer)
    const perSenderMax = Math.min(waitingBytesPerSenderMax, this.#bytesMax / 4)
    if (this.#bytes + cost > this.#bytesMax || (known?.heldBytes ?? 0) + cost > perSenderMax) {
      this.dropped += 1
      return
    }
    this.#bytes += cost
    const lane = known ?? this.#open(source, peer)
    lane.push(line)
  }

  #open(source: string, peer: string): Lane {
    const { takeLogs, onTaken, onRefused, signal } = this.#parts
    const lane: Lane = new Lane({
      source,
      peer,
      takeLogs,
      onTaken: (bytes, lines) => {
        this.#bytes -= bytes
        if (lane.heldBytes === 0) this.#lanes.delete(peer)
        onTaken(lines)
      },
      onRefused,
      signal,
    })
    this.#lanes.set(peer, lane)
    return lane
  }

  async drain(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.drain()))
  }
}
