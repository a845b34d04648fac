import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import { getAlert, insertAlert } from '../src/db/alerts.ts'
import { insertFindings } from '../src/db/findings.ts'
import { insertMessage, updateMessage } from '../src/db/messages.ts'
import { providerById, saveProvider } from '../src/db/providers.ts'
import { repliesOf } from '../src/db/replies.ts'
import type { Tables } from '../src/db/tables.ts'
import { systemClock } from '../src/kit/clock.ts'
import { sha256Hex } from '../src/kit/digest.ts'
import type { Provider } from '../src/model/provider.ts'
import type { Outcome } from '../src/model/triage.ts'
import { decide } from '../src/playbooks/decide.ts'
import type { AnswerDesk } from '../src/playbooks/reply.ts'
import { authentication, plainParse } from './house.ts'

export const sampleProvider: Provider = {
  id: 'acme',
  name: 'Acme MDR',
  format: 'generic',
  addresses: ['soc@provider.example'],
  domains: ['provider.example'],
  sourceRanges: [],
  trustedSealers: [],
  replyAddress: 'soc@provider.example',
  dryRun: false,
  mayShare: [],
}

export type SampleAlert = { readonly alertId: string; readonly ticket: string; readonly messageId: string }

/** Puts an alert down as intake and playbook would have: the provider's mail, read, with a finding. Not decided. */
export async function putAlert(
  db: Kysely<Tables>,
  sample: { readonly host?: string; readonly text?: string; readonly provider?: Partial<Provider> } = {},
): Promise<SampleAlert> {
  const provider = { ...sampleProvider, ...sample.provider }
  if ((await providerById(db, provider.id)) === null) await saveProvider(db, provider, 0, new Date())
  const alertId = randomUUID()
  const ticket = `INC-${alertId.slice(0, 8)}`
  const host = sample.host ?? 'ws-0417'
  const messageId = `alert.${alertId}@provider.example`
  const text = sample.text ?? `Suspicious sign-in on ${host}. Is this expected?`
  const bytes = Buffer.from(
    `From: soc@provider.example\r\nTo: desk@customer.example\r\nSubject: [${ticket}] Suspicious sign-in\r\nMessage-ID: <${messageId}>\r\nReferences: <root.${alertId}@provider.example>\r\n\r\n${text}\r\n`,
  )
  const id = sha256Hex(bytes)
  const field = (value: string) => ({ value, span: null })
  const reading = {
    ...{
      reader: 'generic',
      kind: 'alert' as const,
      because: 'It has a ticket.',
      ticket: field(ticket),
      rule: field('Suspicious sign-in'),
    },
    ...{
      severity: 'medium' as const,
      severityText: null,
      status: null,
      title: 'Suspicious sign-in',
      summary: '',
      occurredAt: null,
      raisedAt: null,
    },
    ...{
      source: field('192.0.2.66'),
      destination: null,
      host: field(host),
      account: null,
      entity: host,
      portalUrl: null,
      question: null,
    },
    fields: [],
    observables: [
      { type: 'ipv4' as const, value: '192.0.2.66', start: 0, end: 10, text: '192.0.2.66', part: '1' },
      { type: 'hostname' as const, value: host, start: 0, end: host.length, text: host, part: '1' },
    ],
    delivered: [],
  }
  const raw = {
    bytes,
    form: 'mail' as const,
    channel: 'file' as const,
    sourceAddress: null,
    heloName: null,
    envelopeFrom: null,
  }
  await insertMessage(db, id, { ...raw, envelopeTo: [], providerId: null, origin: 'sample' }, new Date(), false)
  await insertAlert(db, {
    id: alertId,
    providerId: provider.id,
    kind: 'alert',
    reading,
    receivedAt: new Date(),
    sample: false,
  })
  const letter = await plainParse(bytes)
  await updateMessage(db, id, {
    ...{
      state: 'read',
      stateReason: '',
      kind: 'alert',
      providerId: provider.id,
      authentication: authentication(true, provider.id),
    },
    ...{ letter, reading, alertId },
  })
  return { alertId, ticket, messageId }
}

/** Decides as a person would, citing a finding. */
export async function decideAlert(
  db: Kysely<Tables>,
  alertId: string,
  outcome: Outcome = 'false-alarm-benign',
  reason?: string,
): Promise<string> {
  const findingId = randomUUID()
  const finding = {
    ...{
      id: findingId,
      alertId,
      runId: null,
      question: 'network-of-address' as const,
      ask: { address: '192.0.2.66' },
      connector: 'own-networks',
    },
    ...{
      kind: 'found' as const,
      answer: { ours: false, network: null, name: null, site: null, zone: null },
      why: '',
      query: 'q',
    },
    ...{ windowFrom: null, windowTo: null, aroundMinutes: null, costMs: 1, askedAt: new Date().toISOString() },
  }
  await insertFindings(db, [finding])
  const version = (await getAlert(db, alertId))?.version ?? 0
  const made = await decide(
    // A test that decides anew drafts by hand, to look at each step.
    { db, clock: systemClock, draftReply: async () => ({ replyId: '' }) },
    {
      alertId,
      outcome,
      reason: reason ?? 'A planned test of our own.',
      cites: [findingId],
      withoutEvidence: false,
      version,
      by: 'user:1',
    },
  )
  return made.decisionId
}

/** Drafts, redacts every place, and releases. */
export async function answerAll(db: Kysely<Tables>, desk: AnswerDesk, alertId: string, by = 'user:1'): Promise<string> {
  const replyId = await desk.draft(alertId, by)
  const [record] = await repliesOf(db, alertId)
  if (record === undefined) throw new Error('no draft')
  const verdicts = record.reply.spans.map((span) => ({ spanId: span.id, verdict: 'redact' as const, keepReason: null }))
  const version = await desk.review(replyId, verdicts, record.reply.version, by)
  await desk.release(replyId, version, by)
  return replyId
}
