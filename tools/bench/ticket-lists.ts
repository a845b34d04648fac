import { sql } from 'kysely'
import { TicketQuery } from '../../src/contract/tickets.ts'
import type { Db } from '../../src/db/open.ts'
import { listTickets } from '../../src/db/tickets.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { watchClocks } from '../../src/playbooks/watch-clocks.ts'
import type { BenchResult } from './result.ts'

const rounds = 20
const nobody = '00000000-0000-4000-8000-000000000000'

const shapes: Record<string, (round: number) => Record<string, string>> = {
  'as it opens': () => ({}),
  'of nobody': () => ({ owner: 'nobody' }),
  'our clock ran out': () => ({ clock: 'ours-overdue' }),
  resolved: () => ({ state: 'resolved' }),
  closed: () => ({ state: 'closed' }),
  all: () => ({ state: 'all' }),
  'all, of one kind': () => ({ state: 'all', type: 'phishing-report' }),
  'all, by number': (at) => ({ state: 'all', q: `A-${at * 1000 + 1}` }),
  'all, by a frequent word': (at) => ({ state: 'all', q: ['beaconing', 'malware'][at % 2] ?? '' }),
  'all, by a rare word': (at) => ({ state: 'all', q: `ws-199${10 + at}` }),
  'open, by a word': (at) => ({ q: ['beaconing', 'ws-17'][at % 2] ?? '' }),
}

/** Lists of tickets, and one look of the watch at all that are open, over the alerts of the queue's bench. */
export async function measureTickets(db: Db): Promise<BenchResult[]> {
  await sql`insert into ticket (alert_id, type, closed_at, closed_by)
    select id, case when number % 50 = 0 then 'phishing-report' else 'provider-alert' end, case when tab = 'done' and number % 2 = 0 then decided_at end,
      case when tab = 'done' and number % 2 = 0 then 'user:' || ${nobody} end from alert`.execute(db)
  await sql`vacuum analyze ticket`.execute(db)
  const house = { db, clock: systemClock, cannotMail: () => 'no mail here', mailNotice: async () => undefined }
  await watchClocks(house as never)
  const worst: { what: string; ms: number }[] = []
  for (const [what, shape] of Object.entries(shapes)) {
    const took: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      const query = TicketQuery.parse(shape(round))
      const began = performance.now()
      await listTickets(db, query, nobody)
      took.push(performance.now() - began)
    }
    took.sort((a, b) => a - b)
    const ms = took[Math.floor(rounds * 0.95)] ?? Number.NaN
    process.stderr.write(`  tickets: ${what}: median ${took[rounds / 2]?.toFixed(1)}, p95 ${ms.toFixed(1)} ms\n`)
    worst.push({ what, ms })
  }
  worst.sort((a, b) => b.ms - a.ms)
  const began = performance.now()
  await watchClocks(house as never)
  const watched = performance.now() - began
  const open = await sql<{
    n: number
  }>`select count(*)::int as n from alert where tab not in ('done', 'merged')`.execute(db)
  return [
    {
      name: "tickets: lists of a million, the slowest filter's p95",
      value: worst[0]?.ms ?? Number.NaN,
      unit: 'ms',
      goal: '<= 100',
      ok: (worst[0]?.ms ?? Infinity) <= 100,
      note: `${worst.length} filters, ${rounds} times each; slowest: ${worst
        .slice(0, 3)
        .map(({ what, ms }) => `${what} ${ms.toFixed(0)} ms`)
        .join(', ')}`,
    },
    {
      name: 'tickets: one look at the clocks of all that are open',
      value: watched,
      unit: 'ms',
      goal: '<= 3000',
      ok: watched <= 3000,
      note: `${open.rows[0]?.n} open among a million, every 30 s`,
    },
  ]
}
