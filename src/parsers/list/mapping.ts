import { Trouble } from '../../kit/errors.ts'
import type { ListNoun, Mapping } from '../../model/list.ts'
import { columnsOf, plainHeading } from './columns.ts'

/** A heading for each field, as a person says it: `{ name: ['Host Name'], criticality: [] }`. An empty list leaves the field out. */
export type Overrides = Readonly<Record<string, readonly string[]>>

/** What must be mapped for a row to be anything at all: one of each inner list. */
const needed: Record<ListNoun, readonly (readonly string[])[]> = {
  assets: [['name', 'aliases', 'addresses']],
  people: [['name', 'lastName', 'email', 'accounts']],
  networks: [['cidr']],
  leases: [['address'], ['from'], ['host', 'account', 'mac']],
  calendar: [['title'], ['from'], ['to']],
}

/**
 * Which columns fill which field. Overrides come first; the rest is guessed from the headings, each column for one field only
 * (the name's column may be an alias too, and that adds nothing). `lenient`: what is needed may be missing, for a person who is about to choose. Throws Trouble('file.invalid') that names fields and headings.
 */
export function mapColumns(
  noun: ListNoun,
  headings: readonly string[],
  overrides: Overrides,
  { lenient = false }: { readonly lenient?: boolean } = {},
): { readonly mapping: Mapping; readonly unused: readonly string[] } {
  const columns = columnsOf[noun]
  const mapping: Mapping = {}
  const used = new Set<string>()
  for (const [field, wanted] of Object.entries(overrides)) {
    if (!columns.some((column) => column.field === field)) {
      throw new Trouble('input.invalid', { field, fields: columns.map((column) => column.field).join(', ') })
    }
    mapping[field] = wanted.map((name) => {
      const heading =
        headings.find((one) => one === name) ?? headings.find((one) => plainHeading(one) === plainHeading(name))
      if (heading === undefined)
        throw new Trouble('input.invalid', { field, column: name, columns: headings.join(', ') })
      used.add(heading)
      return heading
    })
  }
  for (const column of columns) {
    if (mapping[column.field] !== undefined) continue
    const free = column.headings.flatMap((plain) =>
      headings.filter((one) => plainHeading(one) === plain && !used.has(one)),
    )
    const taken = column.many ? [...new Set(free)] : free.slice(0, 1)
    if (taken.length === 0) continue
    mapping[column.field] = taken
    for (const heading of taken) used.add(heading)
  }
  for (const group of lenient ? [] : needed[noun]) {
    if (group.some((field) => (mapping[field] ?? []).length > 0)) continue
    throw new Trouble('file.invalid', {
      problem: `no column is ${group.map((field) => `“${field}”`).join(' or ')}: say which one is (--map ${group[0]}="Heading")`,
      columns: headings.join(', '),
    })
  }
  return { mapping, unused: headings.filter((heading) => heading !== '' && !used.has(heading)) }
}
