import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import ipaddr from 'ipaddr.js'
import { Reader, type Response } from 'mmdb-lib'
import { wordsOf } from '../../kit/errors.ts'
import type { Connector, Health, TriedOut } from '../../model/connector.ts'
import { connectorKind, type Opening } from '../../model/connector-kind.ts'
import { ageDays } from '../../model/context.ts'
import type { Answered } from '../../model/finding.ts'
import type { AnswerOf } from '../../model/question.ts'
import { publicAddress } from '../reach.ts'
import { MaxmindSettings, MmdbRecord } from './schema.ts'

/** The largest of the vendor's files has 350 MB; a file is held in memory whole. */
const fileBytesMax = 512 * 1024 * 1024
/** A file that was replaced is noticed within this. */
const lookAgainMs = 60_000

/** Country, city and network of an address, from files in MaxMind's format on this machine: nothing is asked of anybody. */
export const maxmind = connectorKind({
  kind: 'maxmind',
  title: 'Address database (MaxMind format)',
  says: 'Country, city and network of an address, from .mmdb files on this machine. Nobody learns what is asked.',
  answers: ['network-owner-of-address'],
  settings: MaxmindSettings,
  secrets: [],
  target: [],
  fileOnly: 'It reads files of the server, and a page must not name those.',
  open: openMaxmind,
})

type Opened = { readonly file: string; readonly reader: Reader<Response>; readonly builtAt: string }
type Kept = Opened & { readonly stamp: string; readonly lookAgainAt: number }

function openMaxmind({ id, title, settings }: Opening<MaxmindSettings>): Connector {
  const kept = new Map<string, Promise<Kept>>()
  const open = async (): Promise<readonly Opened[]> =>
    Promise.all(
      settings.files.map((file) => {
        const opening = reopened(file, kept.get(file))
        kept.set(file, opening)
        // One that could not be read is tried again by the next question.
        opening.catch(() => kept.delete(file))
        return opening
      }),
    )
  return {
    id,
    title,
    answers: ['network-owner-of-address'],
    limits: { timeoutMs: 10_000, concurrency: 8, perMinute: Number.POSITIVE_INFINITY },
    scope: `Looks addresses up in ${settings.files.map((file) => path.basename(file)).join(', ')}. A place is where a network is said to be, not where a machine stands.`,
    copy: 'files on this machine',
    ask: async (_question, ask, { clock }) => {
      const asked = String(ask['address'])
      try {
        return answer(await open(), asked, settings, clock.now())
      } catch (error) {
        return { kind: 'failed', why: wordsOf(error), query: asked }
      }
    },
    health: async ({ clock }) => {
      try {
        return health(await open(), settings, clock.now())
      } catch (error) {
        return { state: 'failing', says: wordsOf(error), lastSuccess: null }
      }
    },
    tryOut: async ({ clock }) => tryOut(open, settings, clock.now()),
  }
}

async function reopened(file: string, before: Promise<Kept> | undefined): Promise<Kept> {
  const known = await before?.catch(() => undefined)
  if (known !== undefined && performance.now() < known.lookAgainAt) return known
  const lookAgainAt = performance.now() + lookAgainMs
  const { size, mtimeMs, ino } = await stat(file)
  const stamp = `${ino} ${size} ${mtimeMs}`
  if (known?.stamp === stamp) return { ...known, lookAgainAt }
  if (size > fileBytesMax) throw new Error(`${file} is larger than ${fileBytesMax} bytes`)
  try {
    const reader = new Reader<Response>(await readFile(file))
    return { file, reader, builtAt: reader.metadata.buildEpoch.toISOString(), stamp, lookAgainAt }
  } catch (error) {
    throw new Error(`${file} is no database in MaxMind's format: ${wordsOf(error)}`, { cause: error })
  }
}

