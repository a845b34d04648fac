import { randomUUID } from 'node:crypto'
import { type Db, transaction } from '../../db/open.ts'
import { endOutsideSend, endStaleSends, insertOutsideSend, type OutsideSend } from '../../db/outside.ts'
import type { Json } from '../../kit/canonical-json.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { append } from '../../ledger/append.ts'
import { bytesTold } from '../../model/bytes-told.ts'
import type { Called, TicketSystem } from '../../model/elsewhere.ts'
import { exceeds, type Tlp } from '../../model/intelligence.ts'
import { restrictedOf, tlpIn } from '../marking.ts'
import type { EntryId } from './desk.ts'
import type { On } from './sync.ts'

/** What goes to a system: with a line in what left for each act, before it is begun. */
export type Leaving = {
  readonly api: TicketSystem
  /** The line of the act that was done last. */
  readonly last: () => string | null
}

type Act = 'create' | 'update' | 'status' | 'comment' | 'file'

const subjects: Record<Act, string> = {
  create: 'A ticket is made',
  update: 'Fields of a ticket',
  status: 'A status',
  comment: 'A comment',
  file: 'A file',
}

/**
 * The way to a system that writes into what left before it tells it anything, and what became of it afterwards. What an earlier process
 * began and did not end is unconfirmed from now on. Reading leaves nothing.
 */
export async function leavingBy(on: Omit<On, 'leaving'>): Promise<Leaving> {
  const { desk, system, link } = on
  await endStaleSends(desk.db, system.id, link.alertId, desk.clock.now())
  let last: string | null = null
  const tell = async <T>(
    act: Act,
    what: Json | Uint8Array,
    call: (entry: EntryId) => Promise<Called<T>>,
  ): Promise<Called<T>> => {
    const send = lineOf(on, act, bytesTold(what), 'leaving')
    await insertOutsideSend(desk.db, send)
    last = send.id
    const called = await call(send.id)
    const at = desk.clock.now()
    if (called.kind === 'done') await endOutsideSend(desk.db, send.id, { state: 'left', says: 'It took it', at })
    else
      await endOutsideSend(desk.db, send.id, {
        state: called.kind === 'unknown' ? 'unconfirmed' : 'refused',
        says: called.why,
        at,
      })
    return called
  }
  const { api } = on
  return {
    last: () => last,
    api: {
      ...api,
      create: (out) => tell('create', out, (entry) => api.create(entry, out)),
      update: (id, out) => tell('update', out, (entry) => api.update(entry, id, out)),
      setStatus: (id, status, ends) => tell('status', { status }, (entry) => api.setStatus(entry, id, status, ends)),
      comment: (id, comment) => tell('comment', { text: comment.text }, (entry) => api.comment(entry, id, comment)),
      attach: (id, file) => tell('file', file.bytes, (entry) => api.attach(entry, id, file)),
    },
  }
}

function lineOf(
  { desk, system, link }: Omit<On, 'leaving'>,
  act: Act,
  bytes: Uint8Array,
  state: OutsideSend['state'],
): OutsideSend {
  const { fields, upToTlp } = system.settings
  return {
    ...{ id: randomUUID(), way: system.kind, place: system.id, placeTitle: system.title, alertId: link.alertId },
    ...{
      act,
      subject: subjects[act],
      sha256: sha256Hex(bytes),
      sizeBytes: bytes.byteLength,
      agreedBy: system.changedBy,
    },
    rule: `Agreed for this system (version ${system.version}): ${['number', ...fields].join(', ')}; up to TLP:${upToTlp}`,
    ...{ at: desk.clock.now(), state },
  }
}

/** Why this may not go there, for its marking; null when it may. */
export async function keptBackFor(on: Omit<On, 'leaving'>, text: string): Promise<string | null> {
  const { desk, system, link } = on
  const { upToTlp } = system.settings
  const written = tlpIn(text)
  if (exceeds(written, upToTlp)) return overWords(written, system.title, upToTlp)
  const [first] = await restrictedOf(desk.db, link.alertId, text, upToTlp)
  return first === undefined
    ? null
    : `It names something that is ${first.why}; with ${system.title} the agreement ends at TLP:${upToTlp}`
}

export function overWords(tlp: Tlp | null, title: string, upTo: Tlp): string {
  return `It is marked TLP:${tlp}; with ${title} the agreement ends at TLP:${upTo}`
}

/** Writes down, in what left and in the ledger, that something was kept back, and why. */
export async function keepBack(
  on: Omit<On, 'leaving'>,
  kept: { readonly act: Act; readonly bytes: Uint8Array; readonly why: string },
  along: (tx: Db) => Promise<void>,
): Promise<void> {
  const { desk, system, link } = on
  const line = lineOf(on, kept.act, kept.bytes, 'refused')
  await transaction(desk.db, async (tx) => {
    await insertOutsideSend(tx, line, kept.why)
    await along(tx)
    const body = { system: system.id, act: kept.act, why: kept.why, sent: line.id, sha256: line.sha256 }
    await append(tx, { kind: 'elsewhere.failed', actor: 'system', subject: `alert:${link.alertId}`, body }, desk.clock)
  })
}
