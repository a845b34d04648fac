import type { Selectable } from 'kysely'
import type { EgressChannel } from '../model/egress.ts'
import { plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import type { OutsideSendTable } from './tables/outside.ts'

/** Something that leaves by another way than mail, as it stands in what left. */
export type OutsideSend = {
  readonly id: string
  readonly way: Exclude<EgressChannel, 'mail'>
  readonly place: string
  readonly placeTitle: string
  readonly alertId: string | null
  readonly act: string
  readonly subject: string
  readonly sha256: string
  readonly sizeBytes: number
  /** Who set the place up, and so agreed to what goes there. */
  readonly agreedBy: string
  readonly rule: string
  readonly at: Date
  readonly state: 'leaving' | 'left' | 'unconfirmed' | 'refused'
}

/** Writes down that something is about to leave, or was kept back; `says` is why, then. */
export async function insertOutsideSend(tx: Db, send: OutsideSend, says = ''): Promise<void> {
  await tx
    .insertInto('outside_send')
    .values({
      ...{
        id: send.id,
        way: send.way,
        place: send.place,
        place_title: plainText(send.placeTitle),
        alert_id: send.alertId,
      },
      ...{ act: send.act, subject: plainText(send.subject), sha256: send.sha256, size_bytes: send.sizeBytes },
      ...{
        agreed_by: send.agreedBy,
        rule: plainText(send.rule),
        at: send.at,
        state: send.state,
        says: plainText(says),
      },
    })
    .execute()
}

/** What became of it. PostgreSQL refuses any change of what was written down before. */
export async function endOutsideSend(
  tx: Db,
  id: string,
  end: { readonly state: OutsideSend['state']; readonly says: string; readonly at: Date },
): Promise<void> {
  await tx
    .updateTable('outside_send')
    .set({ state: end.state, says: plainText(end.says), ...(end.state === 'left' ? { left_at: end.at } : {}) })
    .where('id', '=', id)
    .execute()
}

export async function outsideSendById(db: Db, id: string): Promise<OutsideSend | null> {
  const row = await db.selectFrom('outside_send').selectAll().where('id', '=', id).executeTakeFirst()
  return row === undefined ? null : sendOf(row)
}

function sendOf(row: Selectable<OutsideSendTable>): OutsideSend {
  return {
    ...{
      id: row.id,
      way: row.way as OutsideSend['way'],
      place: row.place,
      placeTitle: row.place_title,
      alertId: row.alert_id,
    },
    ...{ act: row.act, subject: row.subject, sha256: row.sha256, sizeBytes: row.size_bytes, agreedBy: row.agreed_by },
    ...{ rule: row.rule, at: row.at, state: row.state as OutsideSend['state'] },
  }
}

/** What a process began to send about this alert and did not live to end: nobody knows whether it left. */
export async function endStaleSends(db: Db, place: string, alertId: string, at: Date): Promise<void> {
  await db
    .updateTable('outside_send')
    .set({ state: 'unconfirmed', says: `The process that sent it ended before the answer (seen ${at.toISOString()})` })
    .where('place', '=', place)
    .where('alert_id', '=', alertId)
    .where('state', '=', 'leaving')
    .where('way', 'in', ['jira', 'servicenow', 'webhook'])
    .execute()
}
