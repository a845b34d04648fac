import { peopleNamed } from '../../db/approvals.ts'
import type { Db } from '../../db/open.ts'
import { ticketingOf } from '../../db/tickets.ts'
import type { ApprovalPlace } from '../../model/approval.ts'
import type { Finding } from '../../model/finding.ts'
import type { Offices } from '../../model/office.ts'
import { Party, type Responsibility, type TicketType } from '../../model/ticket.ts'
import { officesNow } from './offices.ts'

/** What the names of a place are read with. */
export type Around = {
  readonly ticketType: TicketType
  /** Of the alert's machine; null where no source knows it. */
  readonly ownerEmail: string | null
}

type Person = { readonly id: string; readonly email: string; readonly name: string }
export type PlacePeople = {
  readonly members: readonly Person[]
  readonly deputies: readonly Person[]
  /** Names that lead to nobody, each with why. */
  readonly missing: readonly string[]
}

/** Who sits at a place of a chain as things are now: open accounts that may sign. */
export async function peopleOfPlace(db: Db, place: ApprovalPlace, around: Around): Promise<PlacePeople> {
  const expand = await expander(db, around)
  const own = expand(place.people)
  const stand = expand(place.deputies)
  const members = await peopleNamed(db, own.people)
  const deputies = await peopleNamed(db, [...own.deputies, ...stand.people, ...stand.deputies])
  const isMember = new Set(members.users.map(({ id }) => id))
  // A role among the deputies that nobody has is no news: others stand in.
  const named = [...members.nobody, ...deputies.nobody.filter((name) => !name.startsWith('role:'))]
  const nobody = named.map((name) => `no open account that may sign: ${name}`)
  return {
    ...{ members: members.users, deputies: deputies.users.filter(({ id }) => !isMember.has(id)) },
    missing: [...new Set([...own.missing, ...stand.missing, ...nobody])],
  }
}

type Expanded = { readonly people: string[]; readonly deputies: string[]; readonly missing: string[] }

/** Offices, the matrix of tickets and owners, as mail addresses and roles. */
async function expander(db: Db, around: Around): Promise<(names: readonly string[]) => Expanded> {
  const { offices } = await officesNow(db)
  const duty = (await ticketingOf(db)).rules.types[around.ticketType]
  return (names) => {
    const expanded: Expanded = { people: [], deputies: [], missing: [] }
    for (const name of names) {
      if (name.startsWith('office:')) takeOffice(expanded, name.slice('office:'.length), offices)
      else if (name.startsWith('ticket:')) takeDuty(expanded, name.slice('ticket:'.length), duty, around.ticketType)
      else if (name !== 'owner:asset') expanded.people.push(name)
      else if (around.ownerEmail === null) expanded.missing.push('no source knows the owner of the machine')
      else expanded.people.push(around.ownerEmail)
    }
    return expanded
  }
}

function takeOffice(into: Expanded, id: string, offices: Offices): void {
  const office = offices[id]
  if (office === undefined) into.missing.push(`there is no office "${id}" (Settings, Sign-off)`)
  else if (office.people.length === 0) into.missing.push(`nobody holds the office ${office.title} (Settings, Sign-off)`)
  into.people.push(...(office?.people ?? []))
  into.deputies.push(...(office?.deputies ?? []))
}

function takeDuty(into: Expanded, part: string, duty: Responsibility, type: TicketType): void {
  const named = { responsible: duty.responsible, accountable: [duty.accountable], consulted: duty.consulted }
  const parties = Party.array().parse(named[part as keyof typeof named] ?? [])
  if (parties.length === 0) into.missing.push(`nobody is ${part} for tickets of the type ${type} (Settings, Tickets)`)
  into.people.push(...parties)
}

/** The questions whose answers name the owner of a machine, the one that says most of it first. */
const ownerQuestions = ['business-role-of-asset', 'asset-of-host', 'owner-of-host', 'asset-of-address'] as const

/**
 * The mail address of whoever owns the alert's machine, as the evidence has it; null where none does. `machines`: its names and addresses, for
 * a playbook asks about others, too.
 */
export function ownerIn(findings: readonly Finding[], machines: readonly string[]): string | null {
  const names = machines.filter((name) => name !== '').map((name) => name.toLowerCase())
  for (const question of ownerQuestions)
    for (const finding of findings) {
      if (finding.question !== question || finding.kind !== 'found') continue
      if (!Object.values(finding.ask).some((about) => names.includes(String(about).toLowerCase()))) continue
      const said = finding.answer as { ownerEmail?: unknown; email?: unknown } | null
      const email = question === 'owner-of-host' ? (said?.email ?? said?.ownerEmail) : said?.ownerEmail
      if (typeof email === 'string' && email.includes('@')) return email
    }
  return null
}
