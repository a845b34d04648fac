import { getAlert } from '../../db/alerts.ts'
import { channelsFor, insertPost, postById, takeTurn } from '../../db/chat.ts'
import { addJob } from '../../db/jobs.ts'
import { noticeById } from '../../db/notices.ts'
import type { Db } from '../../db/open.ts'
import type { Clock } from '../../kit/clock.ts'
import { stableId } from '../../kit/stable-id.ts'
import type { ChatMatter } from '../../model/chat.ts'
import type { House, Notice } from '../house.ts'

/** What Slack takes of one webhook: a message a second. Teams takes four. */
const spaceMs = 1_100
/** Jobs are queued anew for each try; graphile-worker repeats only what was cut off. */
const jobAttemptsMax = 50

/** Queues what the channels of these people are told of a notice, in the caller's transaction; the same notice is queued once for each. Who is told. */
export async function queueChat(tx: Db, notice: Notice, clock: Clock): Promise<ReadonlySet<string>> {
  const told = new Set<string>()
  // What is made up stays here, though whoever would be told counts as told: the run goes on as with any other alert.
  const isSample = notice.about !== undefined && (await getAlert(tx, notice.about.alertId))?.alert.sample === true
  for (const channel of await channelsFor(tx, notice.to)) {
    const listed = new Set(channel.settings.people.map((address) => address.toLowerCase()))
    const forWhom = notice.to.filter((address) => listed.has(address.toLowerCase()))
    for (const address of forWhom) told.add(address)
    if (isSample) continue
    const { about } = notice
    const isForOne = channel.settings.personal && notice.to.length === 1
    const matter: ChatMatter = {
      ...{ kind: notice.kind, subject: notice.subject, words: about?.words ?? '', forWhom },
      ...{ link: isForOne ? (about?.link ?? null) : null, taps: isForOne && notice.kind === 'person-question' },
      expiresAt: about?.expiresAt ?? null,
    }
    const id = stableId('chat', notice.id, channel.id)
    if (await insertPost(tx, { id, channelId: channel.id, alertId: about?.alertId ?? null, matter }, clock.now()))
      await queuePost(tx, id, channel.id, clock.now())
  }
  return told
}

/** Queues one try, in the channel's next place in time. */
export async function queuePost(tx: Db, postId: string, channelId: string, now: Date): Promise<void> {
  const runAt = (await takeTurn(tx, channelId, now, spaceMs)) ?? now
  await addJob(tx, 'send-chat', { postId }, { runAt, key: `chat:${postId}`, attemptsMax: jobAttemptsMax })
}

/** Why nobody there can be told, neither by mail nor by a chat, in a sentence; null when each of them can. */
export async function cannotReach(
  house: Pick<House, 'cannotMail'>,
  tx: Db,
  to: readonly string[],
): Promise<string | null> {
  const why = house.cannotMail(to)
  if (why === null) return null
  const listed = (await channelsFor(tx, to)).flatMap(({ settings }) => settings.people.map((one) => one.toLowerCase()))
  return to.every((address) => listed.includes(address.toLowerCase())) ? null : why
}

/** Whether this notice went to them before, by mail or by a chat. */
export async function wasTold(tx: Db, noticeId: string, to: readonly string[]): Promise<boolean> {
  if ((await noticeById(tx, noticeId)) !== null) return true
  for (const { id } of await channelsFor(tx, to))
    if ((await postById(tx, stableId('chat', noticeId, id))) !== null) return true
  return false
}
