import {
  changeItem,
  changeLink,
  type ItemRecord,
  insertItem,
  isTakenThere,
  itemsOf,
  type LinkChange,
  type LinkRecord,
  linkById,
} from '../../db/elsewhere.ts'
import type { SystemRecord } from '../../db/elsewhere-systems.ts'
import { notifyAll } from '../../db/live.ts'
import { type Db, transaction } from '../../db/open.ts'
import { fileOf, partsOfTicket } from '../../db/ticket-parts.ts'
import { type TicketRecord, ticketOf } from '../../db/tickets.ts'
import { namesOfActors } from '../../db/users.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { append } from '../../ledger/append.ts'
import type { Called, Outgoing, TheirRef, TheirTicket, TicketSystemBehind } from '../../model/elsewhere.ts'
import { exceeds } from '../../model/intelligence.ts'
import type { LedgerKind } from '../../model/ledger.ts'
import { markingOfAlert } from '../marking.ts'
import { settleAnswers } from './answers.ts'
import type { ElsewhereDesk, EntryId } from './desk.ts'
import { keepBack, keptBackFor, type Leaving, overWords } from './leaving.ts'
import { commentMark, digestOf, markerOf, markIn, outlineOf } from './outline.ts'
import { takeComment, takeFile, takeStatus, takeVerdict } from './take.ts'

/** After an answer that did not come: when it is looked for what became of it. Searches of some vendors lag by seconds. */
const looksAfterMs = [10_000, 30_000, 60_000] as const
/** Something that was refused is tried again, since people mend things over there: doubling, up to six hours. */
const refusedMsMin = 60_000
const refusedMsMax = 6 * 60 * 60_000

/** Twice what a ticket here keeps on its page; whoever writes more there is no person. */
const commentsMax = 2_000

/** Text of a file that is looked through for a marking; one stands at the top. */
const fileCharsMax = 200_000

/** How one pass over a ticket ended. `away`: the system cannot be talked to, so the others need not be tried either. */
export type Passed =
  | { readonly kind: 'even' }
  | { readonly kind: 'open'; readonly why: string }
  | { readonly kind: 'away'; readonly why: string; readonly afterMs: number | null }

export type On = {
  readonly desk: ElsewhereDesk
  readonly system: SystemRecord
  readonly api: TicketSystemBehind<EntryId>
  readonly link: LinkRecord
  /** Whatever tells the system something goes by this. */
  readonly leaving: Leaving
}

/** Leaves the pass where it stands: what was done so far is written down, and the next pass begins with a look. */
class Halt extends Error {
  readonly passed: Passed
  readonly change: LinkChange

  constructor(passed: Passed, change: LinkChange) {
    super(passed.kind)
    this.passed = passed
    this.change = change
  }
}

/**
 * Brings one ticket and its fellow over there in step. Every act is written down before it is begun or can be recognised afterwards, so
 * that a pass may be killed anywhere: the next one looks first, and makes nothing twice.
 */
export async function syncTicket(on: On): Promise<Passed> {
  const { desk, link } = on
  try {
    await pass(on)
    const now = desk.clock.now()
    const says = keptWords(await itemsOf(desk.db, link))
    await changeLink(desk.db, link, { done: link.changes, tries: 0, says, dueAt: null, syncedAt: now })
    return { kind: 'even' }
  } catch (error) {
    if (!(error instanceof Halt)) throw error
    await changeLink(desk.db, link, error.change)
    return error.passed
  }
}

function keptWords(items: readonly ItemRecord[]): string {
  const kept = items.filter(({ direction, state }) => direction === 'out' && state === 'refused').length
  return kept === 0 ? '' : `Kept here for their marking (TLP): ${kept} of its comments and files`
}

/** Of a ticket that is marked above what was agreed nothing leaves, and what is there already is not told more. */
async function refuseMarked(on: On, ticket: TicketRecord): Promise<void> {
  const { desk, system, link } = on
  const marking = await markingOfAlert(desk.db, ticket.alertId)
  if (!exceeds(marking, system.settings.upToTlp)) return
  const why = `${overWords(marking, system.title, system.settings.upToTlp)}: nothing of it leaves`
  const change = { done: link.changes, says: why }
  if (link.says !== why)
    await keepBack(on, { act: 'update', bytes: Buffer.from(ticket.alertId), why }, (tx) => changeLink(tx, link, change))
  throw new Halt({ kind: 'open', why }, change)
}

