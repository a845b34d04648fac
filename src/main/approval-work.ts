import type { OfficesPage } from '../contract/approvals.ts'
import { peopleNamed } from '../db/approvals.ts'
import { passkeysOf } from '../db/passkeys.ts'
import { importedPlaybooks } from '../db/playbooks.ts'
import type { Work } from '../http/front.ts'
import type { Playbook } from '../model/playbook.ts'
import { namesInChains, officeChainsOf, problemsOfChains } from '../playbooks/approvals/check-chains.ts'
import { changeOffices, officesNow } from '../playbooks/approvals/offices.ts'
import { answerBack, askBack } from '../playbooks/approvals/questions.ts'
import { handOver, linkFor, prepareStatement, standingOf, takeSignature } from '../playbooks/approvals/sign.ts'
import type { House } from '../playbooks/house.ts'

/** What the pages of approvals can have done. */
export function approvalWork(house: House): Work['approvals'] {
  return {
    standing: (token) => standingOf(house.db, token, house.clock.now()),
    prepare: (token, said, page) => prepareStatement(house, token, said, page),
    sign: (token, assertion) => takeSignature(house, token, assertion),
    question: (token, text) => askBack(house, token, text),
    answer: (approvalId, text, by) => answerBack(house, { approvalId, text, by }),
    handOver: (token, to) => handOver(house, token, to),
    linkFor: (approvalId, userId) => linkFor(house, approvalId, userId),
    offices: () => officesPage(house),
    changeOffices: (change) => changeOffices(house, change),
  }
}

async function officesPage({ db, library, clock }: House): Promise<OfficesPage> {
  const playbooks = [...library.all, ...(await importedPlaybooks(db)).map(({ playbook }) => playbook)]
  const { version, offices } = await officesNow(db)
  const problems = await Promise.all(
    playbooks.map(async (playbook) =>
      (await problemsOfChains(db, playbook, clock.now())).map((one) => ({
        ...one,
        playbook: playbook.id,
        title: playbook.title,
      })),
    ),
  )
  const roles = ['role:approver', 'role:lead', 'role:administrator', 'role:analyst', 'role:asset-owner']
  const { users } = await peopleNamed(db, roles)
  const byName = users.toSorted((a, b) => a.name.localeCompare(b.name))
  const people = byName.map(async ({ id, email, name }) => ({
    ...{ email, name, hasPasskey: (await passkeysOf(db, id)).length > 0 },
  }))
  return {
    ...{ version, offices, uses: usesOf(playbooks), problems: problems.flat(), people: await Promise.all(people) },
    chains: playbooks.flatMap((playbook) => officeChainsOf(playbook)),
  }
}

/** Titles of the playbooks that name an office, by its id. */
function usesOf(playbooks: readonly Playbook[]): Record<string, string[]> {
  const uses: Record<string, string[]> = {}
  for (const playbook of playbooks)
    for (const name of namesInChains(playbook)) {
      if (!name.startsWith('office:')) continue
      const id = name.slice('office:'.length)
      uses[id] = [...(uses[id] ?? []), playbook.title]
    }
  return uses
}
