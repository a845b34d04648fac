import { Button } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../../api.ts'
import { Loading, Problem } from '../../parts/states.tsx'
import { type EventActs, EventDetail } from './detail.tsx'
import { EventRows } from './rows.tsx'

/** Lines on either side at first, and at most. */
const linesFirst = 10
const linesMost = 100

/** The lines of the same source before and after an event, in the order in which they came. */
export function Context({ id, act }: { readonly id: string; readonly act: EventActs }) {
  const [lines, setLines] = useState(linesFirst)
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const context = useQuery({
    queryKey: ['log-context', id, lines],
    queryFn: ({ signal }) =>
      call('GET /api/lake/events/:id/context', { params: { id }, query: { lines } }, undefined, signal),
    placeholderData: keepPreviousData,
    // What stands around a line does not change; each look is a line of the ledger.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  })
  if (context.data === undefined)
    return context.error === null ? <Loading lines={4} /> : <Problem error={context.error} />
  const { before, event, after } = context.data
  const toggle = (one: string) =>
    setOpen(open.has(one) ? new Set([...open].filter((id) => id !== one)) : new Set([...open, one]))
  const ends = before.length < lines && after.length < lines
  return (
    <section className="context" aria-label="The lines before and after">
      <EventRows
        events={[...before, event, ...after]}
        cursor={-1}
        setCursor={() => undefined}
        open={open}
        toggle={toggle}
        detail={(one) => <EventDetail event={one} act={act} />}
        marked={event.id}
        label={`Lines of ${event.source} around it`}
      />
      <div className="row wrap">
        <span className="dim">
          {before.length} before and {after.length} after, of {event.source}, in the order of their time
          {ends && '; there are no more'}
        </span>
        {!ends && lines < linesMost && (
          <Button
            size="compact-xs"
            variant="default"
            loading={context.isFetching}
            onClick={() => setLines(Math.min(linesMost, lines * 3))}
          >
            Show more
          </Button>
        )}
      </div>
    </section>
  )
}
