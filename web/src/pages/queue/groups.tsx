import { Button } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { QueueRow } from '../../../../src/contract/desk.ts'
import type { Group } from '../../../../src/contract/queue.ts'
import { call, type Input } from '../../api.ts'
import { ErrorState, Loading } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { plural, severityWords } from '../../words.ts'

type Query = Input<'GET /api/queue/groups'>['query']

/** The tab by rule and what it is about; each group opens in place. */
export function QueueGroups({ query, open }: { readonly query: Query; readonly open: (row: QueueRow) => void }) {
  const [shown, setShown] = useState<ReadonlySet<string>>(new Set())
  const found = useQuery({
    queryKey: ['queue', 'groups', query],
    queryFn: () => call('GET /api/queue/groups', { query }),
    placeholderData: keepPreviousData,
  })
  if (found.data === undefined)
    return found.error === null ? (
      <Loading lines={10} />
    ) : (
      <ErrorState error={found.error} retry={() => void found.refetch()} />
    )
  const keyOf = (group: Group) => JSON.stringify([group.rule, group.entity])
  return (
    <div className="queue-scroll queue-groups">
      {!found.data.whole && <p className="dim">Groups are of the newest {found.data.lookedAt} that match.</p>}
      {found.data.groups.map((group) => {
        const key = keyOf(group)
        const isOpen = shown.has(key)
        return (
          <section key={key}>
            <button
              type="button"
              aria-expanded={isOpen}
              className="group-head"
              onClick={() =>
                setShown((before) => {
                  const next = new Set(before)
                  if (!next.delete(key)) next.add(key)
                  return next
                })
              }
            >
              <span className={`sev ${group.level ?? 'none'}`}>
                {severityWords[(group.level ?? 'unknown') as keyof typeof severityWords]}
              </span>
              <strong className="clip">{group.rule ?? 'No rule named'}</strong>
              <span className="clip dim">{group.entity ?? 'not named'}</span>
              <span>{plural(group.n, 'alert')}</span>
              <When at={group.newestAt} />
            </button>
            {isOpen && <Inside query={query} group={group} open={open} />}
          </section>
        )
      })}
    </div>
  )
}

function Inside({
  query,
  group,
  open,
}: {
  readonly query: Query
  readonly group: Group
  readonly open: (row: QueueRow) => void
}) {
  const one = { ...query, rule: group.rule ?? '(none)', entity: group.entity ?? '(none)', limit: 100 }
  const rows = useQuery({ queryKey: ['queue', one], queryFn: () => call('GET /api/queue', { query: one }) })
  if (rows.data === undefined)
    return rows.error === null ? null : <ErrorState error={rows.error} retry={() => void rows.refetch()} />
  return (
    <ul className="plain-list group-rows">
      {rows.data.rows.map((row) => (
        <li key={row.id} className="row between">
          <Button variant="subtle" size="compact-sm" onClick={() => open(row)}>
            A-{row.number} {row.title}
          </Button>
          <When at={row.receivedAt} />
        </li>
      ))}
    </ul>
  )
}
