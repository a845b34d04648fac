import { Link } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import type { QueueRow, Tab } from '../../../../src/contract/desk.ts'
import type { Presence } from '../../../../src/contract/presence.ts'
import { Meter } from '../../parts/meter.tsx'
import { HereMark, usePresence } from '../../parts/presence.tsx'
import { relative, useNow, utc, When } from '../../parts/time.tsx'
import { ordinal, outcomeShort, replyWords, runWords, severityWords, waitingWords } from '../../words.ts'

type Props = {
  readonly rows: readonly QueueRow[]
  readonly cursor: number
  readonly setCursor: (index: number) => void
  readonly open: (row: QueueRow) => void
  readonly tab: Tab
  readonly selected: ReadonlySet<string>
}

/** What the one column about our own work says in each tab. */
const headings: Record<Tab, string> = {
  needs: 'Proposed',
  answer: 'Decision',
  approver: 'Decision',
  provider: 'Proposed',
  asked: 'Playbook',
  running: 'Playbook',
  snoozed: 'Proposed',
  merged: 'Proposed',
  done: 'Decision',
  all: 'Decision',
}

/** Which columns a tab needs wide, and which not at all. */
function kindOf(tab: Tab): string {
  if (['answer', 'done', 'all'].includes(tab)) return 'decided'
  return ['asked', 'running'].includes(tab) ? 'under-way' : ''
}