async function pass(on: On): Promise<void> {
  const { desk, api, link } = on
  const ticket = await ticketOf(desk.db, link.alertId)
  if (ticket === null) return
  if (on.system.kind === 'provider-api') return passOfProvider(on, ticket)
  if (link.theirId === null) await refuseMarked(on, ticket)
  const theirId = link.theirId ?? (await makeOrFind(on, ticket))
  const theirs = api.reads ? await readTheirs(on, theirId) : null
  await takeIn(on, theirs)
  await refuseMarked(on, ticket)
  await giveFields(on, theirId, ticket)
  await giveComments(on, theirId, ticket)
  await giveFiles(on, theirId)
  // Last, so that what a status ends there has everything on it. Ours as it is by now: what was taken may have changed it.
  await evenStatus(on, theirId, theirs?.status ?? link.postedStatus)
}

/**
 * A provider's own ticket: it is there already, under the number that came with the alert. Nothing of ours goes there in this way but a status
 * that somebody agreed to; answers leave when a person releases them, and are looked for here where no answer came.
 */
async function passOfProvider(on: On, ticket: TicketRecord): Promise<void> {
  const { desk, api, link } = on
  const ref =
    link.theirId === null ? await theirNumber(on, ticket) : { id: link.theirId, key: link.theirKey ?? link.theirId }
  const theirId = ref.id
  const read = api.reads ? await readTheirs(on, theirId) : null
  const theirs = read === null ? null : { ...read, key: ref.key }
  if (link.theirId === null) await linked(on, { ...ref, url: theirs?.url ?? null }, '', 'found')
  await takeIn(on, theirs)
  const { unknown, onTheWay } =
    theirs === null ? { unknown: 0, onTheWay: false } : await settleAnswers(desk, link, theirs)
  // As it is by now: what an answer of ours said there is no news.
  const fresh = { ...on, link: (await linkById(desk.db, link.systemId, link.alertId)) ?? link }
  if (theirs !== null && !onTheWay) await takeVerdict(fresh, theirs.verdict ?? null)
  // A status that an unconfirmed answer set, perhaps, is nobody's act over there.
  if (!onTheWay && unknown === 0) await evenStatus(fresh, theirId, theirs?.status ?? link.postedStatus)
  if (onTheWay) throw new Halt({ kind: 'open', why: 'An answer is on its way' }, { dueAt: after(on, looksAfterMs[0]) })
  if (unknown > 0) throw stillUnknown(on, theirs?.tellsComments !== false)
  if (link.looks > 0) await changeLink(desk.db, link, { looks: 0 })
}

/** Why the number of theirs cannot be looked for halts the pass; it is tried again when something happens on the ticket. */
async function theirNumber(on: On, ticket: TicketRecord): Promise<{ readonly id: string; readonly key: string }> {
  const { desk, link } = on
  const halt = (says: string) => new Halt({ kind: 'open', why: says }, { done: link.changes, says })
  if (ticket.theirs === null) throw halt('The alert has no number of theirs')
  const [found] = settle(on, await on.api.find(ticket.theirs))
  const ref = { id: found?.id ?? ticket.theirs, key: ticket.theirs }
  if (await isTakenThere(desk.db, link, ref.id)) throw halt(`Another alert here is tied to ${ticket.theirs}`)
  return ref
}

/** It was looked for and not found: looked for again while it may be late, then it is for a person to say. */
function stillUnknown(on: On, tells: boolean): Halt {
  const { link } = on
  const wait = looksAfterMs[link.looks]
  const why = tells
    ? 'An answer of ours is not confirmed, and not found there'
    : 'An answer of ours is not confirmed, and comments cannot be read there'
  if (wait === undefined || !tells) {
    const says = `${why}: say on the answer what became of it. It is not sent again by itself`
    return new Halt({ kind: 'open', why }, { done: link.changes, says })
  }
  return new Halt(
    { kind: 'open', why },
    { looks: link.looks + 1, dueAt: after(on, wait), says: `${why} yet: it is looked for again` },
  )
}

