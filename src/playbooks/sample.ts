import { createReadStream } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { type Db, transaction } from '../db/open.ts'
import { saveProvider } from '../db/providers.ts'
import { removeSample, sampleProviderPrefix, sampleSource, sampleState } from '../db/sample.ts'
import type { Clock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import { append } from '../ledger/append.ts'
import type { Raw, Receive } from '../model/message.ts'
import type { Provider } from '../model/provider.ts'
import { importList } from './import-list.ts'

const folder = path.join(import.meta.dirname, '..', '..', 'content', 'samples')

/** Senders of the sample mails: our id and name for each, and its mail domain. Nothing is ever sent to one: they are on dry run, without an address. */
const senders = [
  ['acme-mdr', 'Acme MDR', 'generic', 'acme-mdr.example'],
  ['red-canary', 'Red Canary', 'red-canary', 'redcanary.com'],
  ['arctic-wolf', 'Arctic Wolf', 'arctic-wolf', 'arcticwolf.com'],
  ['microsoft-defender', 'Microsoft Defender', 'microsoft-defender', 'microsoft.com'],
  ['trend-micro-mdr', 'Trend Micro MDR', 'trend-micro-mdr', 'trendmicro.com'],
  ['trustwave-fusion', 'Trustwave Fusion', 'trustwave-fusion', 'trustwave.com'],
] as const

function providerOf([id, name, format]: (typeof senders)[number]): Provider {
  return {
    id: `${sampleProviderPrefix}${id}`,
    name: `${name} (sample)`,
    format,
    // Neither addresses nor domains: a real mail must never be taken for one of theirs.
    addresses: [],
    domains: [],
    sourceRanges: [],
    trustedSealers: [],
    replyAddress: null,
    dryRun: true,
    mayShare: [],
  }
}

type SampleHouse = { readonly db: Db; readonly clock: Clock; readonly receive: Receive }

/**
 * Brings the sample data in: providers, lists, and six weeks of made-up provider mail through the same way in as any other, each marked as sample
 * data before it is read. The house then works on them as on real ones. Throws Trouble('state.conflict') when there is some already.
 */
export async function loadSample(house: SampleHouse, by: string): Promise<{ messages: number }> {
  const { db, clock } = house
  if ((await sampleState(db)).providers > 0)
    throw new Trouble('state.conflict', { problem: 'sample data is here already' })
  const mails = await sampleMails()
  await transaction(db, async (tx) => {
    for (const sender of senders) {
      const made = await saveProvider(tx, providerOf(sender), 0, clock.now())
      if (made === null) throw new Trouble('state.conflict', { problem: 'sample data is here already' })
    }
    for (const noun of ['assets', 'people', 'networks'] as const) {
      const stream = createReadStream(path.join(folder, `${noun}.csv`))
      await importList(tx, { noun, source: sampleSource, stream, by, clock })
    }
    await append(tx, { kind: 'sample.loaded', actor: by, subject: 'sample', body: { messages: mails.length } }, clock)
  })
  for (const mail of mails) await house.receive(mail)
  return { messages: mails.length }
}

/** A made-up alert, sent in now, to see what becomes of it; sample data like the others. */
export async function sendTestAlert(house: SampleHouse, by: string): Promise<{ messageId: string }> {
  const { db, clock } = house
  const [sender] = senders
  await saveProvider(db, providerOf(sender), 0, clock.now())
  const now = clock.now()
  const number = now.getTime() % 1_000_000
  const text = [
    'From: Acme MDR <soc@acme-mdr.example>',
    `Subject: [TEST-${number}] Medium: Test of the way in`,
    `Date: ${now.toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <test-${now.getTime()}@acme-mdr.example>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    '',
    `Ticket: TEST-${number}`,
    'Rule: Test of the way in',
    'Severity: Medium',
    'Host: SCAN-01',
    'Destination IP: 203.0.113.9',
    `Time: ${now.toISOString()}`,
    '',
    'This alert is made up, to see what becomes of an alert here. Is this expected?',
    '',
  ]
  const { id } = await house.receive(rawOf(Buffer.from(text.join('\r\n')), providerOf(sender).id, 'test'))
  await append(db, { kind: 'sample.tested', actor: by, subject: `message:${id}`, body: {} }, clock)
  return { messageId: id }
}

/** All of it away again; only the ledger keeps that it was there. */
export async function dropSample(house: SampleHouse, by: string): Promise<Record<string, number>> {
  return removeSample(house.db, by, house.clock)
}

async function sampleMails(): Promise<Raw[]> {
  const mails: Raw[] = []
  for (const name of (await readdir(path.join(folder, 'mail'))).filter((one) => one.endsWith('.eml')).sort()) {
    const bytes = await readFile(path.join(folder, 'mail', name))
    const from =
      /^From:.*?([\w.+-]+@[\w.-]+)/im.exec(bytes.subarray(0, 4096).toString('latin1'))?.[1]?.toLowerCase() ?? ''
    const sender = senders.find(([, , , domain]) => from.endsWith(`@${domain}`) || from.endsWith(`.${domain}`))
    // Copies of our own replies and what strangers sent belong to the X-ray, not to the doors.
    if (sender !== undefined) mails.push(rawOf(bytes, providerOf(sender).id, name))
  }
  return mails
}

function rawOf(bytes: Uint8Array, providerId: string, name: string): Raw {
  return {
    bytes,
    form: 'mail',
    channel: 'file',
    sourceAddress: null,
    heloName: null,
    envelopeFrom: null,
    envelopeTo: [],
    providerId,
    origin: `sample:${name}`,
  }
}
