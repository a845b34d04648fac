import { partsOf } from './parts.ts'
import type { Description } from './schema.ts'

/** The page docs/connector-catalogue.md: what comes along, what each answers, what its key needs. */
export function catalogueTable(catalogue: readonly Description[]): string {
  const rows = catalogue.map((description) => {
    const { id, title, docs, role, samples, leavesHouse } = description
    const answers = partsOf(description).map(([question]) => question)
    const cells = [
      `[\`${id}\`](connectors/${id}.md)`,
      title,
      answers.join(', '),
      Object.keys(description.parameters).join(', ') || '-',
      role ?? '-',
      leavesHouse ? 'yes' : 'no',
      docs ?? '-',
      samples ?? '-',
    ]
    return `| ${cells.map((cell) => cell.trim().replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')).join(' | ')} |`
  })
  return [
    '# Sources that come along',
    '',
    'Made by `counterfoil connector list --markdown`. How one is put to use, and how to write your own: [connectors.md](connectors.md).',
    'An administrator sets one up under Settings, Connectors; or it stands in `counterfoil.yaml`.',
    '',
    '"Leaves the house": what is asked is told to somebody outside. "Samples": *contract* are made up by us after the public API contract',
    'that is named; nothing here was recorded from a customer.',
    '',
    '| kind, or `use:` | source | answers | parameters | the least its key needs | leaves the house | rests on | samples |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}