/** Their id: found by our mark, or made. Never made while it is not known whether it was made before. */
async function makeOrFind(on: On, ticket: TicketRecord): Promise<string> {
  const { desk, link } = on
  const { api } = on.leaving
  const inDoubt = link.state === 'creating' || link.state === 'unconfirmed'
  if (link.state === 'creating')
    await note(
      on,
      'elsewhere.unconfirmed',
      { act: 'create', why: 'The process that made it ended before the answer' },
      { state: 'unconfirmed', looks: 0 },
    )
  const found = settle(on, await api.find(markerOf(ticket.alertId)))
  const [first] = found
  if (first !== undefined)
    return linked(
      on,
      first,
      found.length > 1 ? `There are ${found.length} of it; the oldest is kept in step` : '',
      'found',
    )
  const wait = looksAfterMs[link.state === 'creating' ? 0 : link.looks]
  if (inDoubt && api.reads && wait !== undefined) {
    const looks = link.state === 'creating' ? 1 : link.looks + 1
    throw new Halt(
      { kind: 'open', why: 'It is not known yet whether it was made' },
      {
        state: 'unconfirmed',
        looks,
        dueAt: after(on, wait),
        says: 'Made, perhaps: it is looked for before it is made again',
      },
    )
  }
  const out = await outlineFor(on, ticket)
  await changeLink(desk.db, link, { state: 'creating' })
  const made = await api.create(out)
  if (made.kind === 'unknown') {
    await note(on, 'elsewhere.unconfirmed', { act: 'create', why: made.why }, { state: 'unconfirmed', looks: 0 })
    throw new Halt(
      { kind: 'open', why: made.why },
      {
        looks: 0,
        dueAt: after(on, looksAfterMs[0]),
        says: `${made.why}. Made, perhaps: it is looked for before it is made again`,
      },
    )
  }
  if (made.kind !== 'done') {
    await changeLink(desk.db, link, { state: 'new' })
    return settle(on, made)
  }
  const id = await linked(on, made.value, '', 'made')
  await sent(on, 'create', digestOf(out), { sentDigest: digestOf(out) })
  return id
}

async function linked(on: On, ref: TheirRef, says: string, how: 'made' | 'found'): Promise<string> {
  const change = { state: 'linked', theirId: ref.id, theirKey: ref.key, theirUrl: ref.url, says, looks: 0 } as const
  await note(on, 'elsewhere.linked', { key: ref.key, id: ref.id, how }, change, (tx) =>
    notifyAll(tx, [`alert:${on.link.alertId}`]),
  )
  return ref.id
}

async function readTheirs(on: On, theirId: string): Promise<TheirTicket> {
  const theirs = settle(on, await on.api.read(theirId))
  if (theirs !== null) return theirs
  const why = 'It is not there any more, or we may not see it'
  await note(on, 'elsewhere.failed', { act: 'read', why }, { state: 'gone', says: why })
  throw new Halt({ kind: 'open', why }, { done: on.link.changes })
}

/** Their comments and files that are not ours and not here yet. */
async function takeIn(on: On, theirs: TheirTicket | null): Promise<void> {
  if (theirs === null) return
  const { desk, system, link } = on
  const items = await itemsOf(desk.db, link)
  await recogniseComments(on, theirs, items)
  const known = new Set(
    (await itemsOf(desk.db, link)).flatMap(({ kind, theirId }) => (theirId === null ? [] : [`${kind} ${theirId}`])),
  )
  if (system.settings.takes.includes('comments')) {
    const room = Math.max(0, commentsMax - [...known].filter((one) => one.startsWith('comment ')).length)
    const news = theirs.comments.filter(({ id }) => !known.has(`comment ${id}`))
    for (const comment of news.slice(0, room)) await takeComment(on, { ...comment, key: theirs.key })
  }
  if (!system.settings.takes.includes('files')) return
  for (const file of theirs.files) {
    if (known.has(`file ${file.id}`)) continue
    await takeFile(on, file, async () => settle(on, await on.api.fetch(file)))
  }
}

