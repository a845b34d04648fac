import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { AlertPage, FindingRow } from '../../../../src/contract/desk.ts'
import { aroundSteps } from '../../../../src/model/around.ts'
import type { AroundMinutes } from '../../../../src/model/finding.ts'
import { sourceWords } from '../../../../src/model/house-connectors.ts'
import type { Rung } from '../../../../src/model/question.ts'
import type { LadderRung } from '../../../../src/model/triage.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { AsWords } from '../../parts/as-words.tsx'
import { AskIcon, DownIcon } from '../../parts/icons.tsx'
import { KindTag } from '../../parts/meter.tsx'
import { utc, When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { msWords, plural, rungWords } from '../../words.ts'
import type { LogSearch } from '../logs/log-search.ts'
import { Before, beforeWords } from './before.tsx'
import { Coaching } from './coaching.tsx'
import type { DraftDecision } from './draft-decision.ts'
import { Profiles } from './profiles.tsx'
import { RiskCard } from './risk.tsx'

type Props = {
  readonly page: AlertPage
  readonly draft: DraftDecision
  /** Opened before the evidence was in: everything has its place, and what comes moves nothing until somebody unfolds it. */
  readonly early: boolean
  readonly unfold: () => void
}

export function Story({ page, draft, early, unfold }: Props) {
  const { judgement, alert } = page
  const filling = early && page.filledAt === null
  return (
    <div className="story stack">
      <section className={early ? 'card early-said' : 'card'}>
        <p className="sentence">{judgement?.sentence ?? `${alert.providerName} says: ${alert.title}`}</p>
        {judgement === null && (
          <p className="dim">The playbook has not filled the ladder yet. It fills in by itself, rung by rung.</p>
        )}
        {judgement !== null && <FidelityLine page={page} />}
        {page.history.length > 0 && (
          <p className="fidelity">
            <a href="#before">{beforeWords(page.history)}</a>
          </p>
        )}
      </section>
      {early && <EarlyLadder page={page} unfold={unfold} />}
      {judgement !== null && !early && (
        <section className="card ladder" aria-label="Evidence ladder">
          <h2>Evidence ladder</h2>
          {judgement.ladder.map((rung) => (
            <RungStory
              key={rung.rung}
              rung={rung}
              findings={page.findings.filter((finding) => finding.rung === rung.rung)}
              draft={draft}
              alertId={alert.id}
              at={alert.occurredAt ?? alert.receivedAt}
            />
          ))}
        </section>
      )}
      {judgement !== null && !filling && <Reasons page={page} draft={draft} />}
      {!filling && <Coaching page={page} />}
      {judgement !== null && !filling && <Profiles profiles={page.profiles} />}
      {judgement !== null && !filling && <RiskCard risk={judgement.risk} />}
      {!filling && <Before page={page} draft={draft} />}
    </div>
  )
}

const rungs = Object.keys(rungWords) as Rung[]

/** The six rungs while they fill: one line each, whatever comes. */
function EarlyLadder({ page, unfold }: { readonly page: AlertPage; readonly unfold: () => void }) {
  const known = new Map(page.judgement?.ladder.map((one) => [one.rung, one]))
  const asked = page.runs.some(({ state }) => state === 'running' || state === 'waiting')
  const answers = page.findings.filter((finding) => ['found', 'nothing', 'failed'].includes(finding.kind)).length
  return (
    <section className="card ladder" aria-label="Evidence ladder" aria-busy={page.filledAt === null}>
      <h2>Evidence ladder</h2>
      {rungs.map((rung) => {
        const one = known.get(rung)
        return (
          <div key={rung} className="rung early">
            <div className="rung-head">
              {one === undefined ? (
                <span className="kind dim">{asked ? 'asking…' : 'not asked yet'}</span>
              ) : (
                <KindTag kind={one.state} />
              )}
              <div className="grow clip" title={one?.says}>
                <strong>{rungWords[rung]}</strong>
                {one !== undefined && <span className="dim"> · {one.says}</span>}
              </div>
            </div>
          </div>
        )
      })}
      <div className="row between early-foot" role="status">
        <span className="dim">
          {`${page.filledAt === null ? 'The evidence is coming in' : 'The evidence is in'}: ${plural(answers, 'answer')}.`}
        </span>
        <Button size="compact-sm" variant="default" rightSection={<kbd>J</kbd>} onClick={unfold}>
          Show the answers
        </Button>
      </div>
    </section>
  )
}

function FidelityLine({ page }: { readonly page: AlertPage }) {
  const fidelity = page.judgement?.fidelity
  if (fidelity === undefined) return null
  const { delivered, attained, applicable } = fidelity
  return (
    <p className="fidelity">
      <span>
        Delivered by {page.alert.providerName} <strong>{delivered}</strong> of {applicable}
      </span>
      <span aria-hidden="true">→</span>
      <span>
        attained with our own questions <strong>{attained}</strong> of {applicable}
      </span>
      {attained > delivered && <span className="tag accent">{attained - delivered} by us</span>}
    </p>
  )
}

const suppliers = { provider: 'came with the alert', us: 'found by us', nobody: '' } as const

function RungStory({
  rung,
  findings,
  draft,
  alertId,
  at,
}: {
  readonly rung: LadderRung
  readonly findings: readonly FindingRow[]
  readonly draft: DraftDecision
  readonly alertId: string
  /** When it happened, or where nobody says so, when we heard of it. */
  readonly at: string
}) {
  const found = findings.filter((finding) => finding.kind === 'found').length
  // What was looked at comes first; what nobody could be asked is kept, and folded.
  const told = findings.filter((finding) => ['found', 'nothing', 'failed'].includes(finding.kind))
  const untold = findings.filter((finding) => !told.includes(finding))
  return (
    <div className="rung">
      <div className="rung-head">
        <KindTag kind={rung.state} n={found} />
        <div className="grow">
          <strong>{rungWords[rung.rung]}</strong>
          {suppliers[rung.supplier] !== '' && <span className="dim"> · {suppliers[rung.supplier]}</span>}
          {rung.delivered && rung.supplier !== 'provider' && <span className="dim"> · also in the alert</span>}
          {told.length === 0 && <div className="rung-says">{rung.says}</div>}
        </div>
      </div>
      {told.map((finding) => (
        <Evidence key={finding.id} finding={finding} draft={draft} alertId={alertId} at={at} />
      ))}
      {untold.length > 0 && (
        <details className="unasked">
          <summary>{plural(untold.length, 'question')} without a source, or not applicable</summary>
          {untold.map((finding) => (
            <Evidence key={finding.id} finding={finding} draft={draft} alertId={alertId} at={at} />
          ))}
        </details>
      )}
    </div>
  )
}

/** One answer: what it says, whether it is cited, and on opening where it is from and what was asked. */
function Evidence({
  finding,
  draft,
  alertId,
  at,
}: {
  readonly finding: FindingRow
  readonly draft: DraftDecision
  readonly alertId: string
  /** When it happened, or where nobody says so, when we heard of it. */
  readonly at: string
}) {
  const [open, setOpen] = useState(false)
  const may = useMay()
  const cited = draft.cites.has(finding.id)
  return (
    <div className={cited ? 'evidence cited' : 'evidence'} data-finding={finding.id}>
      <div className="evidence-line">
        <button type="button" className="evidence-open" aria-expanded={open} onClick={() => setOpen(!open)}>
          <span className={open ? 'turn open' : 'turn'}>
            <DownIcon size={12} />
          </span>
          <span className="evidence-title">
            {finding.title}
            {finding.aroundMinutes !== null && <span className="dim"> ± {stepName(finding.aroundMinutes)}</span>}
          </span>
          <span className="grow evidence-says">{finding.summary}</span>
        </button>
        <KindTag kind={finding.kind} />
        {may('alert.decide') && (
          <Button
            size="compact-xs"
            variant={cited ? 'filled' : 'default'}
            aria-pressed={cited}
            onClick={() => draft.cite(finding.id)}
          >
            {cited ? 'Cited' : 'Cite'}
          </Button>
        )}
      </div>
      {finding.connector === logLake && finding.kind === 'not-collected' && <NoLogs />}
      {open && (
        <div className="evidence-more">
          <dl className="kv">
            <dt>Source</dt>
            <dd>{sourceWords(finding.connector)}</dd>
            <dt>Query</dt>
            <dd className="mono">{finding.query === '' ? 'none was sent' : finding.query}</dd>
            <dt>Window</dt>
            <dd>{windowWords(finding)}</dd>
            <dt>Asked</dt>
            <dd>
              <When at={finding.askedAt} ago /> · took {msWords(finding.costMs)}
            </dd>
            {finding.why !== '' && (
              <>
                <dt>Why</dt>
                <dd>{finding.why}</dd>
              </>
            )}
          </dl>
          {finding.answer !== null && finding.answer !== undefined && (
            <AsWords value={finding.answer} raw="The answer as it came" />
          )}
          {finding.connector === logLake && <LinesBehind finding={finding} at={at} />}
          <AskOn finding={finding} alertId={alertId} />
        </div>
      )}
    </div>
  )
}

const isEvents: ReadonlySet<Rung> = new Set(['network-sessions', 'endpoint-logs'])

/** The time that was looked at; or why there is none to be seen, and none to choose. */
function windowWords({ windowFrom, windowTo, kind, rung, aroundMinutes }: FindingRow): string {
  if (windowFrom !== null && windowTo !== null) {
    const chosen =
      aroundMinutes === null ? '' : ` (${stepWords(aroundMinutes)} before and after the alert, chosen by hand)`
    return `${utc(windowFrom)} to ${utc(windowTo)}${chosen}`
  }
  if (kind === 'not-applicable' || kind === 'not-collected') return 'none: nobody looked'
  if (isEvents.has(rung)) return 'its source does not say which time it looked at, so no other can be asked for'
  return 'none to choose: this is about how things are, not about what happened in a stretch of time'
}

/** Ask again, as before or in another window around the alert: of the source whose answer this is. */
function AskOn({ finding, alertId }: { readonly finding: FindingRow; readonly alertId: string }) {
  const may = useMay()
  const { question, ask, connector, aroundMinutes } = finding
  const again = useMutation({
    mutationFn: (around: AroundMinutes | null) =>
      call('POST /api/alerts/:id/ask', {
        params: { id: alertId },
        body: {
          ...{ question, ask },
          // "none": nobody could be asked then; somebody may be now.
          ...(connector === 'none' ? {} : { connector }),
          ...(around === null ? {} : { around }),
        },
      }),
    onSuccess: (_done, around) =>
      say(
        around === null
          ? 'Asked again; the answer appears here.'
          : `Asked again, ± ${stepWords(around)}; the answer is a row of its own.`,
      ),
    onError: (error) => say(`Not asked: ${error.message}`, { bad: true }),
  })
  if (!may('alert.ask')) return null
  const usual = aroundSteps.find((step) => step === aroundMinutes) ?? null
  // In the lines of our own logs one looks around on their page, where nothing is asked of anybody.
  const hasWindow = finding.windowFrom !== null && question !== wholePast && connector !== logLake
  return (
    <div className="row wrap tight">
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<AskIcon size={12} />}
        loading={again.isPending}
        onClick={() => again.mutate(usual)}
      >
        Ask again
      </Button>
      {hasWindow && (
        <>
          <span className="dim">or around the alert, ±</span>
          {aroundSteps.map((step) => (
            <Button
              key={step}
              size="compact-xs"
              variant="default"
              disabled={again.isPending}
              aria-label={`Ask about ${stepName(step)} before and after the alert`}
              onClick={() => again.mutate(step)}
            >
              {stepName(step)}
            </Button>
          ))}
        </>
      )}
    </div>
  )
}

