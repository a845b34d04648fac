import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { AlertPage } from '../../../../src/contract/desk.ts'
import { RunPlaybook } from '../../parts/run-playbook.tsx'
import { When } from '../../parts/time.tsx'
import { observableWords, runWords, severityWords, waitingWords } from '../../words.ts'
import { AskByChat } from './ask-by-chat.tsx'

/** Shown at once; the others on the message itself. */
const observablesShown = 14

export function Facts({ page }: { readonly page: AlertPage }) {
  const { alert, runs } = page
  const reading = alert.reading
  const seen = new Set<string>()
  const observables = reading.observables.filter(
    ({ type, value }) => !seen.has(`${type} ${value}`) && seen.add(`${type} ${value}`),
  )
  return (
    <aside className="facts stack" aria-label="Facts">
      <section className="card">
        <h2>From {alert.providerName}</h2>
        <dl className="kv">
          <Fact name="Ticket" value={alert.ticket} />
          <Fact
            name="Severity"
            value={`${severityWords[alert.severity]}${reading.severityText === null ? '' : ` (“${reading.severityText.value}”)`}`}
          />
          <Fact name="Status" value={reading.status?.value ?? null} />
          <Fact name="Host" value={alert.host} />
          <Fact name="Account" value={alert.account} />
          <Fact name="From" value={alert.source} />
          <Fact name="To" value={alert.destination} />
          <Fact name="Happened" value={alert.occurredAt === null ? null : <When at={alert.occurredAt} ago />} />
          <Fact name="Raised" value={reading.raisedAt === null ? null : <When at={reading.raisedAt} ago />} />
          <Fact name="Received" value={<When at={alert.receivedAt} ago />} />
        </dl>
        {reading.question !== null && <blockquote className="their-question">{reading.question.value}</blockquote>}
      </section>
      <section className="card">
        <h2>Observables</h2>
        {observables.length === 0 && <p className="dim">None were read.</p>}
        <ul className="observables">
          {observables.slice(0, observablesShown).map(({ type, value }) => (
            <li key={`${type} ${value}`}>
              <span className="dim">{observableWords[type]}</span>
              <span className="mono clip" title={value}>
                {value}
              </span>
            </li>
          ))}
        </ul>
        {observables.length > observablesShown && (
          <p className="dim">and {observables.length - observablesShown} more in the message</p>
        )}
      </section>
      {page.techniques.length > 0 && (
        <section className="card">
          <h2>Techniques</h2>
          <ul className="observables">
            {page.techniques.map(({ named, id, name, tactics, deprecated }) => (
              <li key={named}>
                <span className="mono">{id}</span>
                <span>
                  {name}
                  {tactics.length > 0 && <span className="dim"> · {tactics.join(', ')}</span>}
                  {named !== id && <span className="dim"> · named {named}, which was revoked</span>}
                  {named === id && deprecated && <span className="dim"> · no longer in use</span>}
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section className="card">
        <h2>Playbooks</h2>
        {runs.length === 0 && <p className="dim">None ran for this alert.</p>}
        {runs.map((run) => (
          <div key={run.id} className="run-line">
            <Link to="/runs/$id" params={{ id: run.id }}>
              {run.title}
            </Link>
            <div className="dim">
              {run.state === 'waiting'
                ? waitingWords(run.waitingFor)
                : `${runWords[run.state]} · ${run.done} of ${run.steps} steps`}
              {run.dryRun && ' · dry run'}
            </div>
            {run.step !== null && (
              <div className="run-why">
                <strong>{run.step.title}</strong>
                {run.step.why !== '' && <p className="dim">{run.step.why}</p>}
              </div>
            )}
          </div>
        ))}
        <div className="row wrap">
          <RunPlaybook alert={alert} />
          <AskByChat page={page} />
        </div>
      </section>
    </aside>
  )
}

function Fact({ name, value }: { readonly name: string; readonly value: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value ?? <span className="dim">not said</span>}</dd>
    </>
  )
}
