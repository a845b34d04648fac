import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase } from '../src/db/open.ts'
import { systemClock } from '../src/kit/clock.ts'
import { openTicketSystem } from '../src/main/elsewhere.ts'
import { syncSystem } from '../src/playbooks/elsewhere/watch.ts'
import { silentLog } from './house.ts'

/** Keeps the tickets of one system in step as a server does, again and again, until it is killed: `elsewhere-program.ts <database> <system>`. */
const [url = '', system = ''] = process.argv.slice(2)
const { db } = await openDatabase(url, { poolMax: 2 })
const desk = {
  ...{ db, clock: systemClock, log: silentLog, node: `program-${process.pid}` },
  ...{ cannotMail: () => 'no mail here', mailNotice: async () => undefined },
  sealKey: Buffer.alloc(32, 7),
  open: openTicketSystem({ db, clock: systemClock }),
  alertUrl: (id: string) => `https://desk.example.org/alerts/${id}`,
}
process.stdout.write('syncing\n')
for (;;) {
  await syncSystem(desk, system)
  await sleep(5)
}