export function QueueTable({ rows, cursor, setCursor, open, tab, selected }: Props) {
  const body = useRef<HTMLTableSectionElement>(null)
  const keyboard = useRef(cursor)
  useEffect(() => {
    if (keyboard.current === cursor) return
    keyboard.current = cursor
    body.current?.rows[cursor]?.scrollIntoView({ block: 'nearest' })
  }, [cursor])
  const presence = usePresence()
  return (
    <div className="queue-scroll" role="tabpanel" aria-label="Alerts">
      <table className={`plain queue ${kindOf(tab)}`}>
        <thead>
          <tr>
            <th className="c-risk">Risk</th>
            <th className="c-theirs">Theirs</th>
            <th className="c-title">Alert</th>
            <th className="c-asset">About</th>
            <th className="c-evidence">Evidence</th>
            <th className="c-before">Decided before</th>
            <th className="c-run">{headings[tab]}</th>
            <th className="c-clock">Clocks</th>
            <th className="c-who">Assigned</th>
            <th className="c-time num">Received</th>
          </tr>
        </thead>
        <tbody ref={body}>
          {rows.map((row, index) => (
            <tr
              key={row.id}
              className={`edge-${row.risk?.level ?? 'none'}${index === cursor ? ' cursor' : ''}${selected.has(row.id) ? ' selected' : ''}`}
              aria-current={index === cursor ? 'true' : undefined}
              onMouseDown={() => setCursor(index)}
              onDoubleClick={() => open(row)}
            >
              <Cells
                row={row}
                tab={tab}
                selected={selected.has(row.id)}
                here={presence.filter(({ alertId }) => alertId === row.id)}
              />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Cells({
  row,
  tab,
  selected,
  here,
}: {
  readonly row: QueueRow
  readonly tab: Tab
  readonly selected: boolean
  readonly here: readonly Presence[]
}) {
  const theirs = severityWords[row.severity]
  const ours = row.risk?.level
  const differs = ours !== undefined && row.severity !== 'unknown' && ours !== row.severity
  return (
    <>
      <td className="c-risk">
        {row.risk === null ? (
          <span className="dim">not judged</span>
        ) : (
          <span className={`sev ${row.risk.level}`}>
            <span className="score">{Math.round(row.risk.score)}</span>{' '}
            {severityWords[row.risk.level as keyof typeof severityWords] ?? row.risk.level}
          </span>
        )}
      </td>
      <td className="c-theirs">
        {differs ? (
          <s className="dim" title={`${row.providerName} says ${theirs.toLowerCase()}; we say ${ours}`}>
            {theirs}
          </s>
        ) : (
          theirs
        )}
      </td>
      <td className="c-title">
        <div className="clip">
          {selected && (
            <span role="img" aria-label="Selected">
              ✓{' '}
            </span>
          )}
          <span className="dim mono number">A-{row.number}</span>
          <HereMark here={here} />{' '}
          <Link to="/alerts/$id" params={{ id: row.id }} title={row.title}>
            {row.rule ?? row.title}
          </Link>{' '}
          <span className="dim">{row.providerName}</span>
          {row.merged > 0 && <span className="tag">+{row.merged} merged</span>}
          {row.mergedInto !== null && <span className="tag">in A-{row.mergedInto.number}</span>}
          {row.regressed && (
            <span className="tag bad" title="It was to be tuned away, or is expected, and is back">
              Regressed
            </span>
          )}
          {row.tuning !== null && (
            <span className="tag bad" title="The provider was asked to tune this away; its time has run out">
              TR-{row.tuning.number} sent <When at={row.tuning.sentAt} ago />, not honoured
            </span>
          )}
          {row.escalating !== null && (
            <span
              className="tag warn"
              title={`${row.escalating.lastDay} in a day; its past lets expect ${row.escalating.expected}`}
            >
              Escalating
            </span>
          )}
          {row.kind === 'unread' && <span className="tag warn">Unread</span>}
          {row.sample && <span className="tag sample">Sample</span>}
        </div>
      </td>
      <td className="c-asset">
        <div className="clip" title={[row.entity, row.criticality, row.owner].filter(Boolean).join(' · ')}>
          {row.entity ?? <span className="dim">not named</span>}
          {row.criticality !== null && <span className="dim"> · {row.criticality}</span>}
          {row.owner !== null && <span className="dim"> · {row.owner}</span>}
        </div>
      </td>
      <td className="c-evidence">
        <span className="row" style={{ gap: '0.45rem' }}>
          <Meter rungs={row.rungs} />
          {row.fidelity !== null && (
            <span
              className="dim"
              title="Rungs that came with the alert → rungs after our own questions, of those that apply"
            >
              {row.fidelity.delivered} → {row.fidelity.attained}/{row.fidelity.applicable}
            </span>
          )}
        </span>
      </td>
      <td className="c-before">
        <Before row={row} />
      </td>
      <td className="c-run">
        {['needs', 'provider', 'snoozed', 'merged'].includes(tab) ? <Proposed row={row} /> : <Work row={row} />}
      </td>
      <td className="c-clock">
        <Clocks row={row} />
      </td>
      <td className="c-who">
        <div className="clip" title={row.assignee?.name}>
          {row.assignee?.name ?? <span className="dim">nobody</span>}
        </div>
      </td>
      <td className="c-time num">
        <When at={row.receivedAt} />
      </td>
    </>
  )
}

function Before({ row }: { readonly row: QueueRow }) {
  const { times, decidedAt, lastOutcome } = row.before
  if (times === 0) return <span className="dim">first time</span>
  if (decidedAt === null || lastOutcome === null)
    return (
      <span className="tag" title="The same rule about the same thing, and none of them is decided">
        {ordinal(times + 1)} · never
      </span>
    )
  return (
    <span className="tag accent" title={`Last decided: ${outcomeShort[lastOutcome]}`}>
      {ordinal(times + 1)} · <When at={decidedAt} />
    </span>
  )
}

function Proposed({ row }: { readonly row: QueueRow }) {
  if (row.run?.state === 'failed') return <span className="tag bad">Playbook failed</span>
  if (row.proposed === null) return <span className="dim">no proposal</span>
  return <span className="tag">{outcomeShort[row.proposed]}</span>
}

function Work({ row }: { readonly row: QueueRow }) {
  if (row.outcome !== null) {
    return (
      <span className="row tight">
        <span className="tag">{outcomeShort[row.outcome]}</span>
        {row.reply !== null && <ReplyTag reply={row.reply} />}
      </span>
    )
  }
  const { run } = row
  if (run === null) return <span className="dim">none ran</span>
  if (run.state === 'waiting') {
    const words = `${run.done}/${run.steps} ${waitingWords(run.waitingFor)}`
    return (
      <div className="clip dim" title={words}>
        {words}
      </div>
    )
  }
  if (run.state === 'failed') return <span className="tag bad">Playbook failed</span>
  return (
    <span className="dim">
      {runWords[run.state]} {run.done}/{run.steps}
    </span>
  )
}

function ReplyTag({ reply }: { readonly reply: NonNullable<QueueRow['reply']> }) {
  const tone =
    reply.state === 'sent' ? 'good' : reply.state === 'unconfirmed' || reply.state === 'failed' ? 'bad' : 'warn'
  return (
    <Link
      to="/replies/$id"
      params={{ id: reply.id }}
      className={`tag ${tone}`}
      title={`Reply: ${replyWords[reply.state]}`}
    >
      {reply.state === 'draft' ? 'Review reply' : replyWords[reply.state]}
    </Link>
  )
}

/** What we owe and what they owe, where it runs: how long still, or how late. */
function Clocks({ row }: { readonly row: QueueRow }) {
  const { ours, theirs } = row.clocks
  if (ours === null && theirs === null) return <span className="dim">none</span>
  // One that stands still while the other runs is no news in a row.
  const theirsRuns = theirs !== null && theirs.dueAt !== null
  return (
    <span className="row tight clip">
      {ours !== null && (ours.dueAt !== null || !theirsRuns) && <Clock who="us" clock={ours} />}
      {theirs !== null && (theirsRuns || ours === null) && <Clock who="them" clock={theirs} />}
    </span>
  )
}

function Clock({
  who,
  clock,
}: {
  readonly who: 'us' | 'them'
  readonly clock: NonNullable<QueueRow['clocks']['ours']>
}) {
  const now = useNow()
  if (clock.dueAt === null)
    return (
      <span
        className="tag"
        title={who === 'us' ? 'Our clock stands still: the provider has it' : 'Their clock stands still'}
      >
        {who} paused
      </span>
    )
  const late = Date.parse(clock.dueAt) < now
  const says = late ? `late since ${utc(clock.dueAt)}` : `until ${utc(clock.dueAt)}`
  return (
    <span
      className={late ? 'tag bad' : 'tag'}
      title={`${who === 'us' ? 'We owe a decision' : 'They owe an answer'}: ${says}`}
    >
      {who === 'them' && 'them '}
      {relative(clock.dueAt, now).replace(/^in /, '')}
      {late && ' late'}
    </span>
  )
}
