import { importedPlaybook } from '../db/playbooks.ts'
import { Trouble } from '../kit/errors.ts'
import type { Playbook } from '../model/playbook.ts'
import type { House } from './house.ts'

export type Shelf = Pick<House, 'db' | 'library'>

/** A playbook by its id: of the files of this installation, or one that was imported. Throws Trouble('not.found'). */
export async function playbookById(house: Shelf, id: string): Promise<Playbook> {
  const playbook = house.library.byId(id) ?? (await importedPlaybook(house.db, id))?.playbook
  if (playbook === undefined) throw new Trouble('not.found', { playbook: id })
  return playbook
}
