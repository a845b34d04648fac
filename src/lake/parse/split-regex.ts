import { forScan, groupsOf, text, texts, unnamed } from './sql-text.ts'
import { mapOfSaid, type Taken } from './taken.ts'

/** Named groups of the first pattern that matches. Vectorscan tells in one pass which do; only that one is then run with its groups. */
export function splitRegex(patterns: readonly string[]): Taken {
  const plain = patterns.map(unnamed)
  const which = patterns.length === 1 ? '1' : `arrayMin(multiMatchAllIndices(body, ${texts(patterns.map(forScan))}))`
  const groups = patterns.map((pattern, index) => {
    const names = groupsOf(pattern)
    const found = `extractGroups(body, ${text(plain[index] ?? '')})`
    return { condition: `pattern = ${index + 1}`, names: texts(names.map((group) => group ?? '')), found }
  })
  const cases = (value: (group: (typeof groups)[number]) => string, none: string): string =>
    groups.length === 1 && groups[0] !== undefined
      ? value(groups[0])
      : `multiIf(${groups.map((group) => `${group.condition}, ${value(group)}`).join(', ')}, ${none})`
  const none = `CAST([], 'Array(String)')`
  return {
    layers: [
      [['pattern', which]],
      [['v', cases((group) => group.found, none)]],
      // A group without a name has an empty one, and is none of the fields.
      [['names', `if(empty(v), ${none}, ${cases((group) => group.names, none)})`]],
      [['f', mapOfSaid('names', 'v')]],
    ],
    field: (field) => `f[${text(field)}]`,
    fields: 'f',
  }
}
