import type { Db } from '../../db/open.ts'
import { passkeysOf } from '../../db/passkeys.ts'
import { countUsers } from '../../db/users.ts'
import { type ApprovalPlace, type Signers, tooFewFor } from '../../model/approval.ts'
import type { Playbook, Step } from '../../model/playbook.ts'
import { awayAmong } from '../away.ts'
import type { House } from '../house.ts'
import { ticketTypeOf } from '../tickets.ts'
import { type PlacePeople, peopleOfPlace } from './who.ts'

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
export async function problemsOfChains(db: Db, playbook: Playbook, now: Date): Promise<readonly ChainProblem[]> {
  const problems: ChainProblem[] = []
  const around = { ticketType: ticketTypeOf(playbook.id), ownerEmail: null }
  for (const { path, step } of stepsOf(playbook.steps)) {
    if (step.step !== 'wait-for-person' || step.approval === undefined) continue
    const seated: Seated[] = []
    for (const place of step.approval.from) seated.push({ place, people: await peopleOfPlace(db, place, around) })
    for (const one of seated) {
      const found = [...(await problemsOfPlace(db, one)), ...(await absencesAtPlace(db, one, now))]
      problems.push(...found.map((problem) => ({ step: path, place: one.place.title, ...problem })))
    }
    const same = samePeople(seated)
    if (same !== null) problems.push({ step: path, ...same })
  }
  return problems
}

type Seated = { readonly place: ApprovalPlace; readonly people: PlacePeople }
type Said = Pick<ChainProblem, 'says' | 'stops'>

/** Who is away now where too few are there without them, and no deputy is there either. With one it needs no word: the deputy is asked at once. */
async function absencesAtPlace(db: Db, { place, people }: Seated, now: Date): Promise<readonly Said[]> {
  const { members, deputies } = people
  if (members.length < place.quorum) return []
  const away = await awayAmong(db, [...members, ...deputies], now)
  const gone = members.filter(({ id }) => away.has(id))
  const there = members.length - gone.length
  if (there + deputies.filter(({ id }) => !away.has(id)).length >= place.quorum) return []
  const until = gone.map(({ id, name }) => ({ name: `${name} (until ${away.get(id)?.until.slice(0, 10)})` }))
  return [{ says: `away, and no deputy is there: ${namesOf(until)}`, stops: false }]
}

/** One person in two offices of a chain: a signature counts once, so somebody else is asked, or the record has to say that it is the same. */
function samePeople(seated: readonly Seated[]): Omit<ChainProblem, 'step'> | null {
  const nameOf = new Map(
    seated.flatMap(({ people }) => [...people.members, ...people.deputies].map(({ id, name }) => [id, name])),
  )
  // Where nobody holds an office its deputies are asked at once: they are who signs there.
  const first = seated.map(({ place, people }) =>
    signersOf(place, people.members.length < place.quorum ? [...people.members, ...people.deputies] : people.members),
  )
  const few = tooFewFor(first)
  if (few === null) return null
  const all = tooFewFor(seated.map(({ place, people }) => signersOf(place, [...people.members, ...people.deputies])))
  const who = namesOf(few.people.map((id) => ({ name: nameOf.get(id) ?? '' })))
  const then =
    all === null
      ? 'a deputy is asked for the place that is left'
      : `there are too few others: somebody signs twice (${all.needs} signatures, ${all.people.length} people), and each record says so`
  const place = few.places.map(({ title }) => title).join(' and ')
  return { place, says: `${who} would sign for each of them, and one person counts once; ${then}`, stops: false }
}

const signersOf = ({ title, quorum }: ApprovalPlace, people: PlacePeople['members']): Signers => ({
  ...{ title, quorum },
  people: new Set(people.map(({ id }) => id)),
})

/** A chain with the offices that it asks: places that name one office and nobody else. */
export type OfficeChain = {
  readonly title: string
  readonly places: { readonly title: string; readonly office: string; readonly quorum: number }[]
}

/** The chains of a playbook that ask more than one office. */
export function officeChainsOf(playbook: Playbook): readonly OfficeChain[] {
  return stepsOf(playbook.steps).flatMap(({ step }) => {
    if (step.step !== 'wait-for-person' || step.approval === undefined) return []
    const places = step.approval.from.flatMap(({ title, quorum, people }) => {
      const office = people.length === 1 && people[0]?.startsWith('office:') === true ? people[0].slice(7) : null
      return office === null ? [] : [{ title, office, quorum }]
    })
    return places.length < 2 ? [] : [{ title: playbook.title, places }]
  })
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
export async function warnOfChains({
  db,
  library,
  log,
  clock,
}: Pick<House, 'db' | 'library' | 'log' | 'clock'>): Promise<void> {
  if ((await countUsers(db)) === 0) return
  for (const playbook of library.all)
    for (const { step, place, says, stops } of await problemsOfChains(db, playbook, clock.now()))
      if (stops)
        log.warn(
          { playbook: playbook.id, step, place, says },
          'this playbook asks for a signature that nobody can give',
        )
}

async function problemsOfPlace(db: Db, { place, people }: Seated): Promise<readonly Said[]> {
  const { members, deputies, missing } = people
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
