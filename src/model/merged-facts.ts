import type { Asset, Listed, Person } from './context.ts'

/** The source of what a person entered on the page. It beats every other. */
export const manualSource = 'manual'

/** What one source says about an asset or a person. `fields`: of a manual row, the facts that a person set, and when; null: all of them. */
export type SourceRow<T> = Listed<T> & { readonly fields: Readonly<Record<string, string>> | null }

/** One fact: which value counts, who says so and since when; and what the others say. */
export type FactView = {
  readonly field: string
  readonly value: unknown
  readonly source: string | null
  readonly asOf: string | null
  /** The value of every source that says anything, the one that counts first. */
  readonly says: readonly { readonly source: string; readonly asOf: string; readonly value: unknown }[]
  /** True where sources say different things. Lists are united, so they never conflict. */
  readonly conflict: boolean
}

/** One asset or person as all sources together describe it. `source` and `asOf` are those of the row that counts first. */
export type Merged<T> = Listed<T> & {
  readonly entity: string
  readonly sources: readonly string[]
  readonly facts: readonly FactView[]
}

/** Facts that belong together come from one source: the mail address of one owner never stands beside the name of another. */
type Shape = { readonly single: readonly (readonly string[])[]; readonly lists: readonly string[] }

// biome-ignore format: a table reads better in few lines
export const shapes: { readonly assets: Shape; readonly people: Shape } = {
  assets: {
    single: [['name'], ['owner', 'ownerEmail'], ['role'], ['application'], ['environment'], ['criticality'], ['sensitivity'], ['exposed'], ['site']],
    lists: ['aliases', 'addresses', 'regulatory', 'tags', 'software'],
  },
  people: {
    single: [['name'], ['email'], ['department'], ['title'], ['manager'], ['privileged'], ['deputy']],
    lists: ['accounts', 'groups'],
  },
}

/** Rows in the order in which they count: manual first, then as `precedence` names the sources, then the freshest. */
function ranked<T>(rows: readonly SourceRow<T>[], precedence: readonly string[]): readonly SourceRow<T>[] {
  const place = (source: string): number => {
    if (source === manualSource) return -1
    const at = precedence.indexOf(source)
    return at < 0 ? precedence.length : at
  }
  return rows.toSorted(
    (a, b) => place(a.source) - place(b.source) || b.asOf.localeCompare(a.asOf) || a.source.localeCompare(b.source),
  )
}

/** Several sources' rows about one asset or person, as one. Pure; `rows` must not be empty. */
export function merge<T extends Asset | Person>(
  shape: Shape,
  entity: string,
  rows: readonly SourceRow<T>[],
  precedence: readonly string[],
): Merged<T> {
  const inOrder = ranked(rows, precedence)
  const first = inOrder.find((row) => row.source !== manualSource) ?? inOrder[0]
  if (first === undefined) throw new Error('an entity has at least one row')
  const facts = [
    ...shape.single.flatMap((group) => singles(group, inOrder)),
    ...shape.lists.map((field) => united(field, inOrder)),
  ]
  const values = Object.fromEntries(facts.map(({ field, value }) => [field, value]))
  return {
    fact: {
      ...first.fact,
      ...values,
      ...otherNames(values, inOrder),
      ...(first.source === manualSource ? { id: entity } : {}),
    },
    entity,
    source: first.source,
    asOf: first.asOf,
    sources: [...new Set(inOrder.map(({ source }) => source))],
    facts,
  }
}

/** The names that only other sources use are names of the asset as well. */
function otherNames<T extends Asset | Person>(
  values: Readonly<Record<string, unknown>>,
  rows: readonly SourceRow<T>[],
): { aliases?: string[] } {
  const aliases = values['aliases']
  if (!Array.isArray(aliases)) return {}
  const names = rows.filter(({ fields }) => fields === null).map(({ fact }) => fact.name.toLowerCase())
  const own = String(values['name'] ?? '').toLowerCase()
  return { aliases: [...new Set([...(aliases as string[]), ...names])].filter((name) => name !== own) }
}

/** What a row says of a field; undefined: nothing. A person may have set "nobody": that is said, though it is null. */
function said<T>(row: SourceRow<T>, field: string): unknown {
  const value = (row.fact as Record<string, unknown>)[field] ?? null
  if (row.fields !== null) return field in row.fields ? value : undefined
  return value === null || (Array.isArray(value) && value.length === 0) ? undefined : value
}

function singles<T>(group: readonly string[], rows: readonly SourceRow<T>[]): FactView[] {
  const winner = rows.find((row) => group.some((field) => said(row, field) !== undefined))
  return group.map((field) => {
    const says = saysOf(field, rows)
    const distinct = new Set(says.map(({ value }) => String(value).trim().toLowerCase()))
    const value = winner === undefined ? null : (said(winner, field) ?? null)
    return {
      field,
      value,
      source: value === null && says.length === 0 ? null : (winner?.source ?? null),
      asOf: value === null && says.length === 0 ? null : (winner?.fields?.[field] ?? winner?.asOf ?? null),
      says,
      // A short and a full name are names of one asset, not a conflict.
      conflict: field !== 'name' && distinct.size > 1,
    }
  })
}

/** A list that a person set stands as it was set; else everything that any source says, each once. */
function united<T>(field: string, rows: readonly SourceRow<T>[]): FactView {
  const says = saysOf(field, rows)
  const set = rows.find((row) => row.fields !== null && field in row.fields)
  const parts = set === undefined ? says.flatMap(({ value }) => partsOf(value)) : partsOf(said(set, field))
  const value = [...new Map(parts.map((part) => [part.toLowerCase(), part])).values()]
  return {
    field,
    value,
    source: set?.source ?? says[0]?.source ?? null,
    asOf: says[0]?.asOf ?? null,
    says,
    conflict: false,
  }
}

function partsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}

function saysOf<T>(field: string, rows: readonly SourceRow<T>[]): FactView['says'] {
  return rows.flatMap((row) => {
    const value = said(row, field)
    return value === undefined ? [] : [{ source: row.source, asOf: row.fields?.[field] ?? row.asOf, value }]
  })
}

/** The sources that contradict each other, in a sentence for each fact; for the warnings of an answer. */
export function conflictsIn(merged: Merged<unknown>): string[] {
  return merged.facts
    .filter(({ conflict }) => conflict)
    .map(({ field, says, source }) => {
      const words = says.map((one) => `${one.source} says ${one.value === null ? 'nothing' : String(one.value)}`)
      return `Sources differ on ${field}: ${words.slice(0, 4).join(', ')}; ${source} counts.`
    })
}
