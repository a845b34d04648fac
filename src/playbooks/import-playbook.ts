import { stringify } from 'yaml'
import { transaction } from '../db/open.ts'
import { importedMax, importedPlaybooks, removeImported, saveImported } from '../db/playbooks.ts'
import { sha256Hex } from '../kit/digest.ts'
import { Trouble } from '../kit/errors.ts'
import { append } from '../ledger/append.ts'
import type { Playbook } from '../model/playbook.ts'
import { candidateOf } from './backtest/candidate.ts'
import { importCacao } from './cacao/import.ts'
import type { House } from './house.ts'
import type { Library } from './library.ts'
import { validatePlaybook } from './load.ts'

/** A playbook out of a CACAO document, checked like one of ours. Throws Trouble('input.invalid') that names the step. */
export function playbookOfCacao(text: string, library: Library): Playbook {
  const playbook = importCacao(text)
  const { issues } = validatePlaybook(stringify({ ...playbook, cacao: undefined }), library)
  if (issues.length > 0)
    throw new Trouble('input.invalid', {
      fields: {
        cacao: issues
          .map(({ where, problem }) => `${where}: ${problem}`)
          .join('; ')
          .slice(0, 2000),
      },
    })
  return playbook
}

/**
 * A person brings a playbook in: a CACAO document, or YAML of ours. It is kept beside those of files and never starts by itself; people start it.
 * The same id again takes the place of the earlier. Throws Trouble('input.invalid') for what is no playbook, 'state.conflict' for the id of a file.
 */
export async function importPlaybook(
  house: Pick<House, 'db' | 'clock' | 'library'>,
  imported: { readonly text: string; readonly by: string },
): Promise<Playbook> {
  const { text, by } = imported
  const form = /^\s*\{/.test(text) ? 'cacao' : 'yaml'
  const playbook = form === 'cacao' ? playbookOfCacao(text, house.library) : ofYaml(text, house.library)
  if (house.library.byId(playbook.id) !== undefined)
    throw new Trouble('state.conflict', { fields: { cacao: `"${playbook.id}" is a playbook of a file here` } })
  const at = house.clock.now().toISOString()
  await transaction(house.db, async (tx) => {
    const there = await importedPlaybooks(tx)
    if (there.length >= importedMax && !there.some((one) => one.playbook.id === playbook.id))
      throw new Trouble('input.invalid', { fields: { cacao: `There are ${importedMax} already: remove one first` } })
    await saveImported(tx, { playbook, source: text, form, by, at })
    const body = { form, version: playbook.version, sha256: sha256Hex(text) }
    await append(tx, { kind: 'playbook.imported', actor: by, subject: `playbook:${playbook.id}`, body }, house.clock)
  })
  return playbook
}

function ofYaml(text: string, library: Library): Playbook {
  const candidate = candidateOf('playbook', text, library)
  if (candidate.kind !== 'playbook') throw new Trouble('internal', { problem: 'a playbook was read as something else' })
  return candidate.playbook
}

/** A person removes an imported playbook; runs under way go on with theirs. Throws Trouble('not.found') when there is none. */
export async function removePlaybook(
  house: Pick<House, 'db' | 'clock'>,
  { id, by }: { readonly id: string; readonly by: string },
): Promise<void> {
  await transaction(house.db, async (tx) => {
    if (!(await removeImported(tx, id))) throw new Trouble('not.found', { playbook: id })
    await append(tx, { kind: 'playbook.removed', actor: by, subject: `playbook:${id}`, body: {} }, house.clock)
  })
}
