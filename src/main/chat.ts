import type { Settings } from '../config/config.ts'
import type { ChannelCard } from '../contract/chat.ts'
import { type ChannelRecord, countPosts, listChannels } from '../db/chat.ts'
import { outsideSendById } from '../db/outside.ts'
import type { ChatFront } from '../http/front.ts'
import { siteOf } from '../http/site.ts'
import { chatBytes, openChat } from '../outbox/chat/index.ts'
import type { ChatDesk } from '../playbooks/chat/desk.ts'
import { removeChat, saveChat, testChat } from '../playbooks/chat/settings.ts'
import type { House } from '../playbooks/house.ts'
import type { AnswerDesk } from '../playbooks/reply.ts'

/** The desk for chats. */
export function chatDesk(
  { db, clock, log }: Pick<House, 'db' | 'clock' | 'log'>,
  answers: Pick<AnswerDesk, 'lists'>,
  settings: Settings,
  sealKey: Uint8Array,
): ChatDesk {
  const { origin } = siteOf(settings).url
  return {
    ...{ db, clock, log, sealKey, lists: answers.lists, ownDomains: settings.config.ownDomains },
    bytesOf: chatBytes,
    open: (channel, url) => openChat(channel, url, { clock, entryOf: (id) => outsideSendById(db, id) }),
    alertUrl: (alertId) => `${origin}/alerts/${alertId}`,
    deskUrl: `${origin}/queue`,
  }
}

/** Days of messages that a card counts. */
const countedDays = 7

/** Hands the chats to the front. */
export function chatFront(desk: ChatDesk): ChatFront {
  const { db, clock } = desk
  return {
    cards: async () => {
      const since = new Date(clock.now().getTime() - countedDays * 86_400_000)
      const [channels, counts] = await Promise.all([listChannels(db), countPosts(db, since)])
      return channels.map((channel) => cardOf(channel, counts.get(channel.id) ?? {}, clock.now()))
    },
    save: (draft, by) => saveChat(desk, draft, by),
    remove: (id, by) => removeChat(desk, id, by),
    test: (id, by) => testChat(desk, id, by),
  }
}

function cardOf(channel: ChannelRecord, posts: Readonly<Record<string, number>>, now: Date): ChannelCard {
  const { id, kind, title, settings, host, enabled, version, says, failingSince, notBefore } = channel
  const untried = channel.answeredAt === null ? 'waiting' : 'active'
  return {
    ...{ id, kind, title, settings, host, enabled, version, says },
    state: failingSince !== null ? 'failing' : enabled ? untried : 'off',
    failingSince: failingSince?.toISOString() ?? null,
    nextTryAt: notBefore !== null && notBefore > now ? notBefore.toISOString() : null,
    answeredAt: channel.answeredAt?.toISOString() ?? null,
    posts: {
      sent: posts['sent'] ?? 0,
      waiting: (posts['queued'] ?? 0) + (posts['sending'] ?? 0),
      failed: posts['failed'] ?? 0,
    },
  }
}