/** Comments and files of ours whose answer did not come, or does not tell an id: known by their mark, or by name and size. */
async function recogniseComments(on: On, theirs: TheirTicket, items: readonly ItemRecord[]): Promise<void> {
  const { db } = on.desk
  const claimed = new Set(items.flatMap(({ kind, theirId }) => (theirId === null ? [] : [`${kind} ${theirId}`])))
  const open = items.filter((item) => item.direction === 'out' && item.theirId === null && item.state !== 'refused')
  for (const item of open.filter(({ kind }) => kind === 'comment')) {
    const match = theirs.comments.find(({ id, text }) => !claimed.has(`comment ${id}`) && markIn(text) === item.digest)
    if (match === undefined) continue
    claimed.add(`comment ${match.id}`)
    await changeItem(db, item.id, { theirId: match.id, state: 'done' })
  }
  for (const item of open.filter(({ kind, ourId }) => kind === 'file' && ourId !== null)) {
    const file = await fileOf(db, on.link.alertId, String(item.ourId))
    const match = theirs.files.find(
      ({ id, name, bytes }) => !claimed.has(`file ${id}`) && name === file?.name && bytes === file.bytes.length,
    )
    if (match === undefined) continue
    claimed.add(`file ${match.id}`)
    await changeItem(db, item.id, { theirId: match.id, state: 'done' })
  }
}

/** A ticket as it leaves; a line that names what may not go that far is left out, and says so. */
async function outlineFor(on: On, ticket: TicketRecord): Promise<Outgoing> {
  const { desk, system } = on
  const out = await outlineOf(desk.db, ticket, system.settings.fields, desk.alertUrl)
  const lines = [out.title, ...out.description.split('\n')]
  const kept: string[] = []
  for (const line of lines) kept.push((await keptBackFor(on, line)) === null ? line : '[kept back: marked (TLP)]')
  const [title = '', ...description] = kept
  return { ...out, title, description: description.join('\n') }
}

async function giveFields(on: On, theirId: string, ticket: TicketRecord): Promise<void> {
  const { link } = on
  const { api } = on.leaving
  const out = await outlineFor(on, ticket)
  const digest = digestOf(out)
  if (link.theirId === null || link.sentDigest === digest) return
  settle(on, await api.update(theirId, out))
  await sent(on, 'update', digest, { sentDigest: digest })
}

async function giveComments(on: On, theirId: string, ticket: TicketRecord): Promise<void> {
  const { desk, system, link } = on
  const { api } = on.leaving
  if (!system.settings.fields.includes('comments')) return
  const { comments } = await partsOfTicket(desk.db, ticket.alertId)
  const items = new Map((await itemsOf(desk.db, link)).map((item) => [`${item.kind} ${item.ourId}`, item]))
  const name = await namesOfActors(
    desk.db,
    comments.map(({ by }) => by),
  )
  for (const comment of comments) {
    const item = items.get(`comment ${comment.id}`)
    if (item !== undefined && item.state !== 'sending') continue
    const mark = commentMark(comment.id, comment.text)
    const itemId =
      item?.id ??
      (await insertItem(
        desk.db,
        link,
        { kind: 'comment', direction: 'out', ourId: comment.id, theirId: null, digest: mark, state: 'sending' },
        desk.clock.now(),
      ))
    if (itemId === null) continue
    const marked = await keptBackFor(on, comment.text)
    if (marked !== null) {
      const kept = { act: 'comment', bytes: Buffer.from(comment.text), why: marked } as const
      await keepBack(on, kept, (tx) => changeItem(tx, itemId, { state: 'refused' }))
      continue
    }
    const text = `${comment.text}\n\n${name(comment.by)} · T-${ticket.number} ${mark}`
    const told = settle(on, await api.comment(theirId, { id: comment.id, text }))
    await sent(on, 'comment', sha256Hex(text), {}, (tx) => changeItem(tx, itemId, { state: 'done', theirId: told }))
  }
}

async function giveFiles(on: On, theirId: string): Promise<void> {
  const { desk, system, link } = on
  const { api } = on.leaving
  if (!system.settings.fields.includes('files')) return
  const { files } = await partsOfTicket(desk.db, link.alertId)
  const items = new Map((await itemsOf(desk.db, link)).map((item) => [`${item.kind} ${item.ourId}`, item]))
  for (const { id, name, sha256 } of files) {
    const item = items.get(`file ${id}`)
    if (item !== undefined && item.state !== 'sending') continue
    const itemId =
      item?.id ??
      (await insertItem(
        desk.db,
        link,
        { kind: 'file', direction: 'out', ourId: id, theirId: null, digest: sha256, state: 'sending' },
        desk.clock.now(),
      ))
    const file = await fileOf(desk.db, link.alertId, id)
    if (itemId === null || file === null) continue
    const marked = await keptBackFor(on, `${name}\n${file.bytes.toString('utf8', 0, fileCharsMax)}`)
    if (marked !== null) {
      const kept = { act: 'file', bytes: file.bytes, why: marked } as const
      await keepBack(on, kept, (tx) => changeItem(tx, itemId, { state: 'refused' }))
      continue
    }
    const told = settle(on, await api.attach(theirId, { id, name, bytes: file.bytes }))
    await sent(on, 'file', sha256, {}, (tx) => changeItem(tx, itemId, { state: 'done', theirId: told }))
  }
}

