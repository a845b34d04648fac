import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Kysely } from 'kysely'
import { MailOut } from '../src/config/config.ts'
import { egressById } from '../src/db/egress.ts'
import { replyById } from '../src/db/replies.ts'
import type { Tables } from '../src/db/tables.ts'
import { systemClock } from '../src/kit/clock.ts'
import { makeInspect } from '../src/main/inspection.ts'
import type { Reply } from '../src/model/reply.ts'
import { makeMailDoor } from '../src/outbox/mail/door.ts'
import { type AnswerDesk, answerDesk } from '../src/playbooks/reply.ts'
import { newNodeId, startWorker, type Worker } from '../src/playbooks/worker.ts'
import { freshDatabase } from './database.ts'
import { type FaultyMailServer, startFaultyMailServer } from './faulty-mail-server.ts'
import { silentLog } from './house.ts'
import { type MailServers, startMailServers } from './mail-servers.ts'

export type AnswerRig = {
  readonly db: Kysely<Tables>
  readonly servers: MailServers
  readonly faulty: FaultyMailServer
  /** The DNS record that verifies what the desks sign. */
  readonly dkimRecord: string
  /** A desk that sends through Postfix, or through the faulty server; `hold` in seconds. */
  readonly real: (hold?: number) => AnswerDesk
  readonly broken: (hold?: number) => AnswerDesk
  readonly offline: () => AnswerDesk
  readonly worker: (desk: AnswerDesk) => Promise<Worker>
  /** Runs the sending job once by hand, without a worker. */
  readonly runOnce: (desk: AnswerDesk, replyId: string, attempt?: number) => Promise<void>
  readonly fetchReply: (id: string) => Promise<Reply>
  readonly reaches: (id: string, states: readonly Reply['state'][]) => Promise<Reply>
  readonly ledgerOf: (replyId: string) => Promise<string[]>
  readonly stop: () => Promise<void>
}

const quick = { connectMs: 500, silenceMs: 500, totalMs: 3000 }
const reachMsMax = 10_000

/** A database, real mail servers, a faulty one, and desks that work on them. */
export async function startAnswerRig(): Promise<AnswerRig> {
  const [database, servers, faulty] = await Promise.all([freshDatabase(), startMailServers(), startFaultyMailServer()])
  const { db } = database
  const folder = mkdtempSync(path.join(tmpdir(), 'cf-reply-'))
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const keyFile = path.join(folder, 'dkim.pem')
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const ownDomains = ['customer.example']
  const inspect = makeInspect()
  const parts = {
    db,
    clock: systemClock,
    sealKey: Buffer.alloc(32, 7),
    log: silentLog,
    ownDomains,
    inspect,
    approvalUrl: String,
  }
  const entryOf = (id: string) => egressById(db, id)
  const deskAt = (place: Record<string, unknown>, replyHoldSeconds: number) => {
    const dkim = { domain: 'customer.example', selector: 's', keyFile }
    const from = 'Security desk <desk@customer.example>'
    const out = MailOut.parse({ host: '127.0.0.1', from, dkim, ...place })
    return answerDesk({
      ...parts,
      mail: makeMailDoor(out, { ownDomains, people: {} }, entryOf, quick),
      replyHoldSeconds,
    })
  }
  const fetchReply = async (id: string): Promise<Reply> => {
    const reply = await replyById(db, id)
    if (reply === null) throw new Error('no reply')
    return reply
  }
  return {
    ...{ db, servers, faulty, fetchReply },
    dkimRecord: `v=DKIM1; k=rsa; p=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`,
    real: (hold = 0) => deskAt({ port: servers.submission.port, caFile: servers.caFile }, hold),
    broken: (hold = 0) => deskAt({ port: faulty.port, tls: 'none' }, hold),
    offline: () => answerDesk({ ...parts, mail: null, replyHoldSeconds: 0 }),
    worker: (desk) => startWorker({ url: database.url, node: newNodeId(), log: silentLog, tasks: desk.jobs }),
    runOnce: (desk, replyId, attempt = 1) => desk.jobs['send-reply']({ replyId, attempt }),
    reaches: async (id, states) => {
      const until = Date.now() + reachMsMax
      for (;;) {
        const reply = await fetchReply(id)
        if (states.includes(reply.state)) return reply
        if (Date.now() > until) throw new Error(`still ${reply.state}, not ${states.join(' or ')}: ${reply.receipt}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    ledgerOf: async (replyId) => {
      const subject = `reply:${replyId}`
      const query = db.selectFrom('ledger_entry').select('kind').where('subject', '=', subject).orderBy('id')
      return (await query.execute()).map((row) => row.kind)
    },
    stop: async () => {
      await Promise.all([database.close(), servers.stop(), faulty.stop()])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
