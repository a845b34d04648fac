import type { LogFacets } from '../../../../src/contract/logs.ts'
import { inert } from '../../parts/inert.ts'
import { plural } from '../../words.ts'
import { nameOfField } from './query-words.ts'
import { className } from './summary.ts'

type Props = {
  readonly facets: LogFacets
  readonly add: (field: string, value: string, not: boolean) => void
  readonly stale: boolean
}

/** How a field is called above its values. What is not listed is called as one types it. */
const titles: Readonly<Record<string, string>> = {
  'metadata.log_provider': 'Source',
  'metadata.log_format': 'Parser',
  'metadata.product.name': 'Product',
  'metadata.event_code': 'Event code',
  class_uid: 'Class',
  activity_name: 'Activity',
  severity_id: 'Severity',
  status: 'Status',
  action: 'Action',
  'device.hostname': 'Host',
  'src_endpoint.ip': 'From address',
  'dst_endpoint.ip': 'To address',
  'dst_endpoint.port': 'To port',
  'user.name': 'User',
  'actor.user.name': 'Actor',
}

const shown = (field: string, value: string): string => {
  if (field === 'class_uid') return className(Number(value)) ?? value
  if (value === '') return field === 'metadata.log_format' ? 'no parser read it' : 'not said'
  return inert(value)
}

/** The most frequent values of what was found; a click narrows the search to one or leaves it out. */
export function Facets({ facets, add, stale }: Props) {
  return (
    <aside className={stale ? 'facets stale' : 'facets'} aria-label="Most frequent values">
      {facets.sampled && <p className="dim facets-note">Counted in the newest {plural(facets.of, 'event')}.</p>}
      <div className="facet-columns">
        {facets.facets
          .filter((facet) => facet.values.length > 0)
          .map((facet) => (
            <section key={facet.field}>
              <h2 className="section-title">{titles[facet.field] ?? nameOfField(facet.field)}</h2>
              <ul>
                {facet.values.map(({ value, n }) => (
                  <li key={value}>
                    <button
                      type="button"
                      className="facet"
                      title={`Only ${shown(facet.field, value)}`}
                      onClick={() => add(facet.field, value, false)}
                    >
                      <i style={{ width: `${(n / Math.max(1, facet.values[0]?.n ?? 1)) * 100}%` }} />
                      <span className="clip">{shown(facet.field, value)}</span>
                      <span className="num">{compact(n)}</span>
                    </button>
                    <button
                      type="button"
                      className="facet-not"
                      aria-label={`Leave out ${shown(facet.field, value)}`}
                      title={`Leave out ${shown(facet.field, value)}`}
                      onClick={() => add(facet.field, value, true)}
                    >
                      −
                    </button>
                  </li>
                ))}
              </ul>
            </section>
          ))}
      </div>
    </aside>
  )
}

const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
/** "12.3K": a column of counts stays narrow. */
export const compact = (n: number): string => short.format(n)
