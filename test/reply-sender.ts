/** A process that sends what was released, to be killed by reply-kill.test.ts. Arguments: database URL, SMTP port, CA file. */
import { MailOut } from '../src/config/config.ts'
import { egressById } from '../src/db/egress.ts'
import { openDatabase } from '../src/db/open.ts'
import { systemClock } from '../src/kit/clock.ts'
import { makeInspect } from '../src/main/inspection.ts'
import { makeMailDoor } from '../src/outbox/mail/door.ts'
import { answerDesk } from '../src/playbooks/reply.ts'
import { newNodeId, startWorker } from '../src/playbooks/worker.ts'
import { silentLog } from './house.ts'

const [url = '', port = '', caFile = ''] = process.argv.slice(2)
const database = await openDatabase(url, { poolMax: 4 })
const out = MailOut.parse({
  ...{ host: '127.0.0.1', port, caFile, from: 'desk@customer.example', copyTo: 'owner@customer.example' },
})
const ownDomains = ['customer.example']
const mail = makeMailDoor(out, { ownDomains, people: {} }, (id) => egressById(database.db, id))
const desk = answerDesk({
  db: database.db,
  clock: systemClock,
  log: silentLog,
  approvalUrl: String,
  mail,
  sealKey: Buffer.alloc(32, 7),
  ownDomains,
  inspect: makeInspect(),
  replyHoldSeconds: 0,
})
await startWorker({ url, node: newNodeId(), log: silentLog, tasks: desk.jobs, concurrency: 2 })
process.stdout.write('ready\n')