/**
 * Both sides' status against what they were when they last agreed. Where both changed, ours counts: it is the customer's record, and no
 * clock has to be believed for it. A status that was taken is not sent back.
 */
async function evenStatus(on: On, theirId: string, theirStatus: string | null): Promise<void> {
  const { desk, system, link } = on
  const { api } = on.leaving
  const { statusOut, takes } = system.settings
  const ticket = await ticketOf(desk.db, link.alertId)
  if (ticket === null) return
  const want = statusOut[ticket.state]
  const oursChanged = ticket.state !== link.ourState && want !== undefined
  if (oursChanged && want !== theirStatus) {
    const ends = ticket.state === 'resolved' || ticket.state === 'closed'
    settle(on, await api.setStatus(theirId, want, ends))
    const over =
      theirStatus !== null && link.theirStatus !== null && theirStatus !== link.theirStatus ? theirStatus : null
    await sent(
      on,
      'status',
      null,
      { ourState: ticket.state, theirStatus: want, ...(api.reads ? {} : { postedStatus: want }) },
      undefined,
      {
        status: want,
        ...(over === null ? {} : { instead: over }),
      },
    )
    return
  }
  if (oursChanged || theirStatus === null || theirStatus === link.theirStatus) {
    await changeLink(desk.db, link, { ourState: ticket.state, ...(theirStatus === null ? {} : { theirStatus }) })
    return
  }
  if (!takes.includes('status')) {
    await changeLink(desk.db, link, { ourState: ticket.state, theirStatus })
    return
  }
  const refused = await takeStatus(on, theirStatus, link.theirStatus === null)
  const after_ = await ticketOf(desk.db, link.alertId)
  await changeLink(desk.db, link, { ourState: after_?.state ?? ticket.state, theirStatus })
  if (refused !== null)
    throw new Halt({ kind: 'open', why: refused }, { done: link.changes, says: refused, syncedAt: desk.clock.now() })
}

/** The value of a call; or the pass halts here, with what it means for the next. */
function settle<T>(on: On, called: Called<T>): T {
  switch (called.kind) {
    case 'done':
      return called.value
    case 'later':
      throw new Halt({ kind: 'away', why: called.why, afterMs: called.afterMs }, { says: called.why })
    case 'unknown':
      throw new Halt(
        { kind: 'open', why: called.why },
        { says: `${called.why}. It is looked for before it is done again`, dueAt: after(on, looksAfterMs[1]) },
      )
    case 'refused': {
      const tries = on.link.tries + 1
      const dueAt = after(on, Math.min(refusedMsMin * 2 ** (tries - 1), refusedMsMax))
      throw new Halt({ kind: 'open', why: called.why }, { tries, says: called.why, dueAt })
    }
  }
}

const after = ({ desk }: On, ms: number): Date => new Date(desk.clock.now().getTime() + ms)

/** Something left: on the link and in the ledger, with which fields were let out. */
async function sent(
  on: On,
  act: string,
  sha256: string | null,
  change: LinkChange,
  along: (tx: Db) => Promise<void> = async () => undefined,
  more: Record<string, unknown> = {},
): Promise<void> {
  const body = {
    act,
    sent: on.leaving.last(),
    ...(sha256 === null ? {} : { sha256 }),
    fields: on.system.settings.fields,
    ...more,
  }
  await note(on, 'elsewhere.sent', body, change, along)
}

async function note(
  { desk, system, link }: On,
  kind: LedgerKind,
  body: Record<string, unknown>,
  change: LinkChange,
  along: (tx: Db) => Promise<void> = async () => undefined,
): Promise<void> {
  await transaction(desk.db, async (tx) => {
    if (Object.keys(change).length > 0) await changeLink(tx, link, change)
    await along(tx)
    const line = { kind, actor: 'system', subject: `alert:${link.alertId}`, body: { system: system.id, ...body } }
    await append(tx, line, desk.clock)
  })
}
