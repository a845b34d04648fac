import net from 'node:net'
import tls from 'node:tls'
import type { Clock } from '../../kit/clock.ts'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import { peerNetwork, plainAddress } from '../../kit/ip-ranges.ts'
import { lineBytesMax, type TakeLogs } from '../../model/lake.ts'
import { Frames } from './frames.ts'
import { Lane } from './lane.ts'
import { cannotListen, type SyslogLog } from './listening.ts'
import type { Senders } from './senders.ts'

/** Connections at once, of all senders: a few thousand hosts that log by themselves, each with one. */
const connectionsMaxDefault = 4_000
/** Connections of one address: a relay keeps one for each of its workers. */
const connectionsPerPeerMaxDefault = 128
/**
 * Read and not yet taken of one connection: then we stop reading, and TCP tells the sender to wait. One batch under way and one being
 * gathered, so that a single sender is not slowed down to one batch for each sync of the disk.
 */
const windowBytesMax = 4 * 1024 * 1024
/** The same for all connections together; what one may have shrinks as they grow in number. */
const windowsBytesMax = 128 * 1024 * 1024
/** Lines that have begun and not ended, of all connections together: past this they are kept in the pieces that came. */
const unfinishedBytesMax = 64 * 1024 * 1024
/** A line whose rest does not come within this is kept as it is: nobody writes half a line for five minutes. */
const unfinishedMsMax = 5 * 60_000
/**
 * A connection without a byte for this long is ended. Long, because a sender finds out only after it has lost a line into it
 * (RFC 6587 has no acknowledgement); peers that are gone are found by TCP's own probes.
 */
const idleMsMax = 12 * 3_600_000
const keepAliveMs = 60_000
/** A TLS handshake takes a few round trips. */
const handshakeMsMax = 10_000
/** How often unfinished lines and idle connections are looked at. */
const sweepMs = 30_000

export type StreamNews = {
  readonly port: number
  readonly connections: number
  /** Connections refused because there were too many. */
  readonly tooMany: number
  /** Handshakes that failed: no certificate, a wrong one, no TLS at all. */
  readonly handshakesFailed: number
}

export type StreamDoor = {
  readonly port: number
  readonly news: () => StreamNews
  readonly close: () => Promise<void>
}

export type StreamLimits = {
  readonly connectionsMax?: number
  readonly connectionsPerPeerMax?: number
  readonly windowBytesMax?: number
  readonly unfinishedMsMax?: number
  readonly sweepMs?: number
}