/** The question about all that is kept: it has no other window. */
const wholePast = 'first-and-last-seen'

function stepName(minutes: number): string {
  return minutes < 60 ? `${minutes}m` : `${minutes / 60}h`
}

function stepWords(minutes: number): string {
  return minutes < 60 ? plural(minutes, 'minute') : plural(minutes / 60, 'hour')
}

/** The connector whose answers are lines of our own logs. */
const logLake = 'log-lake'
/** For questions that name no time. */
const longAgo = '-365d'

/** The very search behind an answer, on the page where it can be changed; and the same in a window around the alert. */
function LinesBehind({ finding, at }: { readonly finding: FindingRow; readonly at: string }) {
  const may = useMay()
  if (!may('logs.search') || finding.query === '' || finding.kind === 'not-applicable') return null
  const search: LogSearch = {
    q: finding.query,
    from: finding.windowFrom ?? longAgo,
    ...(finding.windowTo === null ? {} : { to: finding.windowTo }),
  }
  const around = (minutes: number): LogSearch => ({
    q: finding.query,
    from: new Date(Date.parse(at) - minutes * 60_000).toISOString(),
    to: new Date(Date.parse(at) + minutes * 60_000).toISOString(),
  })
  return (
    <div className="row wrap tight">
      <Button size="compact-xs" variant="default" component={Link} to="/logs" search={search as never}>
        {finding.kind === 'found' ? 'Open the lines behind it' : 'Look for yourself'}
      </Button>
      <span className="dim">or around the alert, ±</span>
      {aroundSteps.map((minutes) => (
        <Button
          key={minutes}
          size="compact-xs"
          variant="default"
          component={Link}
          to="/logs"
          search={around(minutes) as never}
          aria-label={`The lines ${stepName(minutes)} before and after the alert`}
        >
          {stepName(minutes)}
        </Button>
      ))}
    </div>
  )
}

