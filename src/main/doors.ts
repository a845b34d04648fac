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
}

type News = { readonly state: string; readonly says: string; readonly lastSuccess: string | null }

/** How a watched folder is doing is written down this often, so that a folder that died in silence is seen. */
const folderNewsEveryMs = 10_000

/** Opens the doors that the settings name. A door that is not configured stays shut. */
export async function openDoors(parts: Parts): Promise<Doors> {
  const { config } = parts.settings
  const report = async (door: string, news: News): Promise<void> => {
    await saveDoorState(parts.db, door, news, parts.clock.now()).catch((error: unknown) =>
      parts.log.warn({ door, error: wordsOf(error) }, 'how a door is could not be written down'),
    )
  }
  const closers: (() => Promise<void>)[] = []
  const smtp =
    config.smtp === undefined ? null : makeSmtpDoor({ config: config.smtp, receive: parts.receive, log: parts.log })
  if (smtp !== null) {
    await smtp.listen()
    const { host, port } = smtp.address() ?? { host: '', port: 0 }
    closers.push(() => smtp.close())
    await report('smtp', { state: 'active', says: `listens on ${host}:${port}`, lastSuccess: null })
  }
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
    smtp: smtp?.address() ?? null,
    close: async () => {
      for (const close of closers) await close()
    },
  }
}

async function openFolder(
  parts: Parts,
  folder: { readonly path: string; readonly providerId: string | null },
  report: (door: string, news: News) => Promise<void>,
): Promise<() => Promise<void>> {
  const door = makeFolderDoor({ ...folder, receive: parts.receive, log: parts.log, clock: parts.clock })
  const id = `folder:${folder.path}`
  await door.start()
  await report(id, door.state())
  const timer = setInterval(() => void report(id, door.state()), folderNewsEveryMs)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await door.stop()
  }
}
