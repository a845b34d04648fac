import type { z } from 'zod'
import { Asset, Network, Person } from '../../model/context.ts'
import type { FactOf, ListNoun, Mapping, Refusal, RowRead } from '../../model/list.ts'
import { address, type Cell, level, mailAddress, range, several, yesOrNo } from './cells.ts'

/** A cell is shown up to here when it is refused: enough to find it, too little to fill a screen. */
const shownChars = 60

type Cells = {
  readonly row: number
  readonly of: (field: string) => readonly { readonly column: string; readonly text: string }[]
}

/** Makes a reader for the rows of a list. Blank cells are unknown; a cell that cannot be understood refuses its row, by name. Pure. */
export function rowReader<N extends ListNoun>(noun: N, mapping: Mapping, headings: readonly string[]) {
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
    const fact = read({ row, of }, problems)
    if (problems.length > 0) return { row, problems }
    return checked(row, noun, fact, mapping)
  }
}

const schemas: { readonly [N in ListNoun]: z.ZodType<FactOf[N]> } = { assets: Asset, people: Person, networks: Network }

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
