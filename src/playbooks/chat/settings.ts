import { randomUUID } from 'node:crypto'
import { type ChannelRecord, channelById, insertPost, removeChannel, saveChannel } from '../../db/chat.ts'
import { transaction } from '../../db/open.ts'
import { Trouble } from '../../kit/errors.ts'
import { seal } from '../../kit/seal.ts'
import { append } from '../../ledger/append.ts'
import type { ChatMatter, ChatSettings } from '../../model/chat.ts'
import { type ChatDesk, placeOfChannel } from './desk.ts'
import { sendChat } from './send.ts'

export type ChannelDraft = Pick<ChannelRecord, 'id' | 'kind' | 'title' | 'settings' | 'enabled' | 'version'> & {
  /** The address of the webhook. Null leaves the one that is set. */
  readonly url: string | null
}

/** Saves a channel: its webhook sealed, what may go there in the ledger. Who changes where it may be reached enters the webhook again. */
export async function saveChat(desk: ChatDesk, draft: ChannelDraft, by: string): Promise<number> {
  const { settings } = draft
  const refuse = (field: string, says: string): never => {
    throw new Trouble('input.invalid', { fields: { [field]: says } })
  }
  if (settings.personal && settings.people.length !== 1)
    refuse('people', 'A channel that one person alone reads has exactly one address')
  const host = draft.url === null ? null : hostOf(draft.url, settings)
  if (host === '') refuse('url', 'An address that begins with https://')
  return transaction(desk.db, async (tx) => {
    const before = await channelById(tx, draft.id, { lock: true })
    if (before !== null && draft.version === 0) refuse('id', 'Another channel has this name')
    if (before !== null && before.kind !== draft.kind) refuse('kind', 'A channel stays of its kind')
    if (draft.url === null && (before === null || placeOf(before.settings) !== placeOf(settings)))
      refuse('url', before === null ? 'Enter the address of its webhook' : 'Another way there: enter the address again')
    const sealed = draft.url === null ? null : seal(desk.sealKey, draft.url, placeOfChannel(draft.id))
    const way = sealed === null || host === null ? undefined : { host, sealed }
    const version = await saveChannel(tx, { ...draft, way, by }, desk.clock.now())
    if (version === null) throw new Trouble('state.conflict', { channel: draft.id })
    const { ca: _, ...told } = settings
    const body = {
      ...{ kind: draft.kind, title: draft.title, enabled: draft.enabled, settings: told },
      ...{ webhookChanged: way !== undefined, version },
    }
    await append(tx, { kind: 'chat.changed', actor: by, subject: `chat:${draft.id}`, body }, desk.clock)
    return version
  })
}

/** Empty for what is no address to post to, or one that could be read on the way without anybody having meant it. */
function hostOf(text: string, { plainHttp }: ChatSettings): string {
  const url = URL.parse(text)
  if (url === null || url.username !== '') return ''
  return url.protocol === 'https:' || (url.protocol === 'http:' && plainHttp) ? url.host : ''
}

/** Whatever decides where the address of a webhook leads. */
const placeOf = ({ ca, plainHttp, allowAddresses }: ChatSettings): string =>
  JSON.stringify([ca, plainHttp, allowAddresses])

export async function removeChat(desk: ChatDesk, id: string, by: string): Promise<void> {
  await transaction(desk.db, async (tx) => {
    if (!(await removeChannel(tx, id))) throw new Trouble('not.found')
    await append(tx, { kind: 'chat.removed', actor: by, subject: `chat:${id}`, body: {} }, desk.clock)
  })
}

/** Posts a message that says only that it is a test, and tells whether it was taken. */
export async function testChat(desk: ChatDesk, id: string, by: string): Promise<{ ok: boolean; says: string }> {
  const channel = await channelById(desk.db, id)
  if (channel === null) throw new Trouble('not.found')
  const postId = randomUUID()
  const matter: ChatMatter = {
    ...{ kind: 'test' as const, subject: `Test of “${channel.title}”: notices of Counterfoil come here`, words: '' },
    ...{ forWhom: [...channel.settings.people], link: null, taps: false, expiresAt: null },
  }
  await insertPost(desk.db, { id: postId, channelId: id, alertId: null, matter }, desk.clock.now())
  const called = await sendChat(desk, postId, true)
  const tried =
    called?.kind === 'done'
      ? {
          ok: true,
          says: 'Its server took the message. Look into the channel: that it is shown there, only you can see.',
        }
      : { ok: false, says: called === null ? 'It was changed meanwhile: try again' : called.why }
  await append(desk.db, { kind: 'chat.tested', actor: by, subject: `chat:${id}`, body: tried }, desk.clock)
  return tried
}
