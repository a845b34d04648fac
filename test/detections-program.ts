import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase } from '../src/db/open.ts'
import { lookOnce } from '../src/hunts/run-detections.ts'
import { systemClock } from '../src/kit/clock.ts'
import { openEngine } from '../src/lake/engine/open-engine.ts'
import { spoolNews } from '../src/lake/load/spool-news.ts'
import { loadRules } from '../src/lake/sigma/load.ts'
import { makeReceive } from '../src/playbooks/receive.ts'

/** Runs our own detections as a server does, again and again, until it is killed: `detections-program.ts <database> <lake folder>`. */
const [url = '', folder = ''] = process.argv.slice(2)
const log = { info: () => undefined, warn: () => undefined }
const { db } = await openDatabase(url, { poolMax: 2 })
const engine = openEngine({ folder, clickhouseUrl: null, log, memoryMaxMiB: 1024, fsync: false })
const { rules } = await loadRules([path.resolve('content/detections')])
const receive = makeReceive({ db, clock: systemClock })
const oldestWaiting = async (): Promise<Date | null> => {
  const { oldest } = await spoolNews(folder)
  return oldest === null ? null : new Date(oldest)
}
process.stdout.write('looking\n')
for (;;) {
  await lookOnce({
    ...{ db, clock: systemClock, log, engine, hasBegun: () => true, rules, receive, oldestWaiting },
    everyMinutes: 5,
    settleMs: 1_000,
  })
  await sleep(5)
}
