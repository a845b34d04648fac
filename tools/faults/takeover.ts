import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../src/db/tables.ts'
import type { FaultyMailServer } from '../../test/faulty-mail-server.ts'
import type { PersonAtDesk } from '../../test/person-at-desk.ts'
import { handOver, type SigningProvider } from '../../test/signing-provider.ts'
import type { Node } from './nodes.ts'

const waitMsMax = 60_000
const lookEveryMs = 50
const ticket = 'INC-999999'

async function until<T>(what: string, look: () => Promise<T | undefined | null>): Promise<T> {
  const end = performance.now() + waitMsMax
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== null) return seen
    if (performance.now() > end) throw new Error(`waited ${waitMsMax} ms for: ${what}`)
    await sleep(lookEveryMs)
  }
}

export type Takeover = {
  /** From the kill to the moment when the other node had finished the dead one's job. */
  readonly takeoverMs: number
  /** What became of the reply that the dead node was sending: unconfirmed, because nobody can know. */
  readonly replyState: string
}

/**
 * Kills the node that is sending a reply to a mail server which does not answer, and measures until the other one has taken its job. The
 * two cannot see each other's processes, so that only the silence of ten seconds says that one is dead.
 */
export async function takeover(
  db: Kysely<Tables>,
  nodes: readonly Node[],
  person: PersonAtDesk,
  provider: SigningProvider,
  mailServer: FaultyMailServer,
): Promise<{ readonly found: Takeover; readonly killed: Node }> {
  // Only this one: a reply that was put off before may be tried again at this very moment, and is sent as ever.
  mailServer.setFault({ at: 'dot', hang: true, whose: ticket })
  const mail = provider.alertMail({ ticket, host: 'ws-last.customer.example' })
  const said = await handOver(mail, nodes[0]?.smtpPort ?? 0)
  if (said?.startsWith('250') !== true) throw new Error(`the last mail was not taken: ${said}`)
  const alertId = await until('the last alert', async () => {
    const row = await db.selectFrom('alert').select(['id', 'filled_at']).where('ticket', '=', ticket).executeTakeFirst()
    return row?.filled_at === null ? null : row?.id
  })
  await person.decide(alertId)
  const reply = () => db.selectFrom('reply').select(['id', 'state']).where('alert_id', '=', alertId).executeTakeFirst()
  const { id: replyId } = await until('the last draft', reply)
  await person.release(replyId)
  const pid = await until('a node to send it', async () => {
    if ((await reply())?.state !== 'sending') return null
    const { rows } = await sql<{ pid: number }>`
      select node.pid from node join graphile_worker._private_jobs as job on job.locked_by = node.worker_pool
      where job.payload ->> 'replyId' = ${replyId}`.execute(db)
    return rows.length === 1 ? rows[0]?.pid : null
  })
  const killed = nodes.find((node) => node.isPid(pid))
  if (killed === undefined) throw new Error(`no node has the process number ${pid}`)
  await killed.kill('SIGKILL')
  const began = performance.now()
  const replyState = await until('the other node to take over', async () => {
    const state = (await reply())?.state
    return state === 'sending' ? null : state
  })
  const takeoverMs = Math.round(performance.now() - began)
  mailServer.setFault({ at: 'none' })
  return { found: { takeoverMs, replyState }, killed }
}
