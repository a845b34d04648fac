import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MailOut } from '../src/config/config.ts'
import { egressById } from '../src/db/egress.ts'
import { replyById } from '../src/db/replies.ts'
import { systemClock } from '../src/kit/clock.ts'
import { makeInspect } from '../src/main/inspection.ts'
import { makeMailDoor } from '../src/outbox/mail/door.ts'
import { answerDesk } from '../src/playbooks/reply.ts'
import { answerAll, decideAlert, putAlert } from './answer-sample.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { silentLog } from './house.ts'
import { type MailServers, startMailServers } from './mail-servers.ts'

/** As many as the time of one test allows; the faults run has its own, over the whole program. */
const kills = 30
const repliesForEach = 5
/** Sending one takes about 25 ms here: a kill falls anywhere in the work of a round, and now and then after it. */
const killWithinMs = 140

let database: FreshDatabase
let servers: MailServers
beforeAll(async () => {
  ;[database, servers] = await Promise.all([freshDatabase(), startMailServers()])
})
afterAll(async () => {
  await Promise.all([database.close(), servers.stop()])
})

async function startSender(): Promise<ChildProcess> {
  const script = path.join(import.meta.dirname, 'reply-sender.ts')
  const args = [script, database.url, String(servers.submission.port), servers.caFile]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await Promise.race([
    once(child.stdout ?? child, 'data'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the sender ended with ${code}`))),
  ])
  return child
}

function idsIn(mails: readonly Buffer[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const mail of mails) {
    const id = /^Message-ID: <([^>]+)>/im.exec(mail.toString('latin1'))?.[1] ?? ''
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test(`kill -9 of the sending process ${kills} times: no reply is sent twice, none is lost, and the copy tells which arrived`, async () => {
  const out = MailOut.parse({
    host: '127.0.0.1',
    port: servers.submission.port,
    caFile: servers.caFile,
    from: 'desk@customer.example',
  })
  const mail = makeMailDoor(out, { ownDomains: ['customer.example'], people: {} }, (id) => egressById(database.db, id))
  const parts = {
    db: database.db,
    clock: systemClock,
    log: silentLog,
    approvalUrl: String,
    mail,
    sealKey: Buffer.alloc(32, 7),
    ownDomains: ['customer.example'],
    inspect: makeInspect(),
    replyHoldSeconds: 0,
  }
  const desk = answerDesk(parts)
  const replyIds: string[] = []
  for (let kill = 0; kill < kills; kill++) {
    for (let i = 0; i < repliesForEach; i++) {
      const { alertId } = await putAlert(database.db)
      await decideAlert(database.db, alertId)
      replyIds.push(await answerAll(database.db, desk, alertId))
    }
    const child = await startSender()
    await pause(Math.random() * killWithinMs)
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  const last = await startSender()
  const stateOf = async () =>
    Promise.all(replyIds.map(async (id) => (await replyById(database.db, id))?.state ?? 'lost'))
  const until = Date.now() + 30_000
  for (; Date.now() < until; await pause(100)) {
    if ((await stateOf()).every((state) => state === 'sent' || state === 'unconfirmed')) break
  }
  last.kill('SIGKILL')
  await once(last, 'exit')
  // What Postfix has taken is delivered within a moment.
  await pause(1000)
  const [theirs, copies] = [
    idsIn(await servers.mailboxOf('soc@provider.example')),
    idsIn(await servers.mailboxOf('owner@customer.example')),
  ]
  const states = await stateOf()
  const count = (state: string) => states.filter((one) => one === state).length
  let settled = 0
  for (const id of replyIds) {
    const reply = await replyById(database.db, id)
    const got = theirs.get(reply?.messageId ?? '') ?? 0
    expect(got).toBeLessThanOrEqual(1)
    expect(copies.get(reply?.messageId ?? '') ?? 0).toBe(got)
    if (reply?.state === 'sent') expect(got).toBe(1)
    if (reply?.state !== 'unconfirmed' || got === 0) continue
    settled += 1
    await desk.forHouse.replySeen(database.db, { replyId: id, messageId: reply.messageId, by: { kind: 'copy' } })
    expect((await replyById(database.db, id))?.state).toBe('sent')
  }
  process.stderr.write(
    `${kills} kills: ${replyIds.length} released, ${count('sent')} sent, ${count('unconfirmed')} unconfirmed (${settled} of them had arrived), ${theirs.size} mails\n`,
  )
  expect(count('sent') + count('unconfirmed')).toBe(replyIds.length)
  expect(count('sent')).toBeGreaterThan(0)
}, 180_000)
