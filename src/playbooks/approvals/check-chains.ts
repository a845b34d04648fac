import type { Db } from '../../db/open.ts'
import { passkeysOf } from '../../db/passkeys.ts'
import { countUsers } from '../../db/users.ts'
import type { ApprovalPlace } from '../../model/approval.ts'
import type { Playbook, Step } from '../../model/playbook.ts'
import type { House } from '../house.ts'
import { ticketTypeOf } from '../tickets.ts'
import { peopleOfPlace } from './who.ts'

/** Something about a chain of signatures that would be found out in the night. */
export type ChainProblem = {
  /** Path of the step, and the place of its chain. */
  readonly step: string
  readonly place: string
  readonly says: string
  /** As things are, a run would stop there: not enough people can sign. */
  readonly stops: boolean
}

/** A step and where it stands; those of other playbooks that it calls are theirs. */
type Placed = { readonly path: string; readonly step: Step }

function stepsOf(steps: readonly Step[], prefix = ''): readonly Placed[] {
  return steps.flatMap((step) => {
    const path = prefix + step.id
    if (step.step !== 'branch') return [{ path, step }]
    const inner = step.branches.flatMap((branch, at) => stepsOf(branch.steps, `${path}/${at}/`))
    return [{ path, step }, ...inner, ...stepsOf(step.else ?? [], `${path}/else/`)]
  })
}

/**
 * Who could sign what a playbook asks for, as things are now: said before a run, and not by the run at 3 a.m. The owner of a machine is known only
 * then, so a place must hold without one.
 */
export async function problemsOfChains(db: Db, playbook: Playbook): Promise<readonly ChainProblem[]> {
  const problems: ChainProblem[] = []
  for (const { path, step } of stepsOf(playbook.steps)) {
    if (step.step !== 'wait-for-person' || step.approval === undefined) continue
    for (const place of step.approval.from)
      for (const { says, stops } of await problemsOfPlace(db, place, playbook.id))
        problems.push({ step: path, place: place.title, says, stops })
  }
  return problems
}

/** Everybody and everything that a playbook names in its chains, once. */
export function namesInChains(playbook: Playbook): readonly string[] {
  const names = stepsOf(playbook.steps).flatMap(({ step }) =>
    step.step === 'wait-for-person'
      ? (step.approval?.from ?? []).flatMap(({ people, deputies }) => [...people, ...deputies])
      : [],
  )
  return [...new Set(names)]
}

/** Says at the start which chains could not be signed. On a new installation, where nobody has an account yet, there is nothing to say. */
export async function warnOfChains({ db, library, log }: Pick<House, 'db' | 'library' | 'log'>): Promise<void> {
  if ((await countUsers(db)) === 0) return
  for (const playbook of library.all)
    for (const { step, place, says, stops } of await problemsOfChains(db, playbook))
      if (stops)
        log.warn(
          { playbook: playbook.id, step, place, says },
          'this playbook asks for a signature that nobody can give',
        )
}

async function problemsOfPlace(
  db: Db,
  place: ApprovalPlace,
  playbookId: string,
): Promise<readonly Pick<ChainProblem, 'says' | 'stops'>[]> {
  const around = { ticketType: ticketTypeOf(playbookId), ownerEmail: null }
  const { members, deputies, missing } = await peopleOfPlace(db, place, around)
  const able = [...members, ...deputies]
  // That an owner is not known yet is no news; that nobody could stand in for them is.
  const news = missing.filter((why) => !why.includes('owner of the machine'))
  const needs = `${place.quorum} must sign and ${able.length} can`
  if (able.length < place.quorum) return [{ says: [needs, ...missing].join('; '), stops: true }]
  const instead = members.length < place.quorum ? `; asked at once instead: ${namesOf(deputies)}` : ''
  const problems = news.map((why) => ({ says: `${why}${instead}`, stops: false }))
  const without: string[] = []
  for (const { id, name } of able) if ((await passkeysOf(db, id)).length === 0) without.push(name)
  if (able.length - without.length < place.quorum)
    problems.push({
      says: `${namesOf(without.map((name) => ({ name })))} must register a passkey before they can sign`,
      stops: false,
    })
  return problems
}

/** Names of a handful; more of them are counted. */
const namedMax = 5
function namesOf(people: readonly { readonly name: string }[]): string {
  const named = people.slice(0, namedMax).map(({ name }) => name)
  return `${named.join(', ')}${people.length > namedMax ? ` and ${people.length - namedMax} more` : ''}`
}
