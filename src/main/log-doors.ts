import type { Settings } from '../config/config.ts'
import type { Db } from '../db/open.ts'
import { makeLogFilesDoor } from '../intake/log-files/door.ts'
import { makeSourceOfKey } from '../intake/logs/key-ring.ts'
import { makeTakeLogPost } from '../intake/logs/take.ts'
import { openSyslogDoor, type SyslogNews } from '../intake/syslog/door.ts'
import type { Clock } from '../kit/clock.ts'
import { isTrouble, Trouble, wordsOf } from '../kit/errors.ts'
import type { Lake } from '../lake/open.ts'
import { listSources } from '../lake/sources.ts'
import type { TakeLogs } from '../model/lake.ts'
import type { LogPostDoor } from '../model/log-post.ts'
import type { Log } from '../playbooks/house.ts'
import { reporter } from './doors.ts'

/** How a door is doing is written down this often, so that one that died in silence is seen. */
const newsEveryMs = 10_000
/** A lake that refused is asked again by the next sender after this; until then the health path of HEC says that it is full. */
const fullMs = 5_000

export type LogDoors = {
  /** Ports and counts of the syslog door; null where none is configured. */
  readonly syslog: () => Promise<SyslogNews | null>
  readonly close: () => Promise<void>
}

type Parts = {
  readonly lake: Pick<Lake, 'engine' | 'hasBegun' | 'take' | 'takeChunk' | 'positions'>
  readonly clock: Clock
}

/** What HTTP hands posted lines to. Without a lake the paths are there and say so (503), for a shipper gives up after a 404. */
export function logPostDoor({
  lake,
  clock,
}: {
  readonly lake: Parts['lake'] | null
  readonly clock: Clock
}): LogPostDoor {
  if (lake === null) {
    const away = async (): Promise<never> => {
      throw new Trouble('lake.unreachable', { problem: 'no lake is open' })
    }
    return { sourceOfKey: away, take: away, hasRoom: () => false }
  }
  let fullUntil = Number.NEGATIVE_INFINITY
  const takeLogs: TakeLogs = async (batch) => {
    try {
      await lake.take(batch)
    } catch (error) {
      if (isTrouble(error, 'lake.full')) fullUntil = performance.now() + fullMs
      throw error
    }
  }
  return {
    // Where nothing was ever kept there is no key either, and no stranger starts an engine by showing one.
    sourceOfKey: makeSourceOfKey({ listSources: async () => (lake.hasBegun() ? listSources(lake.engine) : []), clock }),
    take: makeTakeLogPost({ takeLogs }),
    hasRoom: () => performance.now() > fullUntil,
  }
}

/** Opens the doors for lines that the settings name: syslog and followed files. Throws Trouble that names the setting which is wrong. */
export async function openLogDoors(
  parts: Parts & { readonly db: Db; readonly log: Log; readonly settings: Settings },
): Promise<LogDoors> {
  const { lake, clock, log } = parts
  const { syslog, files } = parts.settings.config.lake
  const closers: (() => Promise<void>)[] = []
  const door = syslog === undefined ? null : await openSyslogDoor({ config: syslog, takeLogs: lake.take, clock, log })
  if (door !== null) {
    const report = reporter(parts, 'syslog')
    closers.push(
      telling(async () => report(newsOf(await door.news())), log),
      door.close,
    )
  }
  if (files.length > 0) {
    const { takeChunk, positions } = lake
    const following = makeLogFilesDoor({ files, take: lake.take, takeChunk, positions, clock, log })
    following.start()
    const report = reporter(parts, 'log-files')
    closers.push(
      telling(() => report(following.state()), log),
      following.stop,
    )
  }
  return {
    syslog: async () => (await door?.news()) ?? null,
    close: async () => {
      for (const close of closers) await close()
    },
  }
}

/** Tells how a door is, now and every ten seconds, until it is closed. */
function telling(tell: () => Promise<void>, log: Log): () => Promise<void> {
  const say = (): Promise<void> =>
    tell().catch((error: unknown) => log.warn({ error: wordsOf(error) }, 'how a door is could not be found out'))
  void say()
  const timer = setInterval(() => void say(), newsEveryMs)
  timer.unref()
  return async () => clearInterval(timer)
}

/** The syslog door in a sentence for the list of doors; what is lost or refused is said there and nowhere else. */
function newsOf(news: SyslogNews) {
  const ports = (['udp', 'tcp', 'tls'] as const).flatMap((kind) =>
    news[kind] === null ? [] : [`${kind} ${news[kind].port}`],
  )
  const { udp } = news
  const droppedByKernel = udp?.droppedByKernel ?? 0
  const problems = [
    news.refusing === null ? '' : `the lake takes nothing at the moment (${news.refusing})`,
    (udp?.dropped ?? 0) > 0 ? `${udp?.dropped} datagrams were dropped because the lake was full` : '',
    droppedByKernel > 0
      ? `${droppedByKernel} datagrams were dropped by the kernel: raise net.core.rmem_max, or use TCP`
      : '',
    news.refused.count > 0
      ? `${news.refused.count} times a sender was refused that no source names (${news.refused.senders
          .slice(0, 5)
          .map(({ address }) => address)
          .join(', ')})`
      : '',
    (news.tls?.handshakesFailed ?? 0) > 0 ? `${news.tls?.handshakesFailed} TLS handshakes failed` : '',
    (news.tcp?.tooMany ?? 0) + (news.tls?.tooMany ?? 0) > 0
      ? 'connections were refused because there were too many'
      : '',
  ].filter((words) => words !== '')
  return {
    state: news.refusing === null ? 'active' : 'failing',
    says: [`listens on ${ports.join(', ')}; ${news.linesTaken} lines taken`, ...problems].join('; '),
    lastSuccess: news.lastTaken,
  }
}
