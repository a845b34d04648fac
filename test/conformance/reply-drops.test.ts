import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MailOut } from '../../src/config/config.ts'
import { egressById } from '../../src/db/egress.ts'
import { replyById } from '../../src/db/replies.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { makeInspect } from '../../src/main/inspection.ts'
import { makeMailDoor } from '../../src/outbox/mail/door.ts'
import { answerDesk } from '../../src/playbooks/reply.ts'
import { answerAll, decideAlert, putAlert } from '../answer-sample.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { silentLog } from '../house.ts'

/** The goal of the product: so many runs, and no double among them. */
const runs = 200

let database: FreshDatabase
/** Message-IDs of mails that the server took whole, in the order they came. */
const taken: string[] = []
let server: SMTPServer
beforeAll(async () => {
  database = await freshDatabase()
  server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, _answer) {
      const pieces: Buffer[] = []
      stream.on('data', (piece: Buffer) => pieces.push(piece))
      stream.on('end', () => {
        const mail = Buffer.concat(pieces).toString('latin1')
        taken.push(/^Message-ID: <([^>]+)>/im.exec(mail)?.[1] ?? '')
        // It has the mail, and the line breaks before it can say so.
        for (const open of server.connections) if (open.session.id === session.id) open._socket.destroy()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  await new Promise<void>((resolve) => server.close(resolve))
  await database.close()
})

test(`a server takes the mail and breaks off, ${runs} times: every answer ends unconfirmed, none is sent again by itself, and evidence settles it`, async () => {
  const { db } = database
  const address = server.server.address()
  const port = address === null || typeof address === 'string' ? 0 : address.port
  const out = MailOut.parse({ host: '127.0.0.1', port, tls: 'none', from: 'desk@customer.example' })
  const mail = makeMailDoor(out, { ownDomains: ['customer.example'], people: {} }, (id) => egressById(db, id))
  const parts = {
    db,
    clock: systemClock,
    sealKey: Buffer.alloc(32, 7),
    log: silentLog,
    approvalUrl: String,
    mail,
    ownDomains: ['customer.example'],
    replyHoldSeconds: 0,
  }
  const desk = answerDesk({ ...parts, inspect: makeInspect() })
  for (let run = 0; run < runs; run++) {
    const { alertId } = await putAlert(db)
    await decideAlert(db, alertId)
    const replyId = await answerAll(db, desk, alertId)
    await desk.jobs['send-reply']({ replyId })
    // The worker that takes over, and the sweeper after it, find it again.
    await desk.jobs['send-reply']({ replyId, attempt: 2 })
    await desk.jobs['send-reply']({ replyId, attempt: 3 })
    const reply = await replyById(db, replyId)
    expect(reply?.state).toBe('unconfirmed')
    expect(taken.filter((id) => id === reply?.messageId)).toHaveLength(1)
    await desk.forHouse.replySeen(db, { replyId, messageId: reply?.messageId ?? '', by: { kind: 'copy' } })
    expect((await replyById(db, replyId))?.state).toBe('sent')
  }
  expect(taken).toHaveLength(runs)
  expect(new Set(taken).size).toBe(runs)
  process.stderr.write(`${runs} runs against a server that takes and drops: ${taken.length} mails, 0 doubles\n`)
}, 240_000)
