import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import {
  beginPost,
  type ChannelRecord,
  channelById,
  endPost,
  leaveChannelAlone,
  markChannel,
  type PostRecord,
  postById,
} from '../../db/chat.ts'
import { type Db, transaction } from '../../db/open.ts'
import { endOutsideSend, insertOutsideSend } from '../../db/outside.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { append } from '../../ledger/append.ts'
import type { Called } from '../../model/elsewhere.ts'
import { backoffMs, sendAttemptsMax } from '../replies/send-reply.ts'
import type { Tasks } from '../worker.ts'
import { composeChat } from './compose.ts'
import { type ChatDesk, urlOf } from './desk.ts'
import { queuePost } from './queue.ts'

const SendChatJob = z.object({ postId: z.uuid() })

/** The job `send-chat`. */
export function chatTasks(desk: ChatDesk): Tasks {
  return {
    'send-chat': async (payload) => {
      const { postId } = SendChatJob.parse(payload)
      await sendChat(desk, postId, false)
    },
  }
}

type Ready = {
  readonly post: PostRecord
  readonly channel: ChannelRecord
  readonly sendId: string
  readonly bytes: Uint8Array
}

/**
 * Posts a message, at least once: one that nobody answered, or that was being posted when its process died, is posted again with the same
 * number at its foot, since a webhook cannot be asked what it took. `once`: a test, which is not tried again. Null: there was nothing to do.
 */
export async function sendChat(desk: ChatDesk, postId: string, once: boolean): Promise<Called<null> | null> {
  const ready = await transaction(desk.db, (tx) => begin(desk, tx, postId, once))
  if (ready === null) return null
  const door = desk.open(ready.channel, urlOf(desk, ready.channel))
  try {
    const called = await door.post(ready.sendId, ready.bytes)
    await transaction(desk.db, (tx) => finish(desk, tx, ready, called, once))
    return called
  } finally {
    await door.close()
  }
}

/** Fixes the bytes and writes them down as leaving. Null: it is over, or its time has not come. */
async function begin(desk: ChatDesk, tx: Db, postId: string, once: boolean): Promise<Ready | null> {
  const post = await postById(tx, postId, { lock: true })
  if (post === null || post.matter === null) return null
  const channel = await channelById(tx, post.channelId, { lock: true })
  if (channel === null) return null
  const now = desk.clock.now()
  const { expiresAt } = post.matter
  const over = !channel.enabled && !once ? 'The channel is switched off' : late(expiresAt, now)
  if (over !== null) {
    await giveUp(desk, tx, post, over)
    return null
  }
  if (!once && channel.notBefore !== null && channel.notBefore > now) {
    await queuePost(tx, post.id, channel.id, now)
    return null
  }
  if (post.sendId !== null && post.bytes !== null && post.madeUnder === channel.version) {
    await endOutsideSend(tx, post.sendId, { state: 'leaving', says: '', at: now })
    await beginPost(tx, post.id, { bytes: post.bytes, madeUnder: channel.version, sendId: post.sendId })
    return { post, channel, sendId: post.sendId, bytes: post.bytes }
  }
  const bytes = desk.bytesOf(channel.kind, await composeChat(desk, tx, channel, post))
  const sendId = randomUUID()
  if (post.sendId !== null)
    await endOutsideSend(tx, post.sendId, {
      state: 'refused',
      says: 'What may go there was changed before it left',
      at: now,
    })
  await insertOutsideSend(tx, {
    ...{ id: sendId, way: channel.kind, place: channel.id, placeTitle: channel.title, alertId: post.alertId },
    ...{
      act: post.matter.kind,
      subject: subjects[post.matter.kind],
      sha256: sha256Hex(bytes),
      sizeBytes: bytes.byteLength,
    },
    ...{ agreedBy: channel.changedBy, rule: ruleOf(channel), at: now, state: 'leaving' as const },
  })
  await beginPost(tx, post.id, { bytes, madeUnder: channel.version, sendId })
  return { post, channel, sendId, bytes }
}

const subjects = {
  'person-question': 'A question to a person',
  approval: 'An approval that is asked',
  notify: 'A notice',
  test: 'A test message',
} as const

function late(expiresAt: string | null, now: Date): string | null {
  return expiresAt !== null && now >= new Date(expiresAt) ? 'Its time was over before it could be posted' : null
}

function ruleOf({ settings, version }: ChannelRecord): string {
  const { shows, mayShow, upToTlp } = settings
  const words = ['link', ...shows].join(', ')
  const open =
    mayShow.length === 0 ? 'every sensitive place redacted' : `sensitive places redacted but ${mayShow.join(', ')}`
  return `Agreed for this channel (version ${version}): ${words}; ${open}; up to TLP:${upToTlp}`
}

async function finish(desk: ChatDesk, tx: Db, ready: Ready, called: Called<null>, once: boolean): Promise<void> {
  const { post, channel, sendId, bytes } = ready
  const at = desk.clock.now()
  const tries = post.tries + 1
  const subject = post.alertId === null ? `chat:${channel.id}` : `alert:${post.alertId}`
  const body = {
    channel: channel.id,
    post: post.id,
    sent: sendId,
    what: post.matter?.kind ?? '',
    sha256: sha256Hex(bytes),
    tries,
  }
  await markChannel(tx, channel.id, called.kind === 'done' ? null : called.why, at)
  if (called.kind === 'done') {
    await endOutsideSend(tx, sendId, { state: 'left', says: 'Its server took it', at })
    await endPost(tx, post.id, { state: 'sent', says: '', at })
    await append(tx, { kind: 'chat.sent', actor: 'system', subject, body }, desk.clock)
    return
  }
  const state = called.kind === 'unknown' ? ('unconfirmed' as const) : ('refused' as const)
  if (called.kind === 'refused' || once || tries >= sendAttemptsMax) {
    await endOutsideSend(tx, sendId, { state, says: called.why, at })
    await endPost(tx, post.id, { state: 'failed', says: called.why, at })
    await append(tx, { kind: 'chat.failed', actor: 'system', subject, body: { ...body, why: called.why } }, desk.clock)
    desk.log.warn({ channel: channel.id, why: called.why }, 'a message to a chat did not go out')
    return
  }
  const wait = (called.kind === 'later' ? called.afterMs : null) ?? backoffMs(tries)
  const until = new Date(at.getTime() + wait)
  await endOutsideSend(tx, sendId, {
    state: called.kind === 'unknown' ? 'unconfirmed' : 'leaving',
    says: `Try ${tries} of ${sendAttemptsMax}: ${called.why}; posted again ${until.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    at,
  })
  await endPost(tx, post.id, { state: 'queued', says: called.why, at })
  await leaveChannelAlone(tx, channel.id, until)
  await queuePost(tx, post.id, channel.id, at)
}

async function giveUp(desk: ChatDesk, tx: Db, post: PostRecord, says: string): Promise<void> {
  const at = desk.clock.now()
  if (post.sendId !== null) await endOutsideSend(tx, post.sendId, { state: 'refused', says, at })
  await endPost(tx, post.id, { state: 'failed', says, at })
  const subject = post.alertId === null ? `chat:${post.channelId}` : `alert:${post.alertId}`
  const body = { channel: post.channelId, post: post.id, why: says }
  await append(tx, { kind: 'chat.failed', actor: 'system', subject, body }, desk.clock)
}
