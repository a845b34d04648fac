import { type AlertRecord, getAlert } from '../../db/alerts.ts'
import type { ChannelRecord, PostRecord } from '../../db/chat.ts'
import type { Db } from '../../db/open.ts'
import { ownRanges } from '../../db/private-names.ts'
import { settingOf } from '../../db/settings.ts'
import type { ChatMatter, ChatMessage } from '../../model/chat.ts'
import { exceeds } from '../../model/intelligence.ts'
import { referenceOf } from '../../triage/draft.ts'
import { applyReview, findSensitive, type SensitiveContext, sensitiveContext } from '../../triage/redact.ts'
import { markingOfAlert, restrictedOf } from '../marking.ts'
import { listsIn } from '../replies/knowledge.ts'
import type { ChatDesk } from './desk.ts'

/** More of a text than this is for the desk, and not for a chat. */
const wordsCharsMax = 600

const bare: Record<ChatMatter['kind'], string> = {
  'person-question': 'A question for you',
  approval: 'Your approval is asked',
  notify: 'A notice for you',
  test: 'A test',
}

/** The answers of "was this you?", one tap each; the tap is confirmed on our page. */
const taps = [
  ['yes', 'Yes, that was me'],
  ['no', 'No, not me'],
  ['unsure', 'Not sure'],
  ['not-me', 'Not mine'],
] as const

/**
 * The message that a channel is told, from what is about to leave and what its settings let out now: which ticket, and, where agreed, title,
 * severity and words, each with its sensitive places redacted. Of what is marked above the channel's traffic light it says only that it is.
 */
export async function composeChat(
  desk: ChatDesk,
  tx: Db,
  channel: ChannelRecord,
  post: PostRecord,
): Promise<ChatMessage> {
  const { matter } = post
  if (matter === null) throw new Error('a message that is over is not made again')
  const record = post.alertId === null ? null : await getAlert(tx, post.alertId)
  const foot = `Counterfoil · message ${post.id.slice(0, 8)}${matter.expiresAt === null ? '' : ` · until ${matter.expiresAt.slice(0, 16).replace('T', ' ')} UTC`}`
  const links = linksOf(desk, matter, record)
  const whom = channel.settings.people.length > 1 ? [`For ${matter.forWhom.join(', ')}`] : []
  const marking = record === null ? null : await markingOfAlert(tx, record.alert.id)
  if (record !== null && exceeds(marking, channel.settings.upToTlp)) {
    const says = `Marked TLP:${marking}. This channel is told up to TLP:${channel.settings.upToTlp}, so the rest stands behind the link.`
    return { heading: `${bare[matter.kind]} (${referenceOf(record.alert)})`, lines: [...whom, says], links, foot }
  }
  const { heading, lines } = await wordsOf(desk, tx, channel, matter, record)
  return { heading, lines: [...whom, ...lines], links, foot }
}

async function wordsOf(
  desk: ChatDesk,
  tx: Db,
  { settings }: ChannelRecord,
  matter: ChatMatter,
  record: AlertRecord | null,
) {
  const shows = new Set(settings.shows)
  const { subject, words } = matter
  const title = record !== null && shows.has('title') ? record.alert.title : ''
  const said = shows.has('words')
    ? words
        .replaceAll(/https?:\/\/\S+/g, '')
        .replaceAll(/\s+/g, ' ')
        .trim()
    : ''
  const context = await contextOf(desk, tx, record)
  const restricted =
    record === null ? [] : await restrictedOf(tx, record.alert.id, `${subject}\n${title}\n${said}`, settings.upToTlp)
  const mayShow: ReadonlySet<string> = new Set(settings.mayShow)
  const clean = (text: string): string => {
    const spans = findSensitive(text, { ...context, restricted })
    const verdicts = spans.map((span) => ({
      ...span,
      verdict: mayShow.has(span.class) ? ('keep' as const) : ('redact' as const),
    }))
    return applyReview(text, verdicts).text.replaceAll(/\s+/g, ' ').trim()
  }
  // The subject of a mail may say anything; without the title agreed it is only named what it is.
  const reference = record === null ? '' : ` (${referenceOf(record.alert)})`
  const heading = shows.has('title') || matter.kind !== 'notify' ? clean(subject) : `${bare.notify}${reference}`
  return {
    heading,
    lines: [
      ...(title === '' ? [] : [clean(title)]),
      ...(record !== null && shows.has('severity') ? [`Severity: ${record.alert.severity ?? 'not said'}`] : []),
      ...(said === '' ? [] : [clean(said).slice(0, wordsCharsMax)]),
    ],
  }
}

/** What is known to be ours. Nothing counts as known there already: a chat is told by us, and not by the provider. */
async function contextOf(desk: ChatDesk, tx: Db, record: AlertRecord | null): Promise<SensitiveContext> {
  const alert = record?.alert
  return sensitiveContext({
    lists: await listsIn(desk, tx),
    accounts: [alert?.account ?? null].filter((name) => name !== null),
    hosts: [alert?.host ?? null, alert?.entity ?? null].filter((name) => name !== null),
    ownNetworks: await ownRanges(tx),
    ownDomains: [...new Set([...desk.ownDomains, ...((await settingOf(tx, 'own-domains')) ?? [])])],
    providerDomains: [],
    providerWrote: '',
    references: alert === undefined ? [] : [alert.ticket ?? '', referenceOf(alert)].filter((name) => name !== ''),
  })
}

function linksOf(desk: ChatDesk, matter: ChatMatter, record: AlertRecord | null): ChatMessage['links'] {
  const { link } = matter
  if (link !== null && matter.taps) return taps.map(([answer, label]) => ({ label, url: `${link}#${answer}` }))
  if (link !== null) return [{ label: 'Look and answer', url: link }]
  if (record === null) return [{ label: 'Open the desk', url: desk.deskUrl }]
  return [{ label: `Open ${referenceOf(record.alert)}`, url: desk.alertUrl(record.alert.id) }]
}
