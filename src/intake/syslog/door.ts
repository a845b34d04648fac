import { readFileSync } from 'node:fs'
import type { SyslogDoor as SyslogConfig } from '../../config/config.ts'
import type { Clock } from '../../kit/clock.ts'
import { Trouble } from '../../kit/errors.ts'
import type { TakeLogs } from '../../model/lake.ts'
import type { SyslogLog } from './listening.ts'
import { type RefusedSender, sendersOf } from './senders.ts'
import { openStreams, type StreamDoor, type StreamLimits, type StreamNews } from './streams.ts'
import { openUdp, type UdpDoor, type UdpNews } from './udp.ts'

/** On closing, lines in memory are offered to the lake for this long; then what it did not take is lost, and counted in the log. */
const closeMsMax = 5_000
/** That the lake refuses is said this often while it lasts. */
const refusedEveryMs = 60_000

export type SyslogNews = {
  readonly udp: UdpNews | null
  readonly tcp: StreamNews | null
  readonly tls: StreamNews | null
  readonly linesTaken: number
  readonly lastTaken: string | null
  /** Why the lake took nothing when it was last asked; null: it took what it was given. */
  readonly refusing: string | null
  /** Senders that no source names. */
  readonly refused: { readonly count: number; readonly senders: readonly RefusedSender[] }
}

export type SyslogDoor = {
  readonly news: () => Promise<SyslogNews>
  /** Stops listening, ends connections, and hands over what was read. */
  readonly close: () => Promise<void>
}

export type SyslogDoorOptions = {
  readonly config: SyslogConfig
  readonly takeLogs: TakeLogs
  readonly clock: Clock
  readonly log: SyslogLog
  readonly limits?: StreamLimits & { readonly waitingBytesMax?: number }
}

/**
 * Opens the syslog ports that are named. Throws Trouble: 'input.invalid' for a port that is taken, a range or a source that cannot be
 * read; 'file.unreadable' for a certificate. Where one port fails, none stays open.
 */
export async function openSyslogDoor(options: SyslogDoorOptions): Promise<SyslogDoor> {
  const { config, takeLogs, clock, log, limits } = options
  const taken = { lines: 0, at: null as Date | null, refusing: null as string | null, saidAt: Number.NEGATIVE_INFINITY }
  const giveUp = new AbortController()
  const common = {
    host: config.host,
    senders: sendersOf(config),
    takeLogs,
    clock,
    log,
    signal: giveUp.signal,
    onTaken: (lines: number): void => {
      taken.lines += lines
      taken.at = clock.now()
      taken.refusing = null
    },
    onRefused: (words: string): void => {
      taken.refusing = words
      if (performance.now() - taken.saidAt < refusedEveryMs) return
      taken.saidAt = performance.now()
      log.warn(
        { problem: words },
        'the lake takes no lines at the moment; senders over TCP wait, UDP is kept as far as memory goes',
      )
    },
    ...(limits === undefined ? {} : { limits }),
  }
  const open: { udp: UdpDoor | null; tcp: StreamDoor | null; tls: StreamDoor | null } = {
    udp: null,
    tcp: null,
    tls: null,
  }
  const close = async (): Promise<void> => {
    const timer = setTimeout(() => giveUp.abort(), closeMsMax)
    await Promise.all([open.udp, open.tcp, open.tls].map(async (door) => door?.close()))
    clearTimeout(timer)
    giveUp.abort()
  }
  try {
    if (config.udp !== undefined)
      open.udp = await openUdp({
        ...common,
        port: config.udp,
        ...(limits?.waitingBytesMax === undefined ? {} : { waitingBytesMax: limits.waitingBytesMax }),
      })
    if (config.tcp !== undefined)
      open.tcp = await openStreams({ ...common, setting: 'lake.syslog.tcp', port: config.tcp })
    if (config.tls !== undefined)
      open.tls = await openStreams({
        ...common,
        setting: 'lake.syslog.tls',
        port: config.tls.port,
        tls: {
          cert: read('certFile', config.tls.certFile),
          key: read('keyFile', config.tls.keyFile),
          clientCa: config.tls.clientCaFile === undefined ? null : read('clientCaFile', config.tls.clientCaFile),
        },
      })
  } catch (error) {
    await close()
    throw error
  }
  return {
    news: async () => ({
      udp: (await open.udp?.news()) ?? null,
      tcp: open.tcp?.news() ?? null,
      tls: open.tls?.news() ?? null,
      linesTaken: taken.lines,
      lastTaken: taken.at?.toISOString() ?? null,
      refusing: taken.refusing,
      refused: common.senders.refused(),
    }),
    close,
  }
}

function read(name: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new Trouble('file.unreadable', { setting: `lake.syslog.tls.${name}`, file }, error)
  }
}