function answer(opened: readonly Opened[], asked: string, settings: MaxmindSettings, now: Date): Answered {
  const known = publicAddress(asked)
  if ('why' in known) return { kind: 'not-applicable', why: known.why }
  const { address } = known
  const text = address.toString()
  const query = `${text} in ${opened.map(({ file }) => path.basename(file)).join(', ')}`
  const records = opened.flatMap((one) => {
    // A file of IPv4 addresses only has nothing to say about others.
    if (one.reader.metadata.ipVersion === 4 && address.kind() === 'ipv6') return []
    const [record, bits] = one.reader.getWithPrefixLength(text)
    return record === null ? [] : [{ ...one, bits, record: MmdbRecord.parse(record) }]
  })
  if (records.length === 0) return { kind: 'nothing', query }
  const first = <T>(read: (record: MmdbRecord) => T | undefined): T | null =>
    records.map(({ record }) => read(record)).find((value) => value !== undefined) ?? null
  const narrowest = Math.max(...records.map(({ bits }) => bits))
  const oldest = records.map(({ builtAt }) => builtAt).toSorted()[0] ?? null
  const found: AnswerOf<'network-owner-of-address'> = {
    address: text,
    network: networkOf(address, narrowest),
    name: first(({ isp }) => isp),
    organisation: first((record) => record.autonomous_system_organization ?? record.organization),
    country: first((record) => record.country?.iso_code ?? record.registered_country?.iso_code),
    city: first((record) => record.city?.names?.en),
    asn: first((record) => record.autonomous_system_number),
    abuseContact: null,
    registeredAt: null,
    asOf: oldest,
  }
  return { kind: 'found', answer: found, query, warnings: staleOf(opened, settings, now) }
}

/** "198.51.100.0/24" from an address and the length of its prefix. */
function networkOf(address: ipaddr.IPv4 | ipaddr.IPv6, bits: number): string {
  const bytes = address.toByteArray()
  const all = bytes.length * 8
  // In a file of both kinds an IPv4 address lies behind 96 bits.
  const length = Math.min(all, bits > all ? bits - 96 : bits)
  const masked = bytes.map((byte, at) => byte & (0xff << Math.max(0, Math.min(8, (at + 1) * 8 - length))) & 0xff)
  return `${ipaddr.fromByteArray(masked).toString()}/${length}`
}

function staleOf(opened: readonly Opened[], settings: MaxmindSettings, now: Date): string[] {
  return opened.flatMap(({ file, builtAt }) => {
    const age = ageDays(builtAt, now)
    return age !== null && age >= settings.staleAfterDays ? [`${path.basename(file)} is ${age} days old.`] : []
  })
}

function health(opened: readonly Opened[], settings: MaxmindSettings, now: Date): Health {
  const stale = staleOf(opened, settings, now)
  const newest = opened.reduce<string | null>((a, { builtAt }) => (a === null || builtAt > a ? builtAt : a), null)
  return stale.length > 0
    ? { state: 'warning', says: stale.join(' '), lastSuccess: now.toISOString(), newest }
    : {
        state: 'active',
        says: `${opened.length === 1 ? 'The file is' : 'The files are'} read.`,
        lastSuccess: now.toISOString(),
        newest,
      }
}

async function tryOut(open: () => Promise<readonly Opened[]>, settings: MaxmindSettings, now: Date): Promise<TriedOut> {
  try {
    const opened = await open()
    const rows = opened.map(({ file, builtAt, reader: { metadata } }) => ({
      ...{ file: path.basename(file), kind: metadata.databaseType, built: builtAt.slice(0, 10) },
      ...{ addresses: metadata.ipVersion === 4 ? 'IPv4' : 'IPv4 and IPv6', nodes: String(metadata.nodeCount) },
    }))
    return {
      ...{ kind: 'read', says: 'Read what the files say of themselves.', rows },
      ...{ can: ['look up addresses without asking anybody'], cannot: ['say who an address belonged to in the past'] },
      warnings: staleOf(opened, settings, now),
    }
  } catch (error) {
    return {
      kind: 'failed',
      why: wordsOf(error),
      next: 'Check the paths in counterfoil.yaml, and that this user may read the files.',
    }
  }
}
