import { type Clock, systemClock } from '../src/kit/clock.ts'
import type { Ask } from '../src/model/doors.ts'
import type { Letter } from '../src/model/letter.ts'
import type { Authentication, Raw } from '../src/model/message.ts'
import type { Playbook } from '../src/model/playbook.ts'
import type { House, Notice, ReplySeen } from '../src/playbooks/house.ts'
import { libraryOf } from '../src/playbooks/library.ts'
import type { FreshDatabase } from './database.ts'

export type TestHouse = House & {
  readonly notices: Notice[]
  readonly seen: ReplySeen[]
  readonly asked: { question: string; ask: unknown }[]
}

export const silentLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

const headers = /^([A-Za-z-]+):[ \t]*(.*)$/

/** Enough of RFC 5322 for the short samples of these tests; the house's own parser has its own tests. */
export async function plainParse(bytes: Uint8Array): Promise<Letter> {
  const [head = '', ...rest] = new TextDecoder().decode(bytes).split(/\r?\n\r?\n/)
  const list = head.split(/\r?\n/).flatMap((line) => {
    const match = headers.exec(line)
    return match === null ? [] : [{ name: (match[1] ?? '').toLowerCase(), value: match[2] ?? '' }]
  })
  const value = (name: string): string | null => list.find((one) => one.name === name)?.value ?? null
  const ids = (name: string): string[] => [...(value(name) ?? '').matchAll(/<([^>]+)>/g)].map((match) => match[1] ?? '')
  const address = (value('from') ?? '').replace(/.*</, '').replace(/>.*/, '')
  const text = rest.join('\n\n')
  const about = value('x-about')
  return {
    messageId: ids('message-id')[0] ?? null,
    inReplyTo: ids('in-reply-to')[0] ?? null,
    references: ids('references'),
    from: { name: '', address },
    replyTo: [],
    to: [],
    cc: [],
    subject: value('subject') ?? '',
    date: null,
    headers: list,
    parts: [
      { path: 'subject', type: 'text/plain', text: value('subject') ?? '' },
      { path: '1', type: 'text/plain', text },
    ],
    attachments: [],
    auto: value('auto-submitted') === null ? 'none' : about === null ? 'auto-reply' : 'bounce',
    deliveryStatus:
      about === null
        ? null
        : {
            about,
            recipients: [
              { address: 'a@provider.example', action: 'failed', status: '5.1.1', diagnostic: 'no such user' },
            ],
          },
    warnings: [],
  }
}

export function authentication(accepted: boolean, providerId: string | null): Authentication {
  return {
    spf: { result: 'none', domain: null },
    dkim: [],
    dmarc: { result: 'none', policy: null, domain: null },
    arc: { result: 'none', sealers: [] },
    sourceAddress: null,
    provider: providerId === null ? null : { id: providerId, by: 'address' },
    sourceAllowed: 'not-pinned',
    accepted,
    reasons: [accepted ? 'accepted by the test' : 'refused by the test'],
  }
}

export const provider = {
  id: 'acme',
  name: 'Acme MDR',
  format: 'generic',
  addresses: ['soc@provider.example'],
  domains: ['provider.example'],
  sourceRanges: [],
  trustedSealers: [],
  replyAddress: null,
  dryRun: true,
  mayShare: [],
}

/** A source that finds something for every question, unless told otherwise. */
export function answering(asked: { question: string; ask: unknown }[], delayMs = 0): Ask {
  return async (question, ask, { onAnswer, only }) => {
    asked.push({ question, ask })
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
    const one = {
      connector: only?.[0] ?? 'list',
      answered: { kind: 'nothing', query: question } as const,
      costMs: 1,
      askedAt: new Date(),
    }
    onAnswer?.(one)
    return [one]
  }
}

/** A house on a real database; only what lies outside of it (mail in, sources, mail out) is played. */
export async function testHouse(
  database: FreshDatabase,
  change: Partial<House> & { playbooks?: readonly Playbook[] } = {},
): Promise<TestHouse> {
  const { playbooks, ...rest } = change
  const notices: Notice[] = []
  const seen: ReplySeen[] = []
  const asked: { question: string; ask: unknown }[] = []
  const clock: Clock = rest.clock ?? systemClock
  await database.db
    .insertInto('provider')
    .values({ id: provider.id, config: JSON.stringify(provider) })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
  return {
    db: database.db,
    clock,
    log: silentLog,
    node: 'test-node',
    library: libraryOf(playbooks ?? []),
    parse: plainParse,
    authenticate: async (_raw: Raw, letter) => {
      const known = letter.from?.address.endsWith('@provider.example') === true
      return authentication(known, known ? provider.id : null)
    },
    openMail: async () => ({ bytes: null, seen: null }),
    ask: answering(asked),
    people: { analyst: ['desk@example.org'], lead: ['lead@example.org'] },
    tell: () => undefined,
    answerUrl: (token) => `http://localhost/answer/${token}`,
    approvalUrl: (token) => `http://localhost/approve/${token}`,
    cannotMail: () => null,
    mailNotice: async (_tx, notice) => void notices.push(notice),
    draftReply: async () => ({ replyId: '00000000-0000-4000-8000-000000000000' }),
    replySeen: async (_tx, one) => void seen.push(one),
    ...rest,
    notices,
    seen,
    asked,
  }
}

export function mail(subject: string, body: string, extra: Readonly<Record<string, string>> = {}): Raw {
  const lines = Object.entries({ From: 'soc@provider.example', Subject: subject, ...extra }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  return {
    bytes: Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`),
    form: 'mail',
    channel: 'smtp',
    sourceAddress: '192.0.2.1',
    heloName: 'mx.provider.example',
    envelopeFrom: 'soc@provider.example',
    envelopeTo: ['desk@example.org'],
    providerId: null,
    origin: 'test',
  }
}

export const alertBody =
  'Rule: Suspicious DNS query\nSeverity: High\nSource IP: 192.0.2.10\nDestination IP: 198.51.100.7\nHost: ws-17.example.org\nUser: jdoe\nTime: 2026-11-20T10:00:00Z\n'
