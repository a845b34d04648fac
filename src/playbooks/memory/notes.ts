import { randomUUID } from 'node:crypto'
import { getAlert } from '../../db/alerts.ts'
import { notify } from '../../db/live.ts'
import { insertNote, removeNote } from '../../db/notes.ts'
import { type Db, transaction } from '../../db/open.ts'
import { Trouble } from '../../kit/errors.ts'
import { append } from '../../ledger/append.ts'
import type { NoteDraft } from '../../model/note.ts'
import type { House } from '../house.ts'
import { rejudge } from '../rejudge.ts'

type Desk = Pick<House, 'db' | 'clock'>

/** Writes a note down. Every later judgement of an alert about the same thing sees it; the alert it is written on is judged again at once. */
export async function writeNote(
  house: Desk,
  writing: { readonly draft: NoteDraft; readonly by: string },
): Promise<{ readonly id: string }> {
  const { draft, by } = writing
  const at = house.clock.now()
  if (draft.expiresAt !== null && Date.parse(draft.expiresAt) <= at.getTime())
    throw new Trouble('input.invalid', { fields: { expiresAt: 'Say a day that is to come' } })
  const id = randomUUID()
  await transaction(house.db, async (tx) => {
    await insertNote(tx, id, draft, by, at)
    const { about, knownGood, expiresAt } = draft
    await append(
      tx,
      { kind: 'note.written', actor: by, subject: `note:${id}`, body: { about, knownGood, expiresAt } },
      house.clock,
    )
    await judgeAgain(house, tx, draft.alertId)
  })
  return { id }
}

export async function takeNoteAway(
  house: Desk,
  taking: { readonly id: string; readonly alertId: string | null; readonly by: string },
): Promise<void> {
  await transaction(house.db, async (tx) => {
    if (!(await removeNote(tx, taking.id, taking.by, house.clock.now())))
      throw new Trouble('not.found', { id: taking.id })
    await append(tx, { kind: 'note.removed', actor: taking.by, subject: `note:${taking.id}`, body: {} }, house.clock)
    await judgeAgain(house, tx, taking.alertId)
  })
}

async function judgeAgain(house: Desk, tx: Db, alertId: string | null): Promise<void> {
  if (alertId === null) return
  if ((await getAlert(tx, alertId)) === null) throw new Trouble('not.found', { alertId })
  await rejudge(house, tx, alertId, { full: false })
  await notify(tx, `alert:${alertId}`)
}
