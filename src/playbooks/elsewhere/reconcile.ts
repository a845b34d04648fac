import { itemsOf, type LinkRecord, linksOfSystem, noteChange } from '../../db/elsewhere.ts'
import type { SystemRecord } from '../../db/elsewhere-systems.ts'
import { transaction } from '../../db/open.ts'
import { partsOfTicket } from '../../db/ticket-parts.ts'
import { ticketOf } from '../../db/tickets.ts'
import { append } from '../../ledger/append.ts'
import type { TheirTicket, TicketReading } from '../../model/elsewhere.ts'
import type { TicketState } from '../../model/ticket.ts'
import type { ElsewhereDesk } from './desk.ts'
import { digestOf, outlineOf } from './outline.ts'
import { known } from './settings.ts'
import { openSystem } from './watch.ts'

/** Tickets that one report looks at, the newest first: at a call each some minutes. */
export const reportRowsMax = 500

/** One ticket on both sides. `differences` empty: they agree. `did`: what follows from it. */
export type Compared = {
  readonly alertId: string
  readonly ticket: string
  readonly ours: { readonly state: TicketState; readonly comments: number; readonly files: number }
  readonly theirs: {
    readonly key: string | null
    readonly url: string | null
    readonly status: string | null
    readonly comments: number | null
    readonly files: number | null
  }
  readonly differences: readonly string[]
  readonly did: string
}
export type Reconciled = {
  readonly system: string
  readonly title: string
  readonly at: string
  readonly looked: number
  readonly even: number
  readonly rows: readonly Compared[]
}

/** Looks at every linked ticket on both sides and says what differs; `mend` has those that differ synced again. On the ledger. */
export async function reconcile(
  desk: ElsewhereDesk,
  id: string,
  options: { readonly mend: boolean; readonly by: string },
): Promise<Reconciled> {
  const system = await known(desk, id)
  const api = openSystem(desk, system)
  try {
    const rows: Compared[] = []
    for (const link of await linksOfSystem(desk.db, id, reportRowsMax)) {
      const compared = await compare(desk, system, api, link)
      if (compared === null) continue
      const mends = options.mend && compared.differences.length > 0 && (await noteChange(desk.db, id, link.alertId))
      rows.push(mends ? { ...compared, did: 'Is synced again' } : compared)
    }
    const even = rows.filter(({ differences }) => differences.length === 0).length
    const body = { looked: rows.length, even, differ: rows.length - even, mend: options.mend }
    await transaction(desk.db, (tx) =>
      append(tx, { kind: 'elsewhere.reconciled', actor: options.by, subject: `elsewhere:${id}`, body }, desk.clock),
    )
    return { system: id, title: system.title, at: desk.clock.now().toISOString(), looked: rows.length, even, rows }
  } finally {
    await api.close()
  }
}

async function compare(
  desk: ElsewhereDesk,
  system: SystemRecord,
  api: TicketReading,
  link: LinkRecord,
): Promise<Compared | null> {
  const ticket = await ticketOf(desk.db, link.alertId)
  if (ticket === null) return null
  const { comments, files } = await partsOfTicket(desk.db, link.alertId)
  const read = link.theirId === null || !api.reads ? null : await api.read(link.theirId)
  const theirs = read?.kind === 'done' ? read.value : null
  const differences: string[] = []
  if (link.theirId === null) differences.push(link.says || 'It is not there yet')
  else if (read !== null && read.kind !== 'done') differences.push(`Could not look: ${read.why}`)
  else if (read !== null && theirs === null) differences.push('It is not there any more')
  else if (link.says !== '') differences.push(link.says)
  if (theirs !== null) differences.push(...(await differencesOf({ desk, system, link }, theirs)))
  if (system.settings.fields.length > 0 && link.sentDigest !== null) {
    const now = digestOf(await outlineOf(desk.db, ticket, system.settings.fields, desk.alertUrl))
    if (now !== link.sentDigest) differences.push('Its fields changed here and were not sent yet')
  }
  const want = system.settings.statusOut[ticket.state]
  const status = theirs?.status ?? link.theirStatus
  const means = status === null ? undefined : system.settings.statusIn[status]
  if (status !== null && means === undefined) differences.push(`Their status "${status}" is not mapped`)
  if (want !== undefined && status !== null && want !== status && !fits(means, ticket.state))
    differences.push(`Ours is ${ticket.state}, which is "${want}" there; theirs is "${status}"`)
  return {
    alertId: link.alertId,
    ticket: `T-${ticket.number}`,
    ours: { state: ticket.state, comments: comments.length, files: files.length },
    theirs: {
      key: link.theirKey,
      url: link.theirUrl,
      status,
      comments: theirs?.comments.length ?? null,
      files: theirs?.files.length ?? null,
    },
    differences,
    did: differences.length === 0 ? 'Nothing to do' : 'Only looked',
  }
}

/** What a status of theirs does here has been done. */
function fits(act: string | undefined, state: string): boolean {
  if (act === 'closed') return state === 'closed'
  if (act === 'acknowledged') return state !== 'new'
  return false
}

/** Comments and files that are on one side only. */
async function differencesOf(
  { desk, system, link }: { desk: ElsewhereDesk; system: SystemRecord; link: LinkRecord },
  theirs: TheirTicket,
): Promise<string[]> {
  const items = await itemsOf(desk.db, link)
  const has = new Set(items.map(({ kind, theirId }) => `${kind} ${theirId}`))
  const waits = (kind: string): number => items.filter((item) => item.kind === kind && item.state === 'sending').length
  const unseen = (kind: string, ids: readonly string[]): number => ids.filter((id) => !has.has(`${kind} ${id}`)).length
  const theirComments = system.settings.takes.includes('comments')
    ? unseen(
        'comment',
        theirs.comments.map(({ id }) => id),
      )
    : 0
  const theirFiles = system.settings.takes.includes('files')
    ? unseen(
        'file',
        theirs.files.map(({ id }) => id),
      )
    : 0
  return [
    theirComments > 0 ? `${theirComments} comments there are not here` : '',
    theirFiles > 0 ? `${theirFiles} files there are not here` : '',
    waits('comment') > 0 ? `${waits('comment')} comments here are not there` : '',
    waits('file') > 0 ? `${waits('file')} files here are not there` : '',
  ].filter((one) => one !== '')
}
