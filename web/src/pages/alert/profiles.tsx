import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { ProfileCard } from '../../../../src/contract/desk.ts'
import { ageDays, staleAfterDays } from '../../../../src/model/context.ts'
import { useNow, When } from '../../parts/time.tsx'
import { findingWords, plural, severityWords } from '../../words.ts'

const endWords = { source: 'Source', destination: 'Destination', host: 'Host' } as const
/** Open vulnerabilities that stand on a card; the evidence has them all. */
const openShown = 4

/** One card for each end of the alert: everything that is known of it, and what is not. */
export function Profiles({ profiles }: { readonly profiles: readonly ProfileCard[] }) {
  if (profiles.length === 0) return null
  return (
    <section className="card" aria-label="Risk profiles">
      <h2>Risk profiles</h2>
      <div className="profiles">
        {profiles.map((profile) => (
          <Profile key={profile.values.join(' ')} profile={profile} />
        ))}
      </div>
    </section>
  )
}

function Profile({ profile }: { readonly profile: ProfileCard }) {
  const { asset, network, vulnerabilities, intelligence, pastAlerts } = profile
  const now = useNow()
  const days = ageDays(asset.asOf, new Date(now))
  return (
    <article className="profile">
      <header>
        <span className="dim">
          {profile.ends
            .map((end) => endWords[end])
            .join(' and ')
            .replace(' and Host', ' and host')}
        </span>
        <h3 className="mono">{profile.values.join(' · ')}</h3>
        {profile.entity !== null && (
          <Link to="/context/assets/$id" params={{ id: profile.entity }}>
            Everything about it
          </Link>
        )}
      </header>
      <dl className="kv">
        <Line name="Asset" part={asset}>
          {asset.name === null ? null : [asset.name, asset.role].filter((one) => one !== null).join(', ')}
          {days !== null && days > staleAfterDays && <span className="tag warn">{days} days old</span>}
        </Line>
        {asset.state === 'found' && (
          <>
            <Line name="Owner">{asset.owner}</Line>
            <Line name="Criticality">
              {asset.criticality !== null && (
                <span className={`sev ${asset.criticality}`}>{severityWords[asset.criticality]}</span>
              )}
            </Line>
            <Line name="Sensitivity">{asset.sensitivity !== null && severityWords[asset.sensitivity]}</Line>
            <Line name="Regulations">{asset.regulatory.join(', ')}</Line>
            <Line name="Internet">{asset.exposed === null ? null : asset.exposed ? 'Reachable' : 'Not reachable'}</Line>
          </>
        )}
        {network.state !== 'not-asked' && (
          <Line name="Network" part={network}>
            {network.ours === null
              ? null
              : network.ours
                ? `Ours${network.name === null ? '' : `: ${network.name}`}`
                : 'Not ours'}
          </Line>
        )}
        <Line name="Vulnerable" part={vulnerabilities} looked="Looked, nothing open">
          {vulnerabilities.vulnerable === true && <span className="sev high">Yes</span>}
          {vulnerabilities.vulnerable === false && vulnerabilities.state === 'found' && 'Not to this'}
          {vulnerabilities.open.length > 0 && (
            <span>
              {vulnerabilities.open
                .slice(0, openShown)
                .map((one) => one.cve)
                .join(', ')}
              {vulnerabilities.open.length > openShown && ` and ${vulnerabilities.open.length - openShown} more`}
            </span>
          )}
        </Line>
        <Line name="Intelligence" part={intelligence}>
          {intelligence.verdict !== null && (
            <span>
              <span className={intelligence.verdict === 'malicious' ? 'sev high' : ''}>{intelligence.verdict}</span>
              <span className="dim"> by {intelligence.by}</span>
            </span>
          )}
        </Line>
        <Line name="Past alerts">
          {pastAlerts.times === 0 ? (
            'None names it'
          ) : (
            <span>
              {plural(pastAlerts.times, 'alert')}
              {pastAlerts.incidents > 0 && `, ${plural(pastAlerts.incidents, 'incident')}`}
              {pastAlerts.open > 0 && `, ${pastAlerts.open} not decided`}
              {pastAlerts.last !== null && (
                <span className="dim">
                  , last <When at={pastAlerts.last} ago />
                </span>
              )}
            </span>
          )}
        </Line>
      </dl>
    </article>
  )
}

type Part = { readonly state: ProfileCard['asset']['state']; readonly why: string }

/** A part of the profile. What is not known is said with what became of the question, and never left blank. */
function Line({
  name,
  part,
  looked,
  children,
}: {
  readonly name: string
  readonly part?: Part
  readonly looked?: string
  readonly children: ReactNode
}) {
  const blank = isBlank(children)
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {blank || (part !== undefined && part.state !== 'found') ? <NotKnown part={part} looked={looked} /> : children}
      </dd>
    </>
  )
}

function NotKnown({ part, looked }: { readonly part: Part | undefined; readonly looked: string | undefined }) {
  if (part === undefined || part.state === 'found') return <span className="dim">not known</span>
  if (part.state === 'not-asked') return <span className="dim">unknown: nobody was asked</span>
  if (part.state === 'nothing') return <span>{looked ?? findingWords.nothing}</span>
  const failed = part.state === 'failed'
  return (
    <span className={failed ? 'sev medium' : 'dim'} title={part.why}>
      unknown: {findingWords[part.state].toLowerCase()}
      {failed && part.why !== '' && ` (${part.why})`}
    </span>
  )
}

function isBlank(children: ReactNode): boolean {
  const parts = Array.isArray(children) ? (children as ReactNode[]) : [children]
  return parts.every((one) => one === null || one === undefined || one === false || one === '')
}
