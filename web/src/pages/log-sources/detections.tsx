import { useQuery } from '@tanstack/react-query'
import type { DetectionRow, DetectionsPage } from '../../../../src/contract/logs.ts'
import { call } from '../../api.ts'
import { EmptyState, ErrorState, Loading } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { plural, severityWords } from '../../words.ts'
import { LogTabs } from '../logs/log-tabs.tsx'
import './sources.css'

/** Our own rules over the logs: which there are, how they did when they last looked, and which cannot look for lack of a source. */
export function DetectionsRoute() {
  const page = useQuery({
    queryKey: ['detections'],
    queryFn: () => call('GET /api/lake/detections'),
    refetchInterval: 30_000,
  })
  return (
    <>
      <div className="page-head">
        <h1>Logs</h1>
        <LogTabs />
      </div>
      {page.data === undefined ? (
        page.error === null ? (
          <Loading lines={10} />
        ) : (
          <ErrorState error={page.error} retry={() => void page.refetch()} />
        )
      ) : (
        <Detections page={page.data} />
      )}
    </>
  )
}

/** Rules that are drawn; more are a rule set that somebody else reads. */
const rulesShown = 500

function Detections({ page }: { readonly page: DetectionsPage }) {
  const { rules, looked } = page
  const blind = rules.filter((rule) => rule.notRun !== null)
  const hit = rules.filter((rule) => rule.lastHitAt !== null)
  if (looked === null || rules.length === 0)
    return (
      <div className="card">
        <EmptyState
          title={looked === null ? 'The rules have not looked yet.' : 'There are no rules.'}
          proof={`They look every ${plural(page.everyMinutes, 'minute')} at what is new, and raise alerts as a provider does. Rules of your own (Sigma) go into lake.detections of counterfoil.yaml. ${looked?.says ?? ''}`}
        />
      </div>
    )
  return (
    <>
      <div className="card detections-head">
        <strong>{plural(rules.length, 'rule')}</strong>, {plural(hit.length, 'has', 'have')} matched so far,{' '}
        {blind.length === 0 ? 'all can look' : `${plural(blind.length, 'cannot', 'cannot')} look`}.{' '}
        {looked.at === null ? (
          'Looked at all'
        ) : (
          <>
            Looked <When at={looked.at} ago /> at all
          </>
        )}{' '}
        that came until <When at={looked.until} ago />. <span className="dim">{looked.says}</span>
      </div>
      <div className="card sources-card">
        <div className="scroll-x" tabIndex={0} role="region" aria-label="Rules">
          <table className="plain cards detections">
            <thead>
              <tr>
                <th>Rule</th>
                <th>Level</th>
                <th>State</th>
                <th className="num">Matches</th>
                <th>Last match</th>
              </tr>
            </thead>
            <tbody>
              {rules.slice(0, rulesShown).map((rule) => (
                <Row key={rule.id} rule={rule} />
              ))}
            </tbody>
          </table>
        </div>
        {rules.length > rulesShown && (
          <p className="dim sources-foot">
            The first {rulesShown} of {plural(rules.length, 'rule')}: those that matched, then those that cannot look.
          </p>
        )}
      </div>
    </>
  )
}

function Row({ rule }: { readonly rule: DetectionRow }) {
  return (
    <tr>
      <td title={rule.id}>{rule.title}</td>
      <td data-label="Level">
        {rule.level === null ? (
          <span className="dim">none</span>
        ) : (
          (severityWords[rule.level as keyof typeof severityWords] ?? rule.level)
        )}
      </td>
      <td data-label="State">
        {rule.notRun === null ? (
          <span className="tag good">Looks</span>
        ) : (
          <>
            <span className="tag warn">Cannot look</span> <span className="dim">{rule.notRun}</span>
          </>
        )}
      </td>
      <td data-label="Matches" className="num">
        {rule.hits.toLocaleString('en')}
      </td>
      <td data-label="Last match">
        {rule.lastHitAt === null ? <span className="dim">never</span> : <When at={rule.lastHitAt} ago />}
      </td>
    </tr>
  )
}
