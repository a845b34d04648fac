import { Button, Checkbox, Modal, NativeSelect, Textarea } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { QueueRow } from '../../../../src/contract/desk.ts'
import type { Outcome } from '../../../../src/model/triage.ts'
import { call } from '../../api.ts'
import { Problem } from '../../parts/states.tsx'
import { outcomeShort, outcomeWords, plural } from '../../words.ts'
import { seenOf } from './use-acts.ts'

export type Decided = {
  readonly outcome: Outcome
  readonly reason: string
  readonly withoutEvidence: boolean
  readonly alerts: readonly {
    readonly id: string
    readonly version: number
    readonly outcome: Outcome | null
    readonly reason: null
    readonly cites: string[]
  }[]
}

const outcomes = Object.keys(outcomeWords) as Outcome[]

/** One outcome and one reason for the rows; what each would cite and what stands against it, before anything is decided. */
export function DecidePanel(props: {
  readonly rows: readonly QueueRow[]
  readonly start: Outcome
  readonly close: () => void
  readonly decide: (decided: Decided) => void
}) {
  const { rows, close } = props
  const [outcome, setOutcome] = useState(props.start)
  const [own, setOwn] = useState<Readonly<Record<string, Outcome>>>({})
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const [typed, setTyped] = useState<string | null>(null)
  const [bareMeant, setBareMeant] = useState(false)
  const items = seenOf(rows).map((seen) => ({ ...seen, outcome: own[seen.id] ?? null }))
  const preview = useQuery({
    queryKey: ['decide-preview', outcome, items],
    queryFn: () => call('POST /api/queue/decide/preview', { body: { outcome, alerts: items } }),
    placeholderData: (before) => before,
    gcTime: 0,
  })
  const would = preview.data?.alerts ?? []
  const going = would.filter((one) => one.problem === null && !left.has(one.id))
  const bare = going.filter((one) => one.cites.length === 0).length
  const reason = typed ?? would.find((one) => one.because !== '')?.because ?? ''
  const ready = going.length > 0 && reason.trim() !== '' && (bare === 0 || bareMeant) && !preview.isPlaceholderData
  const confirm = () => {
    if (!ready) return
    const versions = new Map(rows.map(({ id, version }) => [id, version]))
    props.decide({
      outcome,
      reason: reason.trim(),
      withoutEvidence: bareMeant,
      alerts: going.map(({ id, cites }) => ({
        ...{ id, version: versions.get(id) ?? 0, outcome: own[id] ?? null, reason: null },
        cites: cites.map((one) => one.id),
      })),
    })
  }
  return (
    <Modal
      opened
      onClose={close}
      title={rows.length === 1 ? `Decide A-${rows[0]?.number}` : `Decide ${plural(rows.length, 'alert')}`}
      size="lg"
      transitionProps={{ duration: 0 }}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className="stack">
        <NativeSelect
          label="Outcome"
          value={outcome}
          onChange={(event) => setOutcome(event.currentTarget.value as Outcome)}
          data={outcomes.map((value) => ({ value, label: outcomeWords[value] }))}
        />
        <Textarea
          label="Why"
          description="Enter decides, Shift+Enter begins a line"
          data-autofocus
          autosize
          minRows={2}
          maxRows={6}
          maxLength={4000}
          value={reason}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey) return
            event.preventDefault()
            confirm()
          }}
        />
        <ul className="would">
          {would.map((one) => (
            <li key={one.id} className={one.problem === null ? undefined : 'dim'}>
              {rows.length > 1 && (
                <Checkbox
                  size="xs"
                  aria-label={`Decide A-${one.number}`}
                  checked={one.problem === null && !left.has(one.id)}
                  disabled={one.problem !== null}
                  onChange={() =>
                    setLeft((before) => {
                      const next = new Set(before)
                      if (!next.delete(one.id)) next.add(one.id)
                      return next
                    })
                  }
                />
              )}
              <span className="would-says">
                <span className="mono">A-{one.number}</span> {one.entity ?? one.title}
                <br />
                {one.problem !== null ? (
                  <strong>{one.problem}</strong>
                ) : one.cites.length === 0 ? (
                  <span className="dim">No evidence speaks for this outcome.</span>
                ) : (
                  <span className="dim">
                    Cites {one.cites.length}: {one.cites.map((cite) => cite.says).join(' · ')}
                  </span>
                )}
              </span>
              {rows.length > 1 && (
                <NativeSelect
                  size="xs"
                  aria-label={`Outcome of A-${one.number}`}
                  value={own[one.id] ?? outcome}
                  onChange={(event) => {
                    const value = event.currentTarget.value as Outcome
                    setOwn((before) => ({ ...before, [one.id]: value }))
                  }}
                  data={outcomes.map((value) => ({ value, label: outcomeShort[value] }))}
                />
              )}
            </li>
          ))}
        </ul>
        {bare > 0 && (
          <Checkbox
            checked={bareMeant}
            onChange={(event) => setBareMeant(event.currentTarget.checked)}
            onKeyDown={(event) => event.key === 'Enter' && confirm()}
            label={`Decide ${bare === going.length ? '' : `${bare} of them `}without evidence; the reason says why`}
          />
        )}
        <Problem error={preview.error} />
        <div className="row between">
          <span className="dim">
            {plural(going.length, 'alert')} to decide
            {rows.length > going.length ? `, ${rows.length - going.length} left open` : ''}
          </span>
          <Button disabled={!ready} onClick={confirm}>
            {`Decide: ${outcomeWords[outcome].split(':')[0]?.toLowerCase() ?? ''}`}
          </Button>
        </div>
      </div>
    </Modal>
  )
}
