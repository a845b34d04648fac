import { setTimeout as sleep } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import type { Tables } from '../../src/db/tables.ts'
import { sha256Hex } from '../../src/kit/digest.ts'
import type { PersonAtDesk } from '../../test/person-at-desk.ts'
import { handOver, type SigningProvider } from '../../test/signing-provider.ts'
import type { Node } from './nodes.ts'
import { untilQuiet } from './reckon.ts'

/** A mail server tries again after minutes; here after this. */
const tryAgainMs = 100
/** Mails the provider holds at once; a house that is down for long must not pile up connections. */
const pendingMax = 200
/** Pause of the person at the desk when nothing is to be done, or nothing could be. */
const deskPauseMs = 100

export const ticketOf = (n: number): string => `INC-${String(n).padStart(6, '0')}`

export type Loaded = {
  /** Digests of mails that heard 250. */
  readonly accepted: ReadonlySet<string>
  /** Mails of which nobody knows after one try (the connection broke before the answer) and which were sent again. */
  readonly repeated: number
}

/** The provider's mail server: hands mails to any node until told to stop. A mail is accepted when 250 was heard, and not before. */
export async function sendMails(
  nodes: readonly Node[],
  provider: SigningProvider,
  perSecond: number,
  stop: AbortSignal,
): Promise<Loaded> {
  const accepted = new Set<string>()
  const pending = new Set<Promise<void>>()
  let repeated = 0
  const deliver = async (n: number): Promise<void> => {
    const bytes = provider.alertMail({ ticket: ticketOf(n), host: `ws-${n}.customer.example` })
    for (let tries = 0; ; tries += 1) {
      const up = nodes.filter((node) => node.isUp)
      const node = up[(n + tries) % Math.max(up.length, 1)]
      const said = node === undefined ? null : await handOver(bytes, node.smtpPort)
      if (said?.startsWith('250') === true) break
      if (node !== undefined && said === null) repeated += 1
      await sleep(tryAgainMs)
    }
    accepted.add(sha256Hex(bytes))
  }
  for (let n = 1; !stop.aborted; n += 1) {
    const one = deliver(n).finally(() => pending.delete(one))
    pending.add(one)
    if (pending.size >= pendingMax) await Promise.race(pending)
    await sleep(1000 / perSecond)
  }
  await Promise.all(pending)
  return { accepted, repeated }
}

export type Answered = { readonly released: ReadonlySet<string>; readonly refusedCalls: number }

/** The person at the desk: decides what is open and answers it, every call on any node, and again when it was not answered. */
export async function answerAlerts(
  db: Kysely<Tables>,
  person: PersonAtDesk,
  everyNth: number,
  stop: AbortSignal,
): Promise<Answered> {
  const released = new Set<string>()
  let refusedCalls = 0
  for (;;) {
    try {
      const work = await openWork(db, everyNth)
      if (work === null) {
        // A decision of a moment ago still becomes a draft: only a quiet house has no more work for the person.
        if (stop.aborted) await untilQuiet(db, { alsoHeld: false })
        if (stop.aborted && (await openWork(db, everyNth)) === null) return { released, refusedCalls }
        await sleep(deskPauseMs)
      } else if (work.kind === 'decide') await person.decide(work.id)
      else {
        await person.release(work.id)
        released.add(work.id)
      }
    } catch (error) {
      // The node or PostgreSQL was killed under the call, or another call of ours had been heard after all: look again.
      if (!(error instanceof Error)) throw error
      refusedCalls += 1
      await sleep(deskPauseMs)
    }
  }
}

async function openWork(
  db: Kysely<Tables>,
  everyNth: number,
): Promise<{ kind: 'decide' | 'release'; id: string } | null> {
  const draft = await db.selectFrom('reply').select('id').where('state', '=', 'draft').limit(1).executeTakeFirst()
  if (draft !== undefined) return { kind: 'release', id: draft.id }
  const alerts = await db
    .selectFrom('alert')
    .select(['id', 'ticket'])
    .where('state', '=', 'open')
    .where('filled_at', 'is not', null)
    .orderBy('number')
    .execute()
  const mine = alerts.find(({ ticket }) => Number(ticket?.slice(4) ?? 1) % everyNth === 0)
  return mine === undefined ? null : { kind: 'decide', id: mine.id }
}
