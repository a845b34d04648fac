import type { z } from 'zod'
import { CalendarEntry } from '../../model/calendar.ts'
import { Asset, Lease, Network, Person } from '../../model/context.ts'
import type { FactOf, ListNoun, Mapping, Refusal, RowRead } from '../../model/list.ts'
import {
  address,
  type Cell,
  calendarKind,
  hardwareAddress,
  kindInTitle,
  leaseKind,
  level,
  mailAddress,
  range,
  rangeOrAddress,
  several,
  yesOrNo,
} from './cells.ts'
import { moment } from './moments.ts'

/** A cell is shown up to here when it is refused: enough to find it, too little to fill a screen. */
const shownChars = 60

type Cells = {
  readonly row: number
  /** The time zone of moments that name none. */
  readonly zone: string
  readonly of: (field: string) => readonly { readonly column: string; readonly text: string }[]
}

/** Makes a reader for the rows of a list. Blank cells are unknown; a cell that cannot be understood refuses its row, by name. Pure. */
export function rowReader<N extends ListNoun>(noun: N, mapping: Mapping, headings: readonly string[], zone = 'UTC') {
  const places = new Map(
    Object.entries(mapping).map(([field, columns]) => [
      field,
      columns.map((column) => ({ column, at: headings.indexOf(column) })),
    ]),
  )
  const read = readers[noun] as (cells: Cells, problems: Refusal[]) => unknown
  return (row: number, values: readonly string[]): RowRead<FactOf[N]> => {
    const of = (field: string) =>
      (places.get(field) ?? [])
        .map(({ column, at }) => ({ column, text: (values[at] ?? '').trim() }))
        .filter(({ text }) => text !== '')
    const problems: Refusal[] = []
    const broken = values.findIndex((value) => /[\uFFFD\0]/.test(value))
    if (broken >= 0)
      problems.push(
        refusal(
          row,
          headings[broken] ?? '',
          'has letters that are not of the encoding of this file',
          values[broken] ?? '',
        ),
      )
    const fact = read({ row, zone, of }, problems)
    if (problems.length > 0) return { row, problems }
    return checked(row, noun, fact, mapping)
  }
}

const schemas: { readonly [N in ListNoun]: z.ZodType<FactOf[N]> } = {
  assets: Asset,
  people: Person,
  networks: Network,
  leases: Lease,
  calendar: CalendarEntry,
}

function checked<N extends ListNoun>(row: number, noun: N, fact: unknown, mapping: Mapping): RowRead<FactOf[N]> {
  const parsed = schemas[noun].safeParse(fact)
  if (parsed.success) return { row, fact: parsed.data }
  const problems = parsed.error.issues.map((issue) => {
    const field = String(issue.path[0] ?? '')
    const value = field === '' ? '' : String((fact as Record<string, unknown>)[field] ?? '')
    return refusal(row, mapping[field]?.[0] ?? field, issue.message, value)
  })
  return { row, problems }
}

