import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Coverage, CoverageCell } from '../../../../src/contract/connectors.ts'
import type { Level, Rung } from '../../../../src/model/question.ts'
import { call } from '../../api.ts'
import { EmptyState, ErrorState, Loading } from '../../parts/states.tsx'
import { plural, severityWords } from '../../words.ts'

const columns: readonly (Level | null)[] = ['critical', 'high', 'medium', 'low', null]

/** Rungs by criticality: of how many assets that alerts named each rung was answered, and what would fill the hole. */
export function CoverageHeat() {
  const coverage = useQuery({
    queryKey: ['connectors', 'coverage'],
    queryFn: () => call('GET /api/connector-coverage'),
  })
  if (coverage.data === undefined)
    return coverage.error === null ? (
      <Loading />
    ) : (
      <ErrorState error={coverage.error} retry={() => void coverage.refetch()} />
    )
  const { days, alerts, more, unplaced, cells, rungs } = coverage.data
  return (
    <section className="card">
      <h2>Answered: rungs by criticality of the assets</h2>
      {cells.length === 0 ? (
        <EmptyState
          title={`No alert of the last ${days} days named an asset of ours.`}
          proof={`${plural(alerts, 'alert')} looked at; sample data does not count. The asset list says which machine is whose, and how critical.`}
          action={
            <Link to="/context/$part" params={{ part: 'lists' }}>
              Import a list of assets
            </Link>
          }
        />
      ) : (
        <>
          <p className="dim">
            Of the assets that {more ? `the newest ${alerts} alerts` : plural(alerts, 'alert')} of the last {days} days
            named, those whose rung a source of ours answered at their newest alert (found, or looked and nothing
            there).
            {unplaced > 0 && ` ${plural(unplaced, 'alert')} named no asset of ours. `} What the provider told does not
            count.
          </p>
          <div className="coverage" role="region" aria-label="Rungs by criticality" tabIndex={0}>
            <table className="plain cards heat">
              <thead>
                <tr>
                  <th scope="col">Rung</th>
                  {columns.map((level) => (
                    <th key={level ?? 'unknown'} scope="col">
                      {levelWords(level)}
                    </th>
                  ))}
                  <th scope="col">What would fill it</th>
                </tr>
              </thead>
              <tbody>
                {rungs.map((row) => (
                  <Row key={row.rung} row={row} cells={cells} />
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </section>
  )
}

function Row({ row, cells }: { readonly row: Coverage['rungs'][number]; readonly cells: readonly CoverageCell[] }) {
  const own = cells.filter(({ rung }) => rung === row.rung)
  const holes = own.some(({ assets, answered }) => answered < assets)
  return (
    <tr>
      <th scope="row">{row.title}</th>
      {columns.map((level) => (
        <Cell key={level ?? 'unknown'} of={levelWords(level)} cell={cellOf(own, row.rung, level)} />
      ))}
      <td data-label="What would fill it" className="heat-fill">
        {!holes ? (
          <span className="dim">nothing missing</span>
        ) : row.fillers.length === 0 ? (
          'a REST source, program or database of yours'
        ) : (
          <Fillers names={row.fillers} />
        )}
      </td>
    </tr>
  )
}

/** As many as a line or two hold; the others are one key away. */
const fillersShown = 2

function Fillers({ names }: { readonly names: readonly string[] }) {
  const first = names.slice(0, fillersShown).join('; ')
  if (names.length <= fillersShown) return first
  return (
    <details>
      <summary>
        {first}, and {names.length - fillersShown} more
      </summary>
      {names.slice(fillersShown).join('; ')}
    </details>
  )
}

const levelWords = (level: Level | null): string => (level === null ? 'Criticality not known' : severityWords[level])

function cellOf(cells: readonly CoverageCell[], rung: Rung, level: Level | null): CoverageCell | undefined {
  return cells.find((one) => one.rung === rung && one.criticality === level)
}

/** The words say it; the shade only helps the eye. */
function Cell({ of, cell }: { readonly of: string; readonly cell: CoverageCell | undefined }) {
  if (cell === undefined)
    return (
      <td data-label={of} className="dim">
        no asset
      </td>
    )
  const { assets, answered, failed } = cell
  const share = answered / assets
  const shade = share === 1 ? 'all' : share >= 0.5 ? 'most' : share > 0 ? 'some' : 'none'
  const word = share === 1 ? 'all' : share === 0 ? 'none' : `${answered} of ${assets}`
  return (
    <td data-label={of} className={`heat-cell ${shade}`}>
      <strong>{word}</strong>
      {(share === 1 || share === 0) && <span> of {assets}</span>}
      {failed > 0 && <div>{failed} failed</div>}
    </td>
  )
}
