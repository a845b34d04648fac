import { randomUUID } from 'node:crypto'
import { lockAlert } from '../../db/alerts.ts'
import { acknowledgeFrom, changeItem, changeLink, insertItem, itemsOf, type LinkRecord } from '../../db/elsewhere.ts'
import { noteUnmapped, type SystemRecord } from '../../db/elsewhere-systems.ts'
import { notifyAll } from '../../db/live.ts'
import { type Db, transaction } from '../../db/open.ts'
import { countFiles, insertComment, insertFile, partsOfTicket } from '../../db/ticket-parts.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import { append } from '../../ledger/append.ts'
import { type TheirTicket, verdictMeans } from '../../model/elsewhere.ts'
import { filesMax } from '../../model/ticket.ts'
import { moveTicket } from '../tickets.ts'
import { actorOf, type ElsewhereDesk } from './desk.ts'

type On = { readonly desk: ElsewhereDesk; readonly system: SystemRecord; readonly link: LinkRecord }

/** As long as a comment of ours may be. */
const commentCharsMax = 10_000
/** As large as a file of ours may be. */
const fileBytesMax = 20 * 1024 * 1024

/** A comment of theirs becomes one here, once. Nobody is told by mail of it, whatever names stand in it. */
export async function takeComment(
  on: On,
  comment: { readonly id: string; readonly author: string; readonly text: string; readonly key: string },
): Promise<boolean> {
  const { desk, link, system } = on
  const text = comment.text.slice(0, commentCharsMax)
  if (text.trim() === '') return false
  return transaction(desk.db, async (tx) => {
    const id = randomUUID()
    const now = desk.clock.now()
    const digest = sha256Hex(text)
    const item = { kind: 'comment', direction: 'in', ourId: id, theirId: comment.id, digest, state: 'done' } as const
    if (!(await lockAlert(tx, link.alertId)) || (await insertItem(tx, link, item, now)) === null) return false
    const by = `elsewhere:${personOf(comment.author)} (${system.title} ${comment.key})`
    await insertComment(tx, { id, alertId: link.alertId, by, at: now, text, mentions: [] })
    await taken(on, tx, { what: 'comment', theirs: comment.id, sha256: digest })
    return true
  })
}

/** A name as it may stand on a page: one line, nothing that turns the text around. */
function personOf(author: string): string {
  const name = author
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 100)
  return name === '' ? 'Somebody' : name
}

/** A file of theirs is put beside the ticket, once. What is too large, or one too many, is noted as refused and said. */
export async function takeFile(
  on: On,
  file: TheirTicket['files'][number],
  fetch: () => Promise<Uint8Array>,
): Promise<void> {
  const { desk, link } = on
  const refuse = file.bytes > fileBytesMax || (await countFiles(desk.db, link.alertId)) >= filesMax
  const bytes = refuse ? new Uint8Array() : await fetch()
  const sha256 = sha256Hex(bytes)
  const ours = refuse
    ? undefined
    : (await partsOfTicket(desk.db, link.alertId)).files.find((one) => one.sha256 === sha256)
  const open = (await itemsOf(desk.db, link)).find(
    (item) => item.kind === 'file' && item.ourId === ours?.id && item.theirId === null,
  )
  await transaction(desk.db, async (tx) => {
    const now = desk.clock.now()
    if (!(await lockAlert(tx, link.alertId))) return
    // The same bytes lie here already: it is ours that came back.
    if (open !== undefined) return changeItem(tx, open.id, { theirId: file.id, state: 'done' })
    const id = refuse || ours !== undefined ? null : randomUUID()
    const item = {
      kind: 'file',
      direction: 'in',
      ourId: id,
      theirId: file.id,
      digest: sha256,
      state: refuse ? 'refused' : 'done',
    } as const
    if ((await insertItem(tx, link, item, now)) === null) return
    if (id !== null)
      await insertFile(tx, {
        id,
        alertId: link.alertId,
        name: file.name.slice(-200),
        bytes,
        sha256,
        by: actorOf(on.system.id),
        at: now,
      })
    await taken(on, tx, {
      what: 'file',
      theirs: file.id,
      name: file.name,
      ...(refuse ? { refused: 'too large, or one too many' } : { sha256 }),
    })
  })
}

/** Does here what their status means. Why it could not be done, in a sentence; null when it was, or means nothing. */
export async function takeStatus(on: On, status: string, first: boolean): Promise<string | null> {
  const { desk, system, link } = on
  const act = Object.entries(system.settings.statusIn).find(
    ([name]) => name.toLowerCase() === status.toLowerCase(),
  )?.[1]
  if (act === undefined) {
    await transaction(desk.db, async (tx) => {
      await noteUnmapped(tx, system.id, status, desk.clock.now())
      await taken(on, tx, { what: 'status', status, unmapped: true })
    })
    return null
  }
  // What it had when it was made is no act of anybody.
  if (act === 'nothing' || first) return null
  const by = actorOf(system.id)
  try {
    await moveTicket(desk, { alertId: link.alertId, by, to: act, note: `${system.title}: ${status}` })
    if (act === 'acknowledged') await acknowledgeFrom(desk.db, link.alertId, by, desk.clock.now())
  } catch (error) {
    if (!(error instanceof Trouble) || error.code !== 'state.conflict') throw error
    const fields = (error.details['fields'] ?? {}) as Record<string, string>
    const why = `${system.title} says "${status}", which does not fit here: ${fields['ticket'] ?? 'it is in another state'}`
    await transaction(desk.db, (tx) => taken(on, tx, { what: 'status', status, refused: why }))
    return why
  }
  return null
}

/** Their verdict is shown with what it means here; it decides nothing. One that nobody named is noted as such. */
export async function takeVerdict(on: On, verdict: string | null): Promise<void> {
  const { desk, system, link } = on
  if (verdict === link.theirVerdict) return
  const means = verdictMeans(system.settings, verdict)
  await transaction(desk.db, async (tx) => {
    await changeLink(tx, link, { theirVerdict: verdict })
    if (verdict !== null && means === null) await noteUnmapped(tx, system.id, verdict, desk.clock.now())
    await taken(on, tx, { what: 'verdict', verdict, ...(means === null ? { unmapped: true } : { means }) })
  })
}

async function taken({ desk, system, link }: On, tx: Db, body: Record<string, unknown>): Promise<void> {
  const line = { kind: 'elsewhere.taken', actor: actorOf(system.id), subject: `alert:${link.alertId}`, body } as const
  await append(tx, line, desk.clock)
  await notifyAll(tx, [`alert:${link.alertId}`])
}