const readers: { readonly [N in ListNoun]: (cells: Cells, problems: Refusal[]) => Partial<FactOf[N]> } = {
  assets: (cells, problems) => {
    const aliases = list(cells, 'aliases').map((name) => name.toLowerCase())
    const addresses = taken(cells, 'addresses', address, problems, (text) => text.split(/[\s,;|]+/))
    const name = first(cells, 'name') ?? aliases[0] ?? addresses[0] ?? null
    if (name === null) problems.push(refusal(cells.row, 'name', 'the row has no name', ''))
    const owner = first(cells, 'owner')
    // Some lists have the mail address where the name belongs.
    const ownerIsMail = owner !== null && 'value' in mailAddress(owner)
    const ownerEmail = one(cells, 'ownerEmail', mailAddress, problems) ?? (ownerIsMail ? owner.toLowerCase() : null)
    return {
      id: first(cells, 'id') ?? name?.toLowerCase() ?? '',
      name: name ?? '',
      aliases: [...new Set(aliases.filter((alias) => alias !== name?.toLowerCase()))],
      addresses: [...new Set(addresses)],
      owner: ownerIsMail ? null : owner,
      ownerEmail,
      role: first(cells, 'role'),
      application: first(cells, 'application'),
      environment: first(cells, 'environment'),
      criticality: one(cells, 'criticality', level, problems),
      sensitivity: one(cells, 'sensitivity', level, problems),
      regulatory: list(cells, 'regulatory'),
      exposed: one(cells, 'exposed', yesOrNo, problems),
      site: first(cells, 'site'),
      tags: [...new Set(list(cells, 'tags'))],
      software: [...new Set(list(cells, 'software'))],
    }
  },
  people: (cells, problems) => {
    const email = one(cells, 'email', mailAddress, problems)
    const accounts = list(cells, 'accounts')
    const names = [first(cells, 'firstName'), first(cells, 'lastName')].filter((part) => part !== null).join(' ')
    const name = first(cells, 'name') ?? (names === '' ? (email ?? accounts[0] ?? null) : names)
    if (name === null) problems.push(refusal(cells.row, 'name', 'the row has no name, mail address or account', ''))
    return {
      id: first(cells, 'id') ?? email ?? accounts[0]?.toLowerCase() ?? name?.toLowerCase() ?? '',
      name: name ?? '',
      email,
      accounts: [...new Set(accounts)],
      department: first(cells, 'department'),
      title: first(cells, 'title'),
      manager: first(cells, 'manager'),
      privileged: one(cells, 'privileged', yesOrNo, problems),
      groups: [...new Set(cells.of('groups').flatMap(({ text }) => groupsOf(text)))],
      deputy: first(cells, 'deputy'),
    }
  },
  networks: (cells, problems) => {
    const cidr = one(cells, 'cidr', (text) => range(text, first(cells, 'mask') ?? ''), problems)
    if (cidr === null && problems.length === 0) problems.push(refusal(cells.row, 'cidr', 'the row has no range', ''))
    return {
      cidr: cidr ?? '',
      name: first(cells, 'name') ?? cidr ?? '',
      site: first(cells, 'site'),
      zone: first(cells, 'zone'),
    }
  },
  leases: (cells, problems) => {
    const [host, account] = [first(cells, 'host'), first(cells, 'account')]
    const mac = one(cells, 'mac', hardwareAddress, problems)
    const given = one(cells, 'address', address, problems)
    const { from, to } = span(cells, problems)
    if (given === null && problems.length === 0)
      problems.push(refusal(cells.row, 'address', 'the row has no address', ''))
    if (host === null && account === null && mac === null)
      problems.push(refusal(cells.row, 'host', 'the row does not say who got the address', ''))
    const kind = one(cells, 'kind', leaseKind, problems) ?? (account !== null && mac === null ? 'vpn' : 'dhcp')
    return { address: given ?? '', from: from ?? '', to, kind, host, account, mac }
  },
  calendar: (cells, problems) => {
    const title = first(cells, 'title') ?? ''
    const { from, to } = span(cells, problems)
    if (to === null && problems.length === 0) problems.push(refusal(cells.row, 'to', 'the row has no end', ''))
    const [person, owner] = [first(cells, 'person'), first(cells, 'owner')]
    const kind =
      one(cells, 'kind', calendarKind, problems) ?? (person === null ? kindInTitle(title) : 'absence') ?? 'other'
    return {
      id: first(cells, 'id') ?? `${from ?? ''} ${title}`,
      ...{ kind, title, from: from ?? '', to: to ?? '', owner, person },
      assets: list(cells, 'assets'),
      networks: taken(cells, 'networks', rangeOrAddress, problems, several),
      origins: taken(cells, 'origins', rangeOrAddress, problems, several),
      everything: one(cells, 'everything', yesOrNo, problems) ?? false,
      deputy: first(cells, 'deputy'),
      note: first(cells, 'note')?.slice(0, 2_000) ?? null,
    }
  },
}

/** Beginning and end; an end before its beginning is told. */
function span(cells: Cells, problems: Refusal[]): { from: string | null; to: string | null } {
  const from = one(cells, 'from', (text) => moment(text, cells.zone), problems)
  const to = one(cells, 'to', (text) => moment(text, cells.zone, true), problems)
  if (from === null && problems.length === 0) problems.push(refusal(cells.row, 'from', 'the row has no beginning', ''))
  if (from !== null && to !== null && to < from)
    problems.push(refusal(cells.row, cells.of('to')[0]?.column ?? 'to', 'ends before it begins', to))
  return { from, to }
}

/** "CN=Domain Admins,OU=Groups,DC=corp,DC=example" is one group, by its name; other cells hold several. */
function groupsOf(text: string): string[] {
  const names = [...text.matchAll(/CN=((?:\\.|[^,;|])+)(?:,(?:OU|DC|CN)=(?:\\.|[^,;|])+)+/gi)].map(
    (match) => match[1] ?? '',
  )
  return names.length > 0 ? names : several(text)
}

function first(cells: Cells, field: string): string | null {
  return cells.of(field)[0]?.text ?? null
}

function list(cells: Cells, field: string): string[] {
  return cells.of(field).flatMap(({ text }) => several(text))
}

/** The first cell of a field, understood; null where it is blank or (then it is told) not understood. */
function one<T>(cells: Cells, field: string, understand: (text: string) => Cell<T>, problems: Refusal[]): T | null {
  const cell = cells.of(field)[0]
  if (cell === undefined) return null
  const got = understand(cell.text)
  if ('value' in got) return got.value
  problems.push(refusal(cells.row, cell.column, got.problem, cell.text))
  return null
}

function taken<T>(
  cells: Cells,
  field: string,
  understand: (text: string) => Cell<T>,
  problems: Refusal[],
  split: (text: string) => string[],
): T[] {
  return cells.of(field).flatMap(({ column, text }) =>
    split(text)
      .filter((part) => part !== '')
      .flatMap((part) => {
        const got = understand(part)
        if ('value' in got) return [got.value]
        problems.push(refusal(cells.row, column, got.problem, part))
        return []
      }),
  )
}

function refusal(row: number, column: string, problem: string, value: string): Refusal {
  return { row, column, problem, value: value.length > shownChars ? `${value.slice(0, shownChars - 1)}…` : value }
}
