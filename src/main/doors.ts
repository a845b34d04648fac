import type { Settings } from '../config/config.ts'
import { positionOf, saveDoorState, savePosition } from '../db/intake.ts'
import type { Db } from '../db/open.ts'
import { makeFolderDoor } from '../intake/files/folder.ts'
import { makeImapDoor } from '../intake/imap/door.ts'
import { makeSmtpDoor } from '../intake/smtp/door.ts'
import type { Clock } from '../kit/clock.ts'
import { wordsOf } from '../kit/errors.ts'
import type { Receive } from '../model/message.ts'
import type { Log } from '../playbooks/house.ts'
import type { HasRoom } from './room.ts'
import { smtpNews } from './smtp-news.ts'

export type Doors = {
  /** Where the SMTP door listens; null when there is none. */
  readonly smtp: { readonly host: string; readonly port: number } | null
  readonly close: () => Promise<void>
}

type Parts = {
  readonly db: Db
  readonly clock: Clock
  readonly log: Log
  readonly settings: Settings
  readonly receive: Receive
  readonly hasRoom: HasRoom | null
}

type News = { readonly state: string; readonly says: string; readonly lastSuccess: string | null }

/** How a door is doing is written down this often, so that one that died in silence is seen. */
const newsEveryMs = 10_000

/** Opens the doors that the settings name. A door that is not configured stays shut. */
export async function openDoors(parts: Parts): Promise<Doors> {
  const { config } = parts.settings
  const report: Report = (door, news) => reporter(parts, door)(news)
  const closers: (() => Promise<void>)[] = []
  const smtp = config.smtp === undefined ? null : await openSmtp(parts, config.smtp, report)
  if (smtp !== null) closers.push(smtp.close)
  for (const imap of config.imap) {
    const door = makeImapDoor({
      door: imap,
      receive: parts.receive,
      positions: {
        get: (id) => positionOf(parts.db, id),
        set: (id, position) => savePosition(parts.db, id, position, parts.clock.now()),
        report,
      },
      log: parts.log,
      clock: parts.clock,
    })
    door.start()
    closers.push(() => door.stop())
  }
  for (const folder of config.folders) closers.push(await openFolder(parts, folder, report))
  return {
    smtp: smtp?.address ?? null,
    close: async () => {
      for (const close of closers) await close()
    },
  }
}

/** Writes down how a door is; that it could not be written down is logged, for the door goes on without it. */
export function reporter(
  parts: { readonly db: Db; readonly clock: Clock; readonly log: Log },
  door: string,
): (news: News) => Promise<void> {
  return (news) =>
    saveDoorState(parts.db, door, news, parts.clock.now()).catch((error: unknown) =>
      parts.log.warn({ door, error: wordsOf(error) }, 'how a door is could not be written down'),
    )
}

type Report = (door: string, news: News) => Promise<void>

async function openSmtp(parts: Parts, config: NonNullable<Settings['config']['smtp']>, report: Report) {
  const { clock, log, hasRoom } = parts
  const news = smtpNews({
    ...{ receive: parts.receive, clock, hasRoom },
    listens: () => `listens on ${address?.host}:${address?.port}`,
    changed: () => void say(),
  })
  const door = makeSmtpDoor({ config, receive: news.receive, log })
  await door.listen()
  const address = door.address()
  const say = async (): Promise<void> => {
    try {
      await report('smtp', await news.now())
    } catch (error) {
      log.warn({ error: wordsOf(error) }, 'the disk could not be looked at')
    }
  }
  await say()
  const timer = setInterval(() => void say(), newsEveryMs)
  timer.unref()
  const close = async (): Promise<void> => {
    clearInterval(timer)
    await door.close()
  }
  return { address, close }
}

async function openFolder(
  parts: Parts,
  folder: { readonly path: string; readonly providerId: string | null },
  report: Report,
): Promise<() => Promise<void>> {
  const door = makeFolderDoor({ ...folder, receive: parts.receive, log: parts.log, clock: parts.clock })
  const id = `folder:${folder.path}`
  await door.start()
  await report(id, door.state())
  const timer = setInterval(() => void report(id, door.state()), newsEveryMs)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await door.stop()
  }
}
