import { Button, NumberInput, SegmentedControl, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { AuditChain, AuditDraw, AuditSample, Conclusion } from '../../../../src/contract/audit.ts'
import { sourceWords } from '../../../../src/model/house-connectors.ts'
import { call, fieldProblem } from '../../api.ts'
import { useMay } from '../../me.ts'
import { RecordLine, useRaw } from '../../parts/records.tsx'
import { EmptyState, ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { utc, When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { channelWords, findingWords, outcomeWords, plural, replyWords } from '../../words.ts'
import './audit.css'

const conclusionWords: Record<Conclusion, string> = {
  agree: 'The evidence supports it',
  'not-supported': 'The evidence does not support it',
  remark: 'Remark only',
}
/** A quarter: what is usually audited. */
const days = 90
const dayMs = 86_400_000
const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)

export function AuditPage() {
  const search = useSearch({ from: '/desk/ledger/audit' })
  const { seed, from, to, n = 25, alert } = search
  const draw: AuditDraw | null =
    seed === undefined || from === undefined || to === undefined ? null : { seed, from, to, n }
  return (
    <>
      <div className="page-head">
        <h1>Auditor's room</h1>
        <Link to="/ledger">The whole ledger</Link>
      </div>
      <Stamps />
      <DrawForm key={JSON.stringify(draw)} draw={draw} />
      {draw === null ? (
        <EmptyState
          title="Draw a sample to begin."
          proof="The alerts of a period are put in the order of SHA-256(seed, line feed, id), and the first are taken. Nobody can choose them, and anybody can work them out again: docs/audit-room.md."
        />
      ) : (
        <div className={alert === undefined ? '' : 'audit-grid'}>
          <Sample draw={draw} alert={alert} />
          {alert !== undefined && <Chain key={alert} id={alert} draw={draw} />}
        </div>
      )}
    </>
  )
}

/** What an authority outside says of when the ledger was as it is. */
function Stamps() {
  const stamps = useQuery({ queryKey: ['stamps'], queryFn: () => call('GET /api/audit/stamps') })
  if (stamps.data === undefined)
    return stamps.error === null ? null : <ErrorState error={stamps.error} retry={() => void stamps.refetch()} />
  const { authority, everyHours, count, newest, waiting } = stamps.data
  const [last, ...before] = newest
  return (
    <section className="card audit-stamps" aria-label="Time stamps">
      {last === undefined ? (
        <p className="dim">
          {authority === null
            ? 'No authority outside says when the ledger was as it is: set one as docs/ledger.md shows (RFC 3161), or keep checkpoints elsewhere.'
            : `${authority} is asked for the first time stamp (RFC 3161); none has come yet.`}
        </p>
      ) : (
        <p>
          Time-stamped <When at={last.at} ago /> at <strong>{plural(last.size, 'record')}</strong> by {last.authority} (
          {utc(last.at)}).{' '}
          <span className="dim">
            {plural(count, 'time stamp')} in the ledger and in every export
            {before.length > 0 && `; before: ${before.map(({ at }) => utc(at)).join(', ')}`}.
          </span>
        </p>
      )}
      {waiting !== null && waiting.says !== '' && (
        <p className="notice" role="status">
          {authority ?? 'The authority'} has not stamped since <When at={waiting.since} ago />: {waiting.says}. Asked{' '}
          {plural(waiting.tries, 'time')}, next <When at={waiting.nextAt} />. The ledger goes on meanwhile; see url,
          caFile and allowAddresses under <code>timestamps</code> in counterfoil.yaml.
        </p>
      )}
      {authority !== null && everyHours !== null && (
        <p className="dim">
          {authority} is asked every {everyHours === 1 ? 'hour' : plural(everyHours, 'hour')} while something is
          recorded; it is told a digest and nothing else.
        </p>
      )}
    </section>
  )
}

function DrawForm({ draw }: { readonly draw: AuditDraw | null }) {
  const navigate = useNavigate({ from: '/ledger/audit' })
  const [now] = useState(() => Date.now())
  const [form, setForm] = useState({
    from: draw?.from.slice(0, 10) ?? dayOf(now - days * dayMs),
    to: draw?.to.slice(0, 10) ?? dayOf(now + dayMs),
    n: draw?.n ?? 25,
    seed: draw?.seed ?? '',
  })
  const make = useMutation({
    mutationFn: async () => {
      const body = {
        seed: form.seed.trim(),
        from: `${form.from}T00:00:00.000Z`,
        to: `${form.to}T00:00:00.000Z`,
        n: form.n,
      }
      await call('POST /api/audit/sample', { body })
      return body
    },
    onSuccess: (body) => navigate({ search: body }),
  })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    make.mutate()
  }
  return (
    <form className="card audit-form" onSubmit={submit}>
      <TextInput
        type="date"
        label="Alerts from (UTC)"
        value={form.from}
        onChange={(event) => setForm({ ...form, from: event.currentTarget.value })}
        required
      />
      <TextInput
        type="date"
        label="to, not included"
        value={form.to}
        onChange={(event) => setForm({ ...form, to: event.currentTarget.value })}
        error={fieldProblem(make.error, 'to')}
        required
      />
      <NumberInput
        label="How many"
        min={1}
        max={200}
        value={form.n}
        onChange={(n) => setForm({ ...form, n: typeof n === 'number' ? n : 25 })}
      />
      <TextInput
        label="Seed"
        placeholder="Dice, a lottery draw, a word of yours"
        value={form.seed}
        maxLength={200}
        onChange={(event) => setForm({ ...form, seed: event.currentTarget.value })}
        required
      />
      <Button type="submit" loading={make.isPending}>
        Draw
      </Button>
      <Problem error={make.error} />
    </form>
  )
}

const percent = (share: number): string => `${Math.round(share * 100)} %`

function Sample({ draw, alert }: { readonly draw: AuditDraw; readonly alert: string | undefined }) {
  const sample = useQuery({ queryKey: ['audit', draw], queryFn: () => call('GET /api/audit/sample', { query: draw }) })
  if (sample.data === undefined)
    return sample.error === null ? <Loading /> : <ErrorState error={sample.error} retry={() => void sample.refetch()} />
  const { population, rows, quality } = sample.data
  const bundle = `/api/audit/bundle?${new URLSearchParams({ ...draw, n: String(draw.n) })}`
  return (
    <section className="card">
      <div className="row between wrap">
        <h2 className="section-title">
          {plural(rows.length, 'alert')} of {population.toLocaleString('en')}
        </h2>
        <Button component="a" href={bundle} download size="compact-sm" variant="default">
          Download to verify offline
        </Button>
      </div>
      <Quality quality={quality} />
      {rows.length === 0 ? (
        <EmptyState
          title="No alert lies in this period."
          proof="Sample data is never drawn. Choose other days above."
        />
      ) : (
        <div className="scroll-x" tabIndex={0} role="region" aria-label="Sample">
          <table className="plain cards audit-table">
            <thead>
              <tr>
                <th>Alert</th>
                <th>Received</th>
                <th>Decision</th>
                <th className="num">Cites</th>
                <th>Concluded</th>
                <th>Key</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.id} aria-current={row.id === alert}>
                  <td>
                    <Link to="/ledger/audit" search={{ ...draw, alert: row.id }}>
                      A-{row.number} {row.title}
                    </Link>
                  </td>
                  <td data-label="Received">
                    <When at={row.receivedAt} ago />
                  </td>
                  <td data-label="Decision">
                    {row.outcome === null ? 'Not decided' : `${outcomeWords[row.outcome]}, ${row.decidedBy ?? ''}`}
                  </td>
                  <td data-label="Cites" className="num">
                    {row.cites}
                  </td>
                  <td data-label="Concluded">
                    {row.said === null ? <span className="dim">Not yet</span> : conclusionWords[row.said.conclusion]}
                  </td>
                  <td data-label="Key" className="mono dim">
                    {row.key.slice(0, 8)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}

function Quality({ quality }: { readonly quality: AuditSample['quality'] }) {
  const { supported, of, remarks, interval } = quality
  if (of === 0 || interval === null) return <p className="dim">Reason quality: nothing is concluded yet.</p>
  return (
    <p>
      Reason quality: <strong>{percent(supported / of)}</strong> of {plural(of, 'decision')} concluded on are supported
      by what they cite; with 95 % confidence {percent(interval.from)} to {percent(interval.to)} (Wilson)
      {of < 30 ? ', few to go by' : ''}. {remarks > 0 && plural(remarks, 'remark')}
    </p>
  )
}

function Chain({ id, draw }: { readonly id: string; readonly draw: AuditDraw }) {
  const chain = useQuery({
    queryKey: ['audit-chain', id],
    queryFn: () => call('GET /api/audit/alerts/:id', { params: { id } }),
  })
  const may = useMay()
  if (chain.data === undefined)
    return chain.error === null ? <Loading /> : <ErrorState error={chain.error} retry={() => void chain.refetch()} />
  const { alert, messages, findings, decision, replies } = chain.data
  return (
    <section className="card audit-chain" aria-label={`Chain of A-${alert.number}`}>
      <div className="row between">
        <h2 className="section-title">
          A-{alert.number} {alert.title}
        </h2>
        <Link to="/alerts/$id" params={{ id }}>
          Open the alert
        </Link>
      </div>
      <ol>
        {messages.map((one) => (
          <li key={one.id}>
            <strong>Message</strong> {one.sizeBytes.toLocaleString('en')} bytes {channelWords[one.channel]},{' '}
            <time dateTime={one.receivedAt}>{utc(one.receivedAt)}</time>
            <div className="mono dim break">SHA-256 {one.id}</div>
            <div>
              {one.accepted === null ? 'Not judged' : one.accepted ? 'Sender accepted' : 'Sender not accepted'}:{' '}
              {one.reasons.join(' ')}
              {one.reader !== null && ` Read with the format “${one.reader}”.`}{' '}
              {may('message.download') && <a href={`/api/messages/${one.id}/raw`}>The bytes</a>}
            </div>
          </li>
        ))}
        <li>
          <strong>{plural(findings.length, 'finding')}</strong>, {findings.filter((one) => one.cited).length} cited
          <ul>
            {findings
              .filter((one) => one.cited)
              .map((one) => (
                <li key={one.id}>
                  {one.title} {findingWords[one.kind]} ({sourceWords(one.connector)})
                </li>
              ))}
          </ul>
        </li>
        <li>
          {decision === null ? (
            <strong>Not decided</strong>
          ) : (
            <>
              <strong>{outcomeWords[decision.outcome]}</strong> by {decision.byName}, {utc(decision.at)}
              {decision.withoutEvidence && <span className="tag warn">Without evidence</span>}
              <div>“{decision.reason}”</div>
            </>
          )}
        </li>
        {replies.map((one) => (
          <li key={one.id}>
            <strong>Reply</strong> {replyWords[one.state]}
            {one.sentAt !== null && `, ${utc(one.sentAt)}`}{' '}
            {one.receipt !== null && <span className="dim">{one.receipt}</span>}
            {one.digest !== null && <div className="mono dim break">SHA-256 {one.digest}</div>}
          </li>
        ))}
      </ol>
      <Leaves chain={chain.data} />
      <Said chain={chain.data} />
      {may('audit.say') && <Conclude id={id} draw={draw} />}
    </section>
  )
}

function Leaves({ chain }: { readonly chain: AuditChain }) {
  const { raw, button } = useRaw()
  return (
    <details>
      <summary>{plural(chain.leaves.length, 'record')} of the ledger, with inclusion proofs</summary>
      {button}
      <ul className="audit-leaves">
        {chain.leaves.map((leaf) => (
          <li key={`${leaf.at}${leaf.kind}${leaf.hash ?? ''}`}>
            <RecordLine record={leaf} raw={raw} />
            <div className="dim">
              {leaf.index === null
                ? 'Not in the signed tree yet'
                : `No. ${leaf.index}, proof of ${plural(leaf.proof.length, 'hash', 'hashes')}`}
            </div>
            {leaf.hash !== null && <div className="mono dim break">{leaf.hash}</div>}
          </li>
        ))}
      </ul>
      <pre className="wrapped">{chain.checkpoint}</pre>
    </details>
  )
}

function Said({ chain }: { readonly chain: AuditChain }) {
  return chain.said.map((one) => (
    <div key={one.at} className="audit-said">
      <strong>{conclusionWords[one.conclusion]}</strong> {one.byName}, {utc(one.at)}
      {one.remark !== '' && <div>{one.remark}</div>}
    </div>
  ))
}

function Conclude({ id, draw }: { readonly id: string; readonly draw: AuditDraw }) {
  const client = useQueryClient()
  const [conclusion, setConclusion] = useState<Conclusion>('agree')
  const [remark, setRemark] = useState('')
  const keep = useMutation({
    mutationFn: () =>
      call('POST /api/audit/alerts/:id/remarks', { params: { id }, body: { draw, conclusion, remark } }),
    onSuccess: async () => {
      say('Kept, and on the ledger.')
      setRemark('')
      await Promise.all([
        client.invalidateQueries({ queryKey: ['audit'] }),
        client.invalidateQueries({ queryKey: ['audit-chain', id] }),
      ])
    },
  })
  return (
    <div className="stack">
      <SegmentedControl
        aria-label="Conclusion"
        value={conclusion}
        onChange={(value) => setConclusion(value as Conclusion)}
        data={Object.entries(conclusionWords).map(([value, label]) => ({ value, label }))}
        fullWidth
        orientation="vertical"
      />
      <Textarea
        label="What you found"
        value={remark}
        maxLength={4000}
        autosize
        minRows={2}
        onChange={(event) => setRemark(event.currentTarget.value)}
        error={fieldProblem(keep.error, 'remark')}
      />
      <Problem error={keep.error} />
      <Button loading={keep.isPending} onClick={() => keep.mutate()} style={{ alignSelf: 'flex-start' }}>
        Keep the conclusion
      </Button>
    </div>
  )
}
