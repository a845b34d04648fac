import { importedPlaybooks } from '../db/playbooks.ts'
import { systemClock } from '../kit/clock.ts'
import { problemsOfChains } from '../playbooks/approvals/check-chains.ts'
import { openHouse } from './open-house.ts'
import { found, libraryNow } from './playbook.ts'
import { shownLines } from './shown-text.ts'

/** `counterfoil playbook check`. Exit 1 where a run would stop because too few people can sign. */
export async function checkAction(id: string | undefined, flags: { readonly json: boolean }): Promise<void> {
  const library = await libraryNow()
  const opened = await openHouse()
  try {
    const { db } = opened.database
    const imported = (await importedPlaybooks(db)).map(({ playbook }) => playbook)
    const named = imported.find((playbook) => playbook.id === id)
    const playbooks = id === undefined ? [...library.all, ...imported] : [named ?? found(library, id)]
    const checked = await Promise.all(
      playbooks.map(async (playbook) => ({
        id: playbook.id,
        problems: await problemsOfChains(db, playbook, systemClock.now()),
      })),
    )
    if (flags.json) process.stdout.write(`${JSON.stringify(checked)}\n`)
    else
      for (const { id: name, problems } of checked)
        for (const { step, place, says, stops } of problems)
          process.stdout.write(`${name}: ${step}, ${place}: ${stops ? 'cannot be signed: ' : ''}${shownLines(says)}\n`)
    const all = checked.flatMap(({ problems }) => problems)
    if (!flags.json && all.length === 0) process.stdout.write('Every chain can be signed.\n')
    if (all.some(({ stops }) => stops)) process.exitCode = 1
  } finally {
    await opened.close()
  }
}
