import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { getAlert } from '../../src/db/alerts.ts'
import { openDatabase } from '../../src/db/open.ts'
import { makeParse } from '../../src/intake/mail/parse.ts'
import { systemClock } from '../../src/kit/clock.ts'
import type { Ask } from '../../src/model/doors.ts'
import type { Raw } from '../../src/model/message.ts'
import { decide } from '../../src/playbooks/decide.ts'
import { loadLibrary } from '../../src/playbooks/load.ts'
import { memoryTasks } from '../../src/playbooks/memory/act.ts'
import { makeReceive } from '../../src/playbooks/receive.ts'
import { houseTasks, startWorker } from '../../src/playbooks/worker.ts'
import { authentication, mail, provider } from '../../test/house.ts'
import { benchHouse, withCluster } from './playbooks.ts'
import type { BenchResult } from './result.ts'

const questions = 200
const goalMs = 10_000
const waitsMax = 600

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

function mailOf(n: number, round: number): Raw {
  const body = `Rule: Suspicious DNS query\r\nSeverity: Low\r\nTicket: INC-${round}-${n}\r\nSource IP: 192.0.2.${n % 250}\r\nHost: ws-${n}.example.org\r\n`
  return mail(`Alert INC-${round}-${n}`, body, {
    'Message-ID': `<${round}-${n}@provider.example>`,
    'Content-Type': 'text/plain',
  })
}

/** From a repeated question's mail to its drafted answer: 200 at once, through the whole house. */
export async function bench(): Promise<BenchResult[]> {
  return withCluster(async (url) => {
    const database = await openDatabase(url)
    const { db } = database
    const parse = makeParse()
    await db
      .insertInto('provider')
      .values({ id: provider.id, config: JSON.stringify(provider) })
      .execute()
    const house = benchHouse(database, {
      ...{ library: await loadLibrary(['content/playbooks']), parse, ask },
      authenticate: async () => authentication(true, provider.id),
    })
    const receive = makeReceive({ db, clock: systemClock })
    const tasks = { ...houseTasks(house), ...memoryTasks(house) }
    const worker = await startWorker({ url, node: house.node, log: house.log, tasks })
    await Promise.all(Array.from({ length: questions }, (_, n) => receive(mailOf(n, 1))))
    const first = await until(
      async () => (await sql<{ id: string }>`select id from alert where filled_at is not null`.execute(db)).rows,
    )
    for (const { id } of first) {
      const version = (await getAlert(db, id))?.version ?? 0
      await decide(house, {
        alertId: id,
        outcome: 'false-alarm-benign',
        reason: 'Our resolver.',
        cites: [],
        withoutEvidence: true,
        version,
        by: 'system',
      })
    }
    await Promise.all(Array.from({ length: questions }, (_, n) => receive(mailOf(n, 2))))
    const waits = await until(
      async () =>
        (
          await sql<{ ms: number }>`
        select extract(epoch from d.drafted_at - a.received_at)::float8 * 1000 as ms from drafted_answer d join alert a on a.id = d.alert_id`.execute(
            db,
          )
        ).rows,
    )
    await worker.stop()
    await parse.close()
    await database.close()
    const sorted = waits.map(({ ms }) => ms).toSorted((a, b) => a - b)
    const slowest = sorted.at(-1) ?? Number.NaN
    return [
      {
        name: 'Mail of a repeated question to its drafted answer, slowest',
        ...{ value: slowest, unit: 'ms', goal: `< ${goalMs}`, ok: waits.length === questions && slowest < goalMs },
        note: `${waits.length} of ${questions} that came at once, median ${sorted[Math.floor(sorted.length / 2)]?.toFixed(0)} ms`,
      },
    ]
  })
}

/** Until there is one row for each question, or a minute is over. */
async function until<T>(look: () => Promise<readonly T[]>): Promise<readonly T[]> {
  for (let tries = 0; ; tries += 1) {
    const rows = await look()
    if (rows.length >= questions || tries === waitsMax) return rows
    await sleep(100)
  }
}

if (import.meta.main) console.log(await bench())
