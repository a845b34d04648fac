import { createReadStream } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { stringify } from 'yaml'
import { readSettings, type Settings } from '../config/config.ts'
import { saveProvider } from '../db/providers.ts'
import { type Running, startHouse } from '../main.ts'
import type { Provider } from '../model/provider.ts'
import { importList } from '../playbooks/import-list.ts'
import { type ProviderPlayed, playProvider } from './provider-played.ts'
import { sweepDemos } from './sweep.ts'
import { zoneOf } from './zone.ts'

export const samples = path.join(import.meta.dirname, '..', '..', 'content', 'samples')
export const deskAddress = 'security@nordhaven.example'

/** Everything the demo runs on: a house of its own in a folder of its own, and the provider played. */
export type Stage = {
  readonly running: Running
  readonly provider: ProviderPlayed
  readonly folder: string
  readonly close: () => Promise<void>
}

const acme: Provider = {
  id: 'acme-mdr',
  name: 'Acme MDR',
  format: 'generic',
  addresses: ['soc@acme-mdr.example'],
  domains: ['acme-mdr.example'],
  sourceRanges: ['127.0.0.0/8'],
  trustedSealers: [],
  replyAddress: 'soc@acme-mdr.example',
  dryRun: false,
  mayShare: [],
}

/** The other providers of the sample mails: shown, never answered. */
const others: readonly Provider[] = [
  ['red-canary', 'Red Canary', 'redcanary.com'],
  ['arctic-wolf', 'Arctic Wolf', 'arcticwolf.com'],
  ['microsoft-defender', 'Microsoft Defender', 'microsoft.com'],
  ['trend-micro-mdr', 'Trend Micro MDR', 'trendmicro.com'],
  ['trustwave-fusion', 'Trustwave Fusion', 'trustwave.com'],
].map(([id = '', name = '', domain = '']) => ({
  ...acme,
  id,
  name,
  format: id,
  addresses: [],
  domains: [domain],
  replyAddress: null,
  dryRun: true,
}))

/** Seconds between release and sending in the demo; 30 s on one's own data. */
const holdSeconds = 2

const folderPrefix = 'counterfoil-demo-'

/** Builds the stage in an empty folder: settings, a house, lists, providers. `port` 0 lets the system choose. */
export async function buildStage(port: number): Promise<Stage> {
  if (process.platform === 'linux') await sweepDemos(os.tmpdir(), folderPrefix)
  const folder = await mkdtemp(path.join(os.tmpdir(), folderPrefix))
  // Run by root, PostgreSQL must be able to walk through it, or it would live outside, where nobody removes it.
  await chmod(folder, 0o711)
  const provider = await playProvider([...acme.domains, ...others.flatMap((one) => one.domains)], deskAddress)
  try {
    const settings = await settingsFor(folder, provider, port)
    const running = await startHouse(settings, { resolver: zoneOf(provider.zone), sample: true })
    const close = async (): Promise<void> => {
      await running.stop()
      await provider.close()
      await rm(folder, { recursive: true, force: true })
    }
    return { running, provider, folder, close }
  } catch (error) {
    await provider.close()
    throw error
  }
}

async function settingsFor(folder: string, provider: ProviderPlayed, port: number): Promise<Settings> {
  const config = {
    http: { port },
    smtp: { port: 0, recipients: [deskAddress] },
    mailOut: { ...provider.server, tls: 'none', from: `Nordhaven Security Desk <${deskAddress}>` },
    ownDomains: ['nordhaven.example'],
    people: { analyst: [deskAddress], lead: [deskAddress] },
    reverseDns: false,
    replyHoldSeconds: holdSeconds,
  }
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'counterfoil.yaml'), stringify(config))
  return readSettings({ COUNTERFOIL_DATA: folder, COUNTERFOIL_LOG: 'warn' })
}

/** What only the customer knows: who the providers are, the assets, the people, the networks. Rows taken, by list. */
export async function bringContext(running: Running): Promise<Record<string, number>> {
  const { db, clock } = running.house
  for (const provider of [acme, ...others]) await saveProvider(db, provider, 0, clock.now())
  const taken: Record<string, number> = {}
  for (const noun of ['assets', 'people', 'networks'] as const) {
    const stream = createReadStream(path.join(samples, `${noun}.csv`))
    taken[noun] = (await importList(db, { noun, stream, by: 'system', clock })).taken
  }
  return taken
}

export type SampleMail = { readonly name: string; readonly bytes: Buffer; readonly from: string }

/** The sample mails that providers sent, in the order of the story. */
export async function providerMails(): Promise<SampleMail[]> {
  const folder = path.join(samples, 'mail')
  const mails: SampleMail[] = []
  for (const name of (await readdir(folder)).filter((one) => one.endsWith('.eml')).sort()) {
    const bytes = await readFile(path.join(folder, name))
    const head = bytes.subarray(0, 4096).toString('latin1')
    const from = /^From:.*?([\w.+-]+@[\w.-]+)/im.exec(head)?.[1]?.toLowerCase() ?? ''
    const domain = from.slice(from.indexOf('@') + 1)
    if ([acme, ...others].some((provider) => provider.domains.includes(domain))) mails.push({ name, bytes, from })
  }
  return mails
}
