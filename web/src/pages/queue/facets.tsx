import { Checkbox } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { QueueScope } from '../../../../src/contract/desk.ts'
import type { FacetValue } from '../../../../src/contract/queue.ts'
import type { Outcome } from '../../../../src/model/triage.ts'
import { call, type Input } from '../../api.ts'
import { Problem } from '../../parts/states.tsx'
import { outcomeShort, severityWords } from '../../words.ts'

type Field = Exclude<keyof QueueScope, 'tab' | 'q' | 'lead'>

const titles: Readonly<Record<Field, string>> = {
  provider: 'Provider', severity: 'Their severity', level: 'Our risk', proposed: 'Proposed', assignee: 'Assigned to', rule: 'Rule',
  entity: 'About', outcome: 'Decided', kind: 'Kind', sample: 'Sample data',
} // biome-ignore format: a table
const fields = Object.keys(titles) as Field[]
/** Of these one value is chosen at a time. */
const single: ReadonlySet<Field> = new Set(['rule', 'entity', 'assignee', 'kind', 'sample'])
const none: Partial<Record<Field, string>> = {
  assignee: 'Nobody',
  level: 'Not judged',
  proposed: 'No proposal',
  outcome: 'Not decided',
}

function wordsOf(field: Field, { value, label }: FacetValue): string {
  if (value === '(none)') return none[field] ?? 'Not named'
  // Rules are compared without their case.
  if (field === 'rule') return `${label.slice(0, 1).toUpperCase()}${label.slice(1)}`
  if (field === 'severity' || field === 'level') return severityWords[value as keyof typeof severityWords] ?? label
  if (field === 'proposed' || field === 'outcome') return outcomeShort[value as Outcome] ?? label
  return label
}

/** Values to narrow by, with how many each has; all of it goes into the address. */
export function QueueFacets(props: {
  readonly query: Input<'GET /api/queue/facets'>['query']
  readonly search: Readonly<Record<string, string | undefined>>
  readonly set: (change: Readonly<Record<string, string>>) => void
}) {
  const { query, search } = props
  const found = useQuery({
    queryKey: ['queue', 'facets', query],
    queryFn: () => call('GET /api/queue/facets', { query }),
    placeholderData: keepPreviousData,
  })
  const toggle = (field: Field, value: string) => {
    const now = single.has(field) ? [search[field] ?? ''] : (search[field] ?? '').split(',')
    const chosen = now.filter((one) => one !== '' && one !== value)
    const on = !now.includes(value)
    props.set({ [field]: single.has(field) ? (on ? value : '') : [...chosen, ...(on ? [value] : [])].join(',') })
  }
  return (
    <aside className="queue-facets" aria-label="Narrow the queue">
      <Problem error={found.error} />
      {found.data?.whole === false && <p className="dim">Counts are of the newest {found.data.lookedAt} that match.</p>}
      {fields.map((field) => {
        const values = found.data?.facets[field] ?? []
        if (values.length < 2 && search[field] === undefined) return null
        return (
          <fieldset key={field}>
            <legend>{titles[field]}</legend>
            {values.slice(0, 8).map((one) => (
              <Checkbox
                key={one.value}
                size="xs"
                checked={(single.has(field) ? [search[field]] : (search[field] ?? '').split(',')).includes(one.value)}
                onChange={() => toggle(field, one.value)}
                label={
                  <span className="facet">
                    <span className="clip" title={wordsOf(field, one)}>
                      {wordsOf(field, one)}
                    </span>
                    <span className="dim">{one.n}</span>
                  </span>
                }
              />
            ))}
          </fieldset>
        )
      })}
    </aside>
  )
}