export type StreamParts = {
  readonly setting: string
  readonly host: string
  readonly port: number
  /** PEM bytes; absent: plain TCP. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer; readonly clientCa: Buffer | null }
  readonly senders: Senders
  readonly takeLogs: TakeLogs
  readonly clock: Clock
  readonly log: SyslogLog
  readonly signal: AbortSignal
  readonly onTaken: (lines: number) => void
  readonly onRefused: (words: string) => void
  readonly limits?: StreamLimits
}

/**
 * Syslog over TCP (RFC 6587) or TLS (RFC 5425). A connection is read on only as far as its lines were taken, so that what TCP has
 * accepted is not lost while this process lives; a sender never hears of it, since plain syslog has no acknowledgement.
 * Throws Trouble('input.invalid') where it cannot listen or the certificate is none.
 */
export async function openStreams(parts: StreamParts): Promise<StreamDoor> {
  const listener = new Listener(parts)
  await listener.listen()
  return listener
}

class Listener implements StreamDoor {
  port = 0
  readonly #parts: StreamParts
  readonly #server: net.Server
  readonly #open = new Set<Connection>()
  readonly #perPeer = new Map<string, number>()
  readonly #sweeper: NodeJS.Timeout
  readonly #sockets = new Set<net.Socket>()
  #tooMany = 0
  #handshakesFailed = 0
  #unfinishedBytes = 0

  constructor(parts: StreamParts) {
    this.#parts = parts
    this.#server = serverOf(parts)
    this.#server.maxConnections = parts.limits?.connectionsMax ?? connectionsMaxDefault
    // Before a handshake: who is not known costs no cryptography.
    this.#server.on('connection', (socket: net.Socket) => this.#admit(socket))
    if (parts.tls === undefined) this.#server.on('connection', (socket: net.Socket) => this.#begin(socket))
    else this.#server.on('secureConnection', (socket: tls.TLSSocket) => this.#begin(socket))
    this.#server.on('drop', () => {
      this.#tooMany += 1
    })
    this.#server.on('tlsClientError', (error: Error, socket: tls.TLSSocket) => {
      // Whom we hung up on ourselves is counted as refused already.
      if (parts.senders.sourceOf(socket.remoteAddress ?? '') === null) return
      this.#handshakesFailed += 1
      parts.log.info({ sender: socket.remoteAddress, problem: wordsOf(error) }, 'a TLS handshake of syslog failed')
    })
    this.#sweeper = setInterval(() => this.#sweep(), parts.limits?.sweepMs ?? sweepMs)
    this.#sweeper.unref()
  }

  async listen(): Promise<void> {
    const { setting, host, port } = this.#parts
    await new Promise<void>((resolve, reject) => {
      const failed = (error: Error): void => reject(cannotListen(setting, host, port, error))
      this.#server.once('error', failed)
      this.#server.listen(port, host, () => {
        this.#server.off('error', failed)
        resolve()
      })
    })
    this.#server.on('error', (error) =>
      this.#parts.log.warn({ setting, problem: wordsOf(error) }, 'a syslog port reported an error'),
    )
    const bound = this.#server.address()
    this.port = bound !== null && typeof bound === 'object' ? bound.port : 0
  }

  news = (): StreamNews => ({
    port: this.port,
    connections: this.#open.size,
    tooMany: this.#tooMany,
    handshakesFailed: this.#handshakesFailed,
  })

  close = async (): Promise<void> => {
    clearInterval(this.#sweeper)
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    await Promise.all([...this.#open].map((connection) => connection.finish()))
    // Those that had not finished their handshake.
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #admit(socket: net.Socket): void {
    const { senders, clock, log, limits } = this.#parts
    const address = plainAddress(socket.remoteAddress ?? '')
    // A connection's trouble (a reset) is no trouble of the door; 'close' follows and puts it away.
    socket.on('error', (error) => log.info({ sender: address, problem: wordsOf(error) }, 'a syslog connection broke'))
    if (senders.sourceOf(address) === null) {
      if (senders.refuse(address, clock.now()))
        log.warn({ sender: address }, 'syslog from an address that no source names was refused')
      socket.destroy()
      return
    }
    const network = peerNetwork(address)
    const already = this.#perPeer.get(network) ?? 0
    if (already >= (limits?.connectionsPerPeerMax ?? connectionsPerPeerMaxDefault)) {
      this.#tooMany += 1
      log.warn({ sender: address, connections: already }, 'a syslog sender has too many connections')
      socket.destroy()
      return
    }
    this.#perPeer.set(network, already + 1)
    this.#sockets.add(socket)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      const left = (this.#perPeer.get(network) ?? 1) - 1
      if (left === 0) this.#perPeer.delete(network)
      else this.#perPeer.set(network, left)
    })
  }

  #begin(socket: net.Socket): void {
    const address = plainAddress(socket.remoteAddress ?? '')
    const source = this.#parts.senders.sourceOf(address)
    if (socket.destroyed || source === null) return
    const connection = new Connection(socket, source, address, this.#parts, {
      windowBytes: () => this.#windowOfEach(),
      unfinished: (change) => {
        this.#unfinishedBytes += change
        return this.#unfinishedBytes <= unfinishedBytesMax
      },
    })
    this.#open.add(connection)
    void connection.over.then(() => this.#open.delete(connection))
  }

  #windowOfEach(): number {
    const most = this.#parts.limits?.windowBytesMax ?? windowBytesMax
    return Math.min(most, Math.floor(windowsBytesMax / Math.max(1, this.#open.size)))
  }

  #sweep(): void {
    const now = performance.now()
    for (const connection of this.#open) connection.sweep(now)
  }
}

/** What all connections share. */
type Shares = {
  readonly windowBytes: () => number
  /** Counts bytes of lines that have begun; false when all together are too many. */
  readonly unfinished: (change: number) => boolean
}

/** One sender's connection: bytes, lines, and not more of them than the lake has room for. */
class Connection {
  /** Resolves when the connection is over and everything read from it was taken, or the house would not wait. */
  readonly over: Promise<void>
  readonly #socket: net.Socket
  readonly #frames: Frames
  readonly #lane: Lane
  readonly #shares: Shares
  readonly #unfinishedMsMax: number
  #unfinishedBytes = 0
  #lastByteAt = performance.now()

  constructor(socket: net.Socket, source: string, peer: string, parts: StreamParts, shares: Shares) {
    this.#socket = socket
    this.#shares = shares
    this.#unfinishedMsMax = parts.limits?.unfinishedMsMax ?? unfinishedMsMax
    this.#lane = new Lane({
      source,
      peer,
      takeLogs: parts.takeLogs,
      onTaken: (_bytes, lines) => {
        parts.onTaken(lines)
        if (socket.isPaused() && this.#lane.heldBytes < shares.windowBytes() / 2) socket.resume()
      },
      onRefused: parts.onRefused,
      signal: parts.signal,
    })
    this.#frames = new Frames(lineBytesMax, (line) => this.#lane.push(line))
    socket.setKeepAlive(true, keepAliveMs)
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    this.over = new Promise((resolve) => {
      socket.once('close', () => {
        this.#frames.end()
        this.#countUnfinished()
        void this.#lane.drain().then(resolve)
      })
    })
  }

  #read(chunk: Buffer): void {
    this.#lastByteAt = performance.now()
    this.#frames.push(chunk)
    if (!this.#countUnfinished()) this.#cut()
    if (this.#lane.heldBytes <= this.#shares.windowBytes()) return
    this.#socket.pause()
    this.#lane.hurry()
  }

  #countUnfinished(): boolean {
    const now = this.#frames.unfinishedBytes
    const fits = this.#shares.unfinished(now - this.#unfinishedBytes)
    this.#unfinishedBytes = now
    return fits
  }

  #cut(): void {
    this.#frames.cut()
    this.#countUnfinished()
  }

  sweep(now: number): void {
    // Paused by us: the sender is waiting for us, not we for the sender.
    if (this.#socket.isPaused()) return
    const quietMs = now - this.#lastByteAt
    if (quietMs > this.#unfinishedMsMax) this.#cut()
    if (quietMs > idleMsMax) this.#socket.destroySoon()
  }

  /** Ends it from our side; what was read is taken first. */
  async finish(): Promise<void> {
    this.#socket.pause()
    this.#socket.destroySoon()
    // A peer that does not read keeps its last bytes waiting; there is nothing of ours in them.
    this.#socket.destroy()
    await this.over
  }
}

function serverOf(parts: StreamParts): net.Server {
  if (parts.tls === undefined) return net.createServer({ noDelay: true })
  const { cert, key, clientCa } = parts.tls
  try {
    return tls.createServer({
      cert,
      key,
      minVersion: 'TLSv1.2',
      handshakeTimeout: handshakeMsMax,
      ...(clientCa === null ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
    })
  } catch (error) {
    throw new Trouble('input.invalid', { setting: parts.setting, problem: wordsOf(error) }, error)
  }
}
