import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { openDatabase } from '../../src/db/open.ts'
import { makeParse } from '../../src/intake/mail/parse.ts'
import { systemClock } from '../../src/kit/clock.ts'
import type { Ask } from '../../src/model/doors.ts'
import type { Raw, Receive } from '../../src/model/message.ts'
import { loadLibrary } from '../../src/playbooks/load.ts'
import { makeReceive } from '../../src/playbooks/receive.ts'
import { houseTasks, startWorker } from '../../src/playbooks/worker.ts'
import { authentication, provider } from '../../test/house.ts'
import { benchHouse, withCluster } from './playbooks.ts'
import type { BenchResult } from './result.ts'

const intakePerSecond = 200
const intakeSeconds = 60
const ladderPerSecond = 20
const ladderSeconds = 20
const ladderMsMax = 1000

function mailOf(n: number): Raw {
  const body = [
    'Rule: Suspicious DNS query',
    'Severity: High',
    `Ticket: INC-${100_000 + n}`,
    `Source IP: 192.0.2.${n % 250}`,
    'Destination IP: 198.51.100.7',
    `Host: ws-${n}.example.org`,
    'User: jdoe',
    'Time: 2026-11-20T10:00:00Z',
    '',
    'The host asked for a domain that was seen in a campaign. '.repeat(40),
  ]
  return {
    bytes: Buffer.from(
      `From: Acme SOC <soc@provider.example>\r\nTo: desk@example.org\r\nMessage-ID: <${n}@provider.example>\r\nSubject: Alert INC-${100_000 + n}\r\nContent-Type: text/plain\r\n\r\n${body.join('\r\n')}`,
    ),
    form: 'mail',
    channel: 'smtp',
    sourceAddress: '192.0.2.1',
    heloName: 'mx.provider.example',
    envelopeFrom: 'soc@provider.example',
    envelopeTo: ['desk@example.org'],
    providerId: null,
    origin: 'bench',
  }
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN
}

/** Sends at a steady rate, however long each takes; the milliseconds until each was committed, and how many seconds it took in all. */
async function steadily(
  receive: Receive,
  first: number,
  perSecond: number,
  seconds: number,
): Promise<{ tookMs: number[]; seconds: number }> {
  const tookMs: number[] = []
  const under: Promise<void>[] = []
  const began = performance.now()
  for (let n = 0; n < perSecond * seconds; n += 1) {
    const dueMs = (n * 1000) / perSecond
    const waitMs = dueMs - (performance.now() - began)
    if (waitMs > 1) await sleep(waitMs)
    const at = performance.now()
    under.push(receive(mailOf(first + n)).then(() => void tookMs.push(performance.now() - at)))
  }
  await Promise.all(under)
  return { tookMs, seconds: (performance.now() - began) / 1000 }
}

/** Sources that answer as quickly as a list in memory; what is measured is the house, not them. */
const ask: Ask = async (question, _ask, { onAnswer }) => {
  const one = {
    connector: 'stub',
    answered: { kind: 'nothing' as const, query: question },
    costMs: 0,
    askedAt: new Date(),
  }
  onAnswer?.(one)
  return [one]
}

/** Mail committed before it is acknowledged, at 200/s for a minute; then, at 20/s with everything at work, from mail to full ladder. */
export async function bench(): Promise<BenchResult[]> {
  return withCluster(async (url) => {
    const database = await openDatabase(url)
    const receive = makeReceive({ db: database.db, clock: systemClock })
    const intake = await steadily(receive, 0, intakePerSecond, intakeSeconds)
    const rate = intake.tookMs.length / intake.seconds
    const late = percentile(intake.tookMs, 0.99)

    // The backlog of the first part is not what the second is about.
    await sql`delete from graphile_worker._private_jobs`.execute(database.db)
    const parse = makeParse()
    await database.db
      .insertInto('provider')
      .values({ id: provider.id, config: JSON.stringify(provider) })
      .execute()
    const library = await loadLibrary(['content/playbooks'])
    const house = benchHouse(database, {
      library,
      parse,
      ask,
      authenticate: async () => authentication(true, provider.id),
    })
    const worker = await startWorker({ url, node: house.node, log: house.log, tasks: houseTasks(house) })
    await steadily(receive, 1_000_000, ladderPerSecond, 2)
    const since = new Date()
    await steadily(receive, 2_000_000, ladderPerSecond, ladderSeconds)
    const expected = ladderPerSecond * ladderSeconds
    let waits: number[] = []
    for (let tries = 0; tries < 600 && waits.length < expected; tries += 1) {
      await sleep(100)
      const rows = await sql<{
        ms: number
      }>`select extract(epoch from filled_at - received_at)::float8 * 1000 as ms from alert where filled_at is not null and received_at >= ${since.toISOString()}::timestamptz`.execute(
        database.db,
      )
      waits = rows.rows.map((row) => row.ms)
    }
    await worker.stop()
    await parse.close()
    await database.close()
    const full = percentile(waits, 0.99)
    return [
      {
        name: 'Intake, each committed before it is acknowledged',
        value: rate,
        unit: 'mails/s',
        goal: `>= ${intakePerSecond} for ${intakeSeconds} s`,
        ok: rate >= intakePerSecond * 0.99,
        note: `p99 ${late.toFixed(0)} ms, 2.5 KB each, fsync on`,
      },
      {
        name: 'Mail to full ladder, p99',
        value: full,
        unit: 'ms',
        goal: `< ${ladderMsMax} at ${ladderPerSecond}/s`,
        ok: waits.length === expected && full < ladderMsMax,
        note: `${waits.length} of ${expected} alerts, median ${percentile(waits, 0.5).toFixed(0)} ms; sources answer at once`,
      },
    ]
  })
}

if (import.meta.main) console.log(await bench())
