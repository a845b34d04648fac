import { systemClock } from '../../src/kit/clock.ts'
import { importIntelligenceFile } from '../../src/playbooks/import-intelligence.ts'
import { knowObservable } from '../../src/playbooks/know-observable.ts'
import { onEmbedded } from './embedded.ts'
import type { BenchResult } from './result.ts'

const indicators = 1_000_000
const lookups = 2_000
const mebibyte = 1024 * 1024

/** A quarter each of addresses, names, URLs and digests, and a network for each thousand. */
function lineOf(at: number): string {
  if (at % 1_000 === 999) return `198.${at % 250}.${(at >> 8) % 250}.0/24`
  switch (at % 4) {
    case 0:
      return `${11 + (at >> 24)}.${(at >> 16) & 255}.${(at >> 8) & 255}.${at & 255}`
    case 1:
      return `h${at}.evil${at % 977}.example.com`
    case 2:
      return `http://h${at}.bad${at % 499}.example.org/load/${at}.exe`
    default:
      return at.toString(16).padStart(64, 'a')
  }
}

async function* list(rows: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < rows; from += 1_000) {
    let text = ''
    for (let at = from; at < Math.min(rows, from + 1_000); at += 1) text += `${lineOf(at)}\n`
    yield Buffer.from(text)
  }
}

/** A million indicators in, in again, and one of them looked up, on an embedded PostgreSQL with fsync on, as an installation has it. */
export async function bench(): Promise<BenchResult[]> {
  return onEmbedded(async (db) => [...(await measureImport(db)), ...(await measureLookups(db))])
}

type Db = Parameters<typeof importIntelligenceFile>[0]

async function measureImport(db: Db): Promise<BenchResult[]> {
  const usedMb = (): number => {
    globalThis.gc?.()
    return process.memoryUsage().heapUsed / mebibyte
  }
  let mostMb = 0
  let batches = 0
  const take = (rows: number) =>
    importIntelligenceFile(db, {
      ...{
        stream: list(rows),
        source: 'bench',
        tlp: null,
        column: null,
        by: 'system',
        clock: systemClock,
        dryRun: false,
      },
      onProgress: () => {
        // Collecting at each batch would be what is measured; every hundredth shows growth as well.
        if (batches++ % 100 === 0) mostMb = Math.max(mostMb, usedMb())
      },
    })
  await take(5_000) // The first one pays for compiling and for the pool.
  const beforeMb = usedMb()
  mostMb = 0
  const began = performance.now()
  const first = await take(indicators)
  const seconds = (performance.now() - began) / 1_000
  const again = performance.now()
  const second = await take(indicators)
  const againSeconds = (performance.now() - again) / 1_000
  if (first.indicators < indicators * 0.99) throw new Error(`${first.indicators} of ${indicators} were taken`)
  if (second.fresh !== 0) throw new Error(`${second.fresh} were new the second time`)
  const grownMb = mostMb - beforeMb
  return [
    {
      name: `intelligence: import of ${indicators} indicators`,
      value: seconds,
      unit: 's',
      goal: '< 180 s',
      ok: seconds < 180,
    },
    {
      name: 'intelligence: the same list again',
      value: againSeconds,
      unit: 's',
      goal: '< 240 s',
      ok: againSeconds < 240,
    },
    { name: 'intelligence: heap grown meanwhile', value: grownMb, unit: 'MB', goal: '< 64 MB', ok: grownMb < 64 },
  ]
}

async function measureLookups(db: Db): Promise<BenchResult[]> {
  const now = new Date()
  const timesOf = async (asks: readonly (readonly [string, string])[]): Promise<number[]> => {
    const times: number[] = []
    for (const [type, value] of asks) {
      const began = performance.now()
      await knowObservable(db, type, value, now)
      times.push(performance.now() - began)
    }
    return times.sort((a, b) => a - b)
  }
  const kinds = {
    'an address': (at: number) => ['ipv4', lineOf(at * 400)],
    'a name below a listed one': (at: number) => ['domain', `x.y.${lineOf(at * 400 + 1)}`],
    'a URL': (at: number) => ['url', `${lineOf(at * 400 + 2)}?id=1`],
    'an address in a listed network': (at: number) => [
      'ipv4',
      `198.${(at * 1_000 + 999) % 250}.${((at * 1_000 + 999) >> 8) % 250}.7`,
    ],
    'a digest nobody lists': (at: number) => ['sha256', at.toString(16).padStart(64, 'f')],
  } as const
  const results: BenchResult[] = []
  for (const [kind, of] of Object.entries(kinds)) {
    const asks = Array.from({ length: lookups / 5 }, (_, at) => of(at) as [string, string])
    await timesOf(asks.slice(0, 20))
    const times = await timesOf(asks)
    const [median = Number.NaN, p95 = Number.NaN] = [0.5, 0.95].map((share) => times[Math.floor(times.length * share)])
    results.push({
      name: `intelligence: look-up of ${kind}, median`,
      value: median,
      unit: 'ms',
      goal: '< 10 ms',
      ok: median < 10,
      note: `p95 ${p95.toFixed(1)} ms`,
    })
  }
  return results
}
