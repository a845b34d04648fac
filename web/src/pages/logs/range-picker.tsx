import { Button, Popover, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useNow } from '../../parts/time.tsx'
import { momentOf, type Range, rangeDefault, rangeWords, relativeRanges, windowOf } from './time-range.ts'

type Props = { readonly range: Partial<Range>; readonly set: (range: Range) => void }

/** Which time: the usual ones by one click, any other by two moments in UTC. */
export function RangePicker({ range, set }: Props) {
  const [opened, setOpened] = useState(false)
  const choose = (next: Range) => {
    setOpened(false)
    set(next)
  }
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" trapFocus withinPortal={false}>
      <Popover.Target>
        <Button
          size="sm"
          variant="default"
          className="range-button"
          aria-label={`Time: ${rangeWords(range)}`}
          onClick={() => setOpened(!opened)}
        >
          {rangeWords(range)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Time">
        <div className="range-presets">
          {relativeRanges.map((one) => (
            <Button
              key={one.value}
              size="compact-sm"
              variant={(range.from ?? rangeDefault) === one.value && (range.to ?? '') === '' ? 'filled' : 'default'}
              onClick={() => choose({ from: one.value, to: '' })}
            >
              {one.label}
            </Button>
          ))}
        </div>
        <Exact range={range} choose={choose} />
      </Popover.Dropdown>
    </Popover>
  )
}

/** "2026-11-22 14:03" means UTC. */
const asIso = (typed: string): string => {
  const text = typed.trim().replace(' ', 'T')
  return /Z|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}${text.includes('T') ? '' : 'T00:00'}Z`
}
const minutes = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 19)}`

function Exact({ range, choose }: { readonly range: Partial<Range>; readonly choose: (range: Range) => void }) {
  const now = windowOf(range, useNow())
  const [from, setFrom] = useState(minutes(now.from))
  const [to, setTo] = useState(minutes(now.to))
  const [begin, end] = [momentOf(asIso(from), 0), momentOf(asIso(to), 0)]
  const wrong =
    begin === null || end === null ? 'Write it as 2026-11-22 14:03' : begin >= end ? 'The end must be later' : null
  return (
    <form
      className="range-exact"
      onSubmit={(event) => {
        event.preventDefault()
        if (begin !== null && end !== null && wrong === null)
          choose({ from: new Date(begin).toISOString(), to: new Date(end).toISOString() })
      }}
    >
      <TextInput size="xs" label="From (UTC)" value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
      <TextInput
        size="xs"
        label="To (UTC)"
        value={to}
        error={wrong}
        onChange={(event) => setTo(event.currentTarget.value)}
      />
      <Button size="xs" type="submit" disabled={wrong !== null}>
        Use this time
      </Button>
    </form>
  )
}
