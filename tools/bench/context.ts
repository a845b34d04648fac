import { makeAsk } from '../../src/connectors/ask.ts'
import { assetList } from '../../src/connectors/asset-list/index.ts'
import { assetsByAddress, assetsByName, importedAt, leasesAt, peopleByKey } from '../../src/db/context.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { importList } from '../../src/playbooks/import-list.ts'
import { onEmbedded } from './embedded.ts'
import type { BenchResult } from './result.ts'

/** Assets, and leases of their addresses over the last month: two each. */
const assets = 1_000_000
const leases = 2 * assets
const lookups = 2_000
const mebibyte = 1024 * 1024
const addressOf = (at: number): string => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`

/** A list as a CMDB exports it, made as it is read: nothing of it is kept here either. */
async function* list(rows: number): AsyncGenerator<Uint8Array> {
  yield Buffer.from('CI-ID;Hostname;IP-Adresse;Verantwortlicher;E-Mail;Kritikalität;Beschreibung;Standort\n')
  for (let from = 0; from < rows; from += 500) {
    let text = ''
    for (let at = from; at < Math.min(rows, from + 500); at += 1) {
      text += `CI${at};srv-${at}.site${at % 40}.example;${addressOf(at)};Person ${at % 900};p${at % 900}@example.com;${['gering', 'mittel', 'hoch', 'kritisch'][at % 4]};Application server ${at % 70}, "blue" side;Hall ${at % 12}\n`
    }
    yield Buffer.from(text)
  }
}

/** Leases as a DHCP server tells them: each address had one machine in the first half of October and another in the second. */
async function* leaseList(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('IP Address;Lease start;Lease end;Client hostname\n')
  for (let from = 0; from < assets; from += 500) {
    let text = ''
    for (let at = from; at < Math.min(assets, from + 500); at += 1) {
      text += `${addressOf(at)};2026-10-01T00:00:00Z;2026-10-15T00:00:00Z;srv-${at}.site${at % 40}.example\n`
      text += `${addressOf(at)};2026-10-15T00:00:00Z;;srv-${(at + 1) % assets}.site${((at + 1) % assets) % 40}.example\n`
    }
    yield Buffer.from(text)
  }
}

/** A million assets in, and one of them found again, on an embedded PostgreSQL with fsync on, as an installation has it. */
export async function bench(): Promise<BenchResult[]> {
  return onEmbedded(async (db) => [
    ...(await measureImport(db)),
    await measureLeases(db),
    ...(await measureLookups(db)),
  ])
}

type Db = Parameters<typeof importList>[0]

async function measureImport(db: Db): Promise<BenchResult[]> {
  const take = (rows: number, onProgress?: () => void) =>
    importList(db, {
      noun: 'assets',
      stream: list(rows),
      by: 'system',
      clock: systemClock,
      ...(onProgress === undefined ? {} : { onProgress }),
    })
  await take(5_000) // The first one pays for compiling and for the pool.
  const usedMb = (): number => {
    globalThis.gc?.()
    return process.memoryUsage().heapUsed / mebibyte
  }
  const beforeMb = usedMb()
  let mostMb = 0
  let batches = 0
  const began = performance.now()
  const result = await take(assets, () => {
    // Collecting at each batch would be what is measured; every tenth shows growth as well.
    if (batches++ % 10 === 0) mostMb = Math.max(mostMb, usedMb())
  })
  const seconds = (performance.now() - began) / 1_000
  if (result.taken !== assets) throw new Error(`${result.taken} of ${assets} were taken`)
  const grownMb = mostMb - beforeMb
  return [
    {
      name: `context: import of ${assets} assets`,
      value: seconds,
      unit: 's',
      goal: '<= 300',
      ok: seconds <= 300,
      note: `${Math.round(assets / seconds)} rows/s, in place of 5,000 of before`,
    },
    {
      name: 'context: memory that the import grows by',
      value: grownMb,
      unit: 'MiB',
      goal: '<= 32',
      ok: grownMb <= 32,
      note: 'heap in use after collection, most of the samples',
    },
  ]
}

async function measureLeases(db: Db): Promise<BenchResult> {
  const began = performance.now()
  const result = await importList(db, { noun: 'leases', stream: leaseList(), by: 'system', clock: systemClock })
  const seconds = (performance.now() - began) / 1_000
  if (result.taken !== leases) throw new Error(`${result.taken} of ${leases} were taken`)
  const note = `${Math.round(leases / seconds)} rows/s`
  return {
    name: `context: import of ${leases} leases`,
    value: seconds,
    unit: 's',
    goal: '<= 300',
    ok: seconds <= 300,
    note,
  }
}

async function measureLookups(db: Db): Promise<BenchResult[]> {
  const connector = assetList({
    byAddress: (address) => assetsByAddress(db, address),
    byName: (names) => assetsByName(db, names),
    leasesAt: (address, at) => leasesAt(db, address, at),
    personOf: (key) => peopleByKey(db, [key]),
    importedAt: () => importedAt(db, 'assets'),
  })
  const ask = makeAsk({ connectors: [connector], clock: systemClock, news: () => undefined })
  const { signal } = new AbortController()
  const measure = async (
    name: string,
    one: (at: number) => Promise<Awaited<ReturnType<typeof ask>>>,
  ): Promise<BenchResult> => {
    const took: number[] = []
    for (let k = 0; k < lookups; k += 1) {
      const from = performance.now()
      const [asked] = await one((k * 7_919) % assets)
      took.push(performance.now() - from)
      if (asked?.answered.kind !== 'found') throw new Error(`${name} found nothing`)
    }
    took.sort((a, b) => a - b)
    const p99 = took[Math.floor(took.length * 0.99)] ?? Number.NaN
    const median = took[Math.floor(took.length / 2)] ?? Number.NaN
    return {
      name: `context: ${name}, median`,
      value: median,
      unit: 'ms',
      goal: '<= 5',
      ok: median <= 5,
      note: `p99 ${p99.toFixed(2)} ms, one after the other, among ${assets}`,
    }
  }
  return [
    await measure('asset of address at a time, by its lease', (at) =>
      ask('asset-of-address', { address: addressOf(at), at: '2026-10-03T12:00:00.000Z' }, { signal }),
    ),
    await measure('asset of address', (at) => ask('asset-of-address', { address: addressOf(at) }, { signal })),
    await measure('asset of host', (at) =>
      ask('asset-of-host', { host: `SRV-${at}.site${at % 40}.example` }, { signal }),
    ),
  ]
}
