import { getAlert } from '../../db/alerts.ts'
import { standingDecision } from '../../db/decisions.ts'
import { findingsOf } from '../../db/findings.ts'
import { getMessage, type Message } from '../../db/messages.ts'
import type { Db } from '../../db/open.ts'
import { ownRanges, privateNames, privateNamesMark } from '../../db/private-names.ts'
import { providerById } from '../../db/providers.ts'
import { settingOf } from '../../db/settings.ts'
import { Trouble } from '../../kit/errors.ts'
import type { Alert } from '../../model/alert.ts'
import type { Finding } from '../../model/finding.ts'
import { exceeds } from '../../model/intelligence.ts'
import type { MessageKind } from '../../model/message.ts'
import { agreementOf, type Provider } from '../../model/provider.ts'
import type { Decision, Judgement } from '../../model/triage.ts'
import { toDisposition } from '../../providers/dispositions.ts'
import { type DraftInput, referenceOf } from '../../triage/draft.ts'
import { indexLists, type SensitiveContext, sensitiveContext } from '../../triage/redact.ts'
import type { NameIndex } from '../../triage/redaction/names.ts'
import type { ReplyDesk } from './desk.ts'
import { restrictedIn } from './restricted.ts'

/** Messages of one alert that an answer looks at, from the newest back. Threads seen have up to 14. */
const messagesMax = 20
/** Mails looked through for them: a mail server in trouble may have sent a bounce for each of a day's tries. */
const lookedAtMax = 100
/** The provider's own text, for what it knows already. */
const providerTextCharsMax = 200_000

export type Knowledge = {
  readonly alert: Alert
  readonly judgement: Judgement | null
  readonly provider: Provider
  readonly findings: readonly Finding[]
  /** Mails of the provider in this alert, oldest first. */
  readonly messages: readonly Message[]
  readonly context: SensitiveContext
}

/** Everything an answer is made from. Throws Trouble('not.found') for an unknown alert or provider. */
export async function knowledgeOf(desk: ReplyDesk, db: Db, alertId: string): Promise<Knowledge> {
  const record = await getAlert(db, alertId)
  if (record === null) throw new Trouble('not.found', { alertId })
  const { alert, judgement } = record
  const provider = await providerById(db, alert.providerId)
  if (provider === null) throw new Trouble('not.found', { providerId: alert.providerId })
  const messages = await messagesOf(db, alert)
  const context = sensitiveContext({
    lists: await listsIn(desk, db),
    accounts: alert.account === null ? [] : [alert.account],
    hosts: [alert.host, alert.entity].filter((name) => name !== null),
    ownNetworks: await ownRanges(db),
    ownDomains: [...new Set([...desk.ownDomains, ...((await settingOf(db, 'own-domains')) ?? [])])],
    providerDomains: [
      ...provider.domains,
      ...provider.addresses.map((address) => address.slice(address.indexOf('@') + 1)),
    ],
    providerWrote: providerText(messages),
    references: [alert.ticket, referenceOf(alert)].filter((name) => name !== null && name !== '') as string[],
  })
  return { alert, judgement, provider, findings: await findingsOf(db, alertId), messages, context }
}

/** What may not leave in this text, with what its marking keeps here. */
export async function contextFor(db: Db, known: Knowledge, text: string): Promise<SensitiveContext> {
  const { findings, context, provider } = known
  // What is above AMBER is always shown, also where the agreement lets it leave: a person says so each time.
  const { upToTlp } = agreementOf(provider)
  const upTo = exceeds(upToTlp, 'AMBER') ? 'AMBER' : upToTlp
  const from = { findings, providerWrote: context.providerWrote, upTo }
  return { ...context, restricted: await restrictedIn(db, text, from) }
}

/** The decision that stands. Throws Trouble('state.conflict') when there is none: an answer says what was decided. */
export async function decisionFor(db: Db, alertId: string): Promise<Decision> {
  const decision = await standingDecision(db, alertId)
  if (decision === null) throw new Trouble('state.conflict', { alertId, problem: 'no decision stands' })
  return decision
}

export function draftInput(
  known: Pick<Knowledge, 'alert' | 'findings' | 'judgement' | 'provider'>,
  decision: Decision,
): DraftInput {
  const { alert, findings, judgement, provider } = known
  return {
    alert,
    decision,
    findings,
    judgement,
    upToTlp: agreementOf(provider).upToTlp,
    words: (outcome) => toDisposition(provider.format, outcome),
  }
}

/** What is no word of theirs to us: an answer to a bounce or to our own copy would hang in the wrong thread, or go to nobody. */
const notTheirs: ReadonlySet<MessageKind> = new Set(['bounce', 'auto-reply', 'notice', 'report', 'advertising'])

async function messagesOf(db: Db, alert: Alert): Promise<Message[]> {
  const messages: Message[] = []
  for (const id of alert.messageIds.slice(-lookedAtMax).toReversed()) {
    const message = await getMessage(db, id)
    const isTheirs = message?.providerId === alert.providerId && message.kind !== null && !notTheirs.has(message.kind)
    if (isTheirs && message.letter !== null) messages.unshift(message)
    if (messages.length >= messagesMax) break
  }
  return messages
}

function providerText(messages: readonly Message[]): string {
  const texts = messages.flatMap((message) => (message.letter?.parts ?? []).map((part) => part.text))
  return texts.join('\n').slice(0, providerTextCharsMax)
}

/** The index over our lists, made anew when they changed. */
export async function listsIn(desk: Pick<ReplyDesk, 'lists'>, db: Db): Promise<NameIndex> {
  const mark = await privateNamesMark(db)
  if (desk.lists.mark !== mark) {
    desk.lists.index = indexLists(await privateNames(db))
    desk.lists.mark = mark
  }
  return desk.lists.index
}