/** Which logs are missing is said by the answer; where they would come from is said there. */
function NoLogs() {
  const may = useMay()
  if (!may('logs.see')) return null
  return (
    <div className="evidence-sources">
      <Link to="/logs/sources">See which logs there are, and add the missing ones</Link>
    </div>
  )
}

function Reasons({ page, draft }: Pick<Props, 'page' | 'draft'>) {
  const proposal = page.judgement?.proposal
  if (proposal === undefined) return null
  const column = (title: string, rows: typeof proposal.supports, none: string) => (
    <div className="grow">
      <h2 className="section-title">{title}</h2>
      {rows.length === 0 && <p className="dim">{none}</p>}
      <ul>
        {rows.map((row) => (
          <li key={row.says}>
            {row.findingId === null ? (
              row.says
            ) : (
              <button
                type="button"
                className={draft.cites.has(row.findingId) ? 'reason cited' : 'reason'}
                title="Click to cite"
                onClick={() => row.findingId !== null && draft.cite(row.findingId)}
              >
                {row.says}
              </button>
            )}
          </li>
        ))}
      </ul>
    </div>
  )
  return (
    <section className="card reasons" aria-label="What speaks for and against">
      {column('Supports', proposal.supports, 'Nothing supports it yet.')}
      {column('Contradicts', proposal.contradicts, 'Nothing contradicts it.')}
      {proposal.missing.length > 0 && (
        <div className="missing">
          <h2 className="section-title">Missing</h2>
          <ul>
            {proposal.missing.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </div>
      )}
    </section>
  )
}
