import { Button, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { Handover, HandoverFacts } from '../../../../src/contract/handover.ts'
import { type Answer, call, fieldProblem } from '../../api.ts'
import { useMay } from '../../me.ts'
import { placeOf } from '../../parts/hits.tsx'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { utc, When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import './handover.css'

export function HandoverPage() {
  const { from = '' } = useSearch({ from: '/desk/handover' })
  const shown = useQuery({
    queryKey: ['handover', from],
    queryFn: () => call('GET /api/handovers', { query: { from } }),
  })
  if (shown.data === undefined)
    return shown.error === null ? <Loading /> : <ErrorState error={shown.error} retry={() => void shown.refetch()} />
  const { facts, signed } = shown.data
  return (
    <>
      <div className="page-head">
        <h1>Shift handover</h1>
        <Since from={facts.from} />
        <Button variant="default" size="compact-sm" className="no-print" onClick={() => window.print()}>
          Print
        </Button>
      </div>
      <div className="handover-grid">
        <Facts facts={facts} />
        <div className="stack">
          <Sign key={facts.from} data={shown.data} />
          <Signed signed={signed} />
        </div>
      </div>
    </>
  )
}

/** Another beginning than the end of the last handover. */
function Since({ from }: { readonly from: string }) {
  const navigate = useNavigate({ from: '/handover' })
  return (
    <TextInput
      className="no-print"
      type="datetime-local"
      aria-label="Since (UTC)"
      leftSection="since"
      leftSectionWidth={54}
      value={from.slice(0, 16)}
      onChange={(event) => {
        const at = Date.parse(`${event.currentTarget.value}:00.000Z`)
        if (!Number.isNaN(at)) void navigate({ search: { from: new Date(at).toISOString() }, replace: true })
      }}
    />
  )
}

function Facts({ facts }: { readonly facts: HandoverFacts }) {
  return (
    <section className="card" aria-label="What changed">
      <div className="dim">
        {utc(facts.from)} to {utc(facts.to)}. Sample data is left out.
      </div>
      {facts.sections.map((section) => (
        <details key={section.id} open={section.n > 0 && section.n <= 12}>
          <summary>
            <strong>{section.title}</strong> <span className="handover-n">{section.n}</span>
          </summary>
          <ul className="handover-rows">
            {section.rows.map((row) => (
              <li key={`${row.text}${row.at}${row.who}`}>
                {row.href === null ? row.text : <Link {...placeOf(row.href)}>{row.text}</Link>}
                {row.who !== '' && <span className="dim"> · {row.who}</span>}
                {row.at !== null && (
                  <span className="dim">
                    {' · '}
                    <When at={row.at} ago />
                  </span>
                )}
              </li>
            ))}
            {section.n === 0 && <li className="dim">None.</li>}
            {section.n > section.rows.length && <li className="dim">and {section.n - section.rows.length} more</li>}
          </ul>
        </details>
      ))}
    </section>
  )
}

function Sign({ data }: { readonly data: Answer<'GET /api/handovers'> }) {
  const may = useMay()
  const client = useQueryClient()
  // What a person wrote stays, whatever changes meanwhile; the numbers beside it are those of the moment of signing.
  const [note, setNote] = useState(data.note)
  const sign = useMutation({
    mutationFn: () => call('POST /api/handovers', { body: { from: data.facts.from, note } }),
    onSuccess: async () => {
      say('Signed, and on the ledger.')
      await client.invalidateQueries({ queryKey: ['handover'] })
    },
  })
  if (!may('alert.arrange')) return null
  return (
    <section className="card stack no-print">
      <Textarea
        label="Note to the next shift"
        description="Made from the record; write what it does not know."
        value={note}
        autosize
        minRows={8}
        maxRows={24}
        maxLength={20_000}
        onChange={(event) => setNote(event.currentTarget.value)}
        error={fieldProblem(sign.error, 'note')}
      />
      <Problem error={sign.error} />
      <Button loading={sign.isPending} onClick={() => sign.mutate()} style={{ alignSelf: 'flex-start' }}>
        Sign the handover
      </Button>
    </section>
  )
}

function Signed({ signed }: { readonly signed: readonly Handover[] }) {
  const may = useMay()
  const client = useQueryClient()
  const take = useMutation({
    mutationFn: (id: string) => call('POST /api/handovers/:id/taken', { params: { id } }),
    onSettled: () => client.invalidateQueries({ queryKey: ['handover'] }),
  })
  return (
    <section className="card stack">
      <h2 className="section-title">Handovers</h2>
      {signed.length === 0 && <div className="dim">None was signed yet.</div>}
      <Problem error={take.error} />
      {signed.map((one, at) => (
        <details key={one.id} open={at === 0}>
          <summary>
            {utc(one.signedAt)}, {one.signedBy}{' '}
            {one.takenAt === null ? (
              <span className="tag warn">Not taken over yet</span>
            ) : (
              <span className="tag good">Taken over by {one.takenBy}</span>
            )}
          </summary>
          <pre className="wrapped">{one.note}</pre>
          {one.takenAt === null && may('alert.arrange') && (
            <Button size="compact-sm" variant="default" loading={take.isPending} onClick={() => take.mutate(one.id)}>
              I have read it and take over
            </Button>
          )}
        </details>
      ))}
    </section>
  )
}
