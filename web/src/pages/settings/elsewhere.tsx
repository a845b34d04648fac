import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { SystemCard } from '../../../../src/contract/elsewhere.ts'
import { Outcome } from '../../../../src/model/triage.ts'
import { type Answer, call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { EmptyState, ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { outcomeWords, plural } from '../../words.ts'
import { ticketStateWords, ticketTypeWords } from '../tickets/ticket-words.ts'
import { type Draft, draftOf, newDraft, SystemForm } from './elsewhere-form.tsx'
import { PlaceCard } from './place-card.tsx'

const stateWords: Record<SystemCard['state'], readonly [string, string]> = {
  off: ['Off', 'tag'],
  waiting: ['Not heard of yet', 'tag'],
  active: ['In step', 'tag good'],
  failing: ['Failing', 'tag bad'],
}

/** Jira, ServiceNow, a provider's own API and whatever takes a signed post: how each is doing, what may leave, which status is which. */
export function ElsewherePart() {
  const list = useQuery({
    queryKey: ['elsewhere'],
    queryFn: () => call('GET /api/elsewhere'),
    refetchInterval: 30_000,
  })
  const may = useMay()
  const [edit, setEdit] = useState<Draft | null>(null)
  if (list.data === undefined)
    return list.error === null ? <Loading /> : <ErrorState error={list.error} retry={() => void list.refetch()} />
  const { systems, providers, apis } = list.data
  const add = may('connector.change') && <Button onClick={() => setEdit(newDraft())}>Add a system</Button>
  return (
    <>
      {systems.length === 0 ? (
        <div className="card">
          <EmptyState
            title="Tickets are kept here only."
            proof={`With Jira, ServiceNow, a provider’s own API or a signed post set up, those that you choose are kept in step with it, both ways.${add === false ? ' An administrator adds one here.' : ''}`}
            action={add}
          />
        </div>
      ) : (
        <div className="row between">
          <span className="dim">{plural(systems.length, 'system')}</span>
          {add}
        </div>
      )}
      {systems.map((system) => (
        <Card key={system.id} system={system} edit={() => setEdit(draftOf(system))} />
      ))}
      {edit !== null && <SystemForm start={edit} providers={providers} apis={apis} close={() => setEdit(null)} />}
    </>
  )
}

function Card({ system, edit }: { readonly system: SystemCard; readonly edit: () => void }) {
  const may = useMay()
  const client = useQueryClient()
  const params = { id: system.id }
  const compare = useMutation({
    mutationFn: (mend: boolean) => call('POST /api/elsewhere/:id/reconcile', { params, body: { mend } }),
    onSettled: () => client.invalidateQueries({ queryKey: ['elsewhere'] }),
  })
  const { settings, links, unmapped } = system
  return (
    <PlaceCard
      place={system}
      state={stateWords[system.state]}
      queryKey="elsewhere"
      test={{
        ...{ label: 'Test', good: 'It answers', bad: 'It does not' },
        run: () => call('POST /api/elsewhere/:id/test', { params }),
      }}
      remove={() => call('DELETE /api/elsewhere/:id', { params })}
      removal="What was made there stays there and is not synced any more; which ticket is which is forgotten here, the ledger keeps it. To pause it, switch it off instead."
      edit={edit}
      warning={
        unmapped.length > 0 && (
          <p>
            <span className="tag warn">Not mapped</span> {unmapped.map(({ status }) => `“${status}”`).join(', ')}: does
            nothing here until you say what it means.
          </p>
        )
      }
      acts={
        may('ticketing.change') && (
          <Button size="xs" variant="default" loading={compare.isPending} onClick={() => compare.mutate(false)}>
            Compare both sides
          </Button>
        )
      }
      report={
        <>
          <Problem error={compare.error} />
          {compare.data !== undefined && (
            <Report report={compare.data} busy={compare.isPending} mend={() => compare.mutate(true)} />
          )}
        </>
      }
    >
      <dt>Where</dt>
      <dd className="mono">{settings.baseUrl}</dd>
      <dt>Which tickets</dt>
      <dd>
        {settings.types.length === 0
          ? 'none by themselves; one by one, from the ticket'
          : settings.types.map((type) => ticketTypeWords[type]).join(', ')}
        {settings.providers.length > 0 && ` of ${settings.providers.join(', ')}`}
      </dd>
      <dt>What leaves</dt>
      <dd>
        {system.kind === 'provider-api'
          ? settings.answers === 'api'
            ? 'answers that a person released, instead of by mail'
            : 'nothing; answers go by mail'
          : `number${settings.fields.map((field) => `, ${field}`).join('')}; up to TLP:${settings.upToTlp}`}
      </dd>
      {system.kind === 'provider-api' && settings.answers === 'api' && <DecisionsThere settings={settings} />}
      <dt>Tickets</dt>
      <dd>
        {links.linked} in step, {links.waiting} waiting, {links.trouble} in trouble, {links.gone} gone there
      </dd>
      {system.hasHook && (
        <>
          <dt>Last webhook</dt>
          <dd>{system.hookedAt === null ? 'none yet' : <When at={system.hookedAt} ago />}</dd>
        </>
      )}
      <dt>Last answered</dt>
      <dd>{system.answeredAt === null ? 'not yet' : <When at={system.answeredAt} ago />}</dd>
    </PlaceCard>
  )
}

/** What our decisions are called there, and which have no words yet. */
function DecisionsThere({ settings }: Pick<SystemCard, 'settings'>) {
  return (
    <>
      <dt>Our decisions there</dt>
      <dd>
        {Outcome.options.map((outcome) => {
          const words = settings.verdictOut[outcome]
          const said = [words?.status, words?.verdict].filter((word) => word !== undefined && word !== '')
          return (
            <div key={outcome}>
              {outcomeWords[outcome]}:{' '}
              {words === undefined ? (
                <span className="tag warn">Not mapped: not released</span>
              ) : (
                <span className="mono">{said.length === 0 ? 'a comment only' : said.join(', ')}</span>
              )}
            </div>
          )
        })}
      </dd>
    </>
  )
}

type ReportProps = {
  readonly report: Answer<'POST /api/elsewhere/:id/reconcile'>
  readonly busy: boolean
  readonly mend: () => void
}

/** Ours, theirs, what differs and what was done about it; what agrees is only counted. */
function Report({ report, busy, mend }: ReportProps) {
  const differ = report.rows.filter(({ differences }) => differences.length > 0)
  return (
    <div role="status">
      <p>
        {report.even} of {report.looked} agree, <When at={report.at} ago />.
      </p>
      {differ.length > 0 && (
        <>
          <div className="table-scroll">
            <table className="plain">
              <thead>
                <tr>
                  <th>Ours</th>
                  <th>Theirs</th>
                  <th>What differs</th>
                  <th>Done</th>
                </tr>
              </thead>
              <tbody>
                {differ.map((row) => (
                  <tr key={row.alertId}>
                    <th scope="row">
                      <a href={`/alerts/${row.alertId}#ticket`}>{row.ticket}</a> {ticketStateWords[row.ours.state]}
                    </th>
                    <td>
                      {row.theirs.key ?? 'not there'} {row.theirs.status}
                    </td>
                    <td>{row.differences.join('; ')}</td>
                    <td>{row.did}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <Button size="xs" variant="default" loading={busy} onClick={mend}>
            Sync those again
          </Button>
        </>
      )}
    </div>
  )
}
