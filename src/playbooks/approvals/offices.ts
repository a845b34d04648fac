import { peopleNamed } from '../../db/approvals.ts'
import { type Db, transaction } from '../../db/open.ts'
import { saveSetting, settingOf } from '../../db/settings.ts'
import { Trouble } from '../../kit/errors.ts'
import { append } from '../../ledger/append.ts'
import { type Offices, officesDefault } from '../../model/office.ts'
import type { House } from '../house.ts'

export type OfficesNow = { readonly version: number; readonly offices: Offices }

/** Who signs for which part of the house; version 0: nobody has said so yet. */
export async function officesNow(db: Db): Promise<OfficesNow> {
  return (await settingOf(db, 'offices')) ?? { version: 0, offices: officesDefault }
}

/**
 * Says who signs for what. Throws Trouble('state.conflict') when somebody changed it since, 'input.invalid' for somebody who has no account or may
 * not sign: a chain must not find that out in the night.
 */
export async function changeOffices(
  house: Pick<House, 'db' | 'clock'>,
  change: { readonly offices: Offices; readonly version: number; readonly by: string },
): Promise<number> {
  const { offices, by } = change
  return transaction(house.db, async (tx) => {
    await tx.selectFrom('setting').select('key').where('key', '=', 'offices').forUpdate().execute()
    const before = await officesNow(tx)
    if (before.version !== change.version)
      throw new Trouble('state.conflict', {
        fields: { offices: 'Somebody changed them meanwhile: load the page again.' },
      })
    for (const [id, { title, people, deputies }] of Object.entries(offices)) {
      const mails = [...people, ...deputies].filter((name) => !name.startsWith('role:'))
      const [unknown] = (await peopleNamed(tx, mails)).nobody
      if (unknown !== undefined)
        throw new Trouble('input.invalid', {
          fields: { [`offices.${id}`]: `${title}: ${unknown} has no open account here that may sign` },
        })
    }
    const version = before.version + 1
    await saveSetting(tx, 'offices', { version, offices }, by, house.clock.now())
    const body = { offices, version }
    await append(tx, { kind: 'setting.changed', actor: by, subject: 'settings', body }, house.clock)
    return version
  })
}
