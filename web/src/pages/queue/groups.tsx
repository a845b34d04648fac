import { Button } from '@mantine/core'
import { keepPreviousData, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import type { QueueRow } from '../../../../src/contract/desk.ts'
import type { Group } from '../../../../src/contract/queue.ts'
import { decideAtOnceMax } from '../../../../src/model/at-once.ts'
import { call, type Input, problemOf } from '../../api.ts'
import { useKeys } from '../../parts/keys.ts'
import { ErrorState, Loading } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { plural, severityWords } from '../../words.ts'

type Query = Input<'GET /api/queue/groups'>['query']

/** What a key asks for, of a group or of one row in it. */
export type GroupAct = '1' | '2' | '3' | '4' | 'a' | 'h'

/** The alerts of one group, as many as are decided at once. */
const rowsOf = (query: Query, group: Group) => {
  const one = { ...query, rule: group.rule ?? '(none)', entity: group.entity ?? '(none)', limit: decideAtOnceMax }
  return queryOptions({ queryKey: ['queue', one], queryFn: () => call('GET /api/queue', { query: one }) })
}

/** Moves the focus over the groups, and over the rows of those that are open; where it was, once what had it is decided and gone. */
function move(by: 1 | -1, last: { current: number }): void {
  const all = [...document.querySelectorAll<HTMLElement>('.queue-groups button')]
  const at = all.indexOf(document.activeElement as HTMLElement)
  last.current = Math.max(0, Math.min(all.length - 1, at === -1 ? last.current : at + by))
  const next = all[last.current]
  next?.focus()
  next?.scrollIntoView({ block: 'nearest' })
}

/** The tab by rule and what it is about; each group opens in place. J and K go over them, Enter opens, and what decides a row decides a group. */
export function QueueGroups({
  query,
  open,
  act,
}: {
  readonly query: Query
  readonly open: (row: QueueRow) => void
  readonly act: (what: GroupAct, rows: readonly QueueRow[]) => void
}) {
  const client = useQueryClient()
  const last = useRef(0)
  const [shown, setShown] = useState<ReadonlySet<string>>(new Set())
  const found = useQuery({
    queryKey: ['queue', 'groups', query],
    queryFn: () => call('GET /api/queue/groups', { query }),
    placeholderData: keepPreviousData,
  })
  const on = async (what: GroupAct) => {
    const focused = document.activeElement?.closest<HTMLElement>('[data-group]')
    const group = found.data?.groups[Number(focused?.dataset['group'] ?? Number.NaN)]
    if (group === undefined) return say('Move to a group with J first.')
    const alertId = document.activeElement?.closest<HTMLElement>('[data-alert]')?.dataset['alert']
    try {
      const { rows } = await client.fetchQuery(rowsOf(query, group))
      if (alertId === undefined && group.n > rows.length)
        say(`The first ${rows.length} of ${group.n}: no more are acted on at once.`)
      act(
        what,
        rows.filter(({ id }) => alertId === undefined || id === alertId),
      )
    } catch (error) {
      say(problemOf(error).says, { bad: true })
    }
  }
  const acts: readonly GroupAct[] = ['1', '2', '3', '4', 'a', 'h']
  useKeys({
    j: () => move(1, last),
    k: () => move(-1, last),
    ArrowDown: () => move(1, last),
    ArrowUp: () => move(-1, last),
    ...Object.fromEntries(acts.map((what) => [what, () => void on(what)])),
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
      {found.data.groups.length === 0 && <p className="dim">Nothing here to group.</p>}
      {found.data.groups.map((group, at) => {
        const key = keyOf(group)
        const isOpen = shown.has(key)
        return (
          <section key={key} data-group={at}>
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
  const rows = useQuery(rowsOf(query, group))
  if (rows.data === undefined)
    return rows.error === null ? null : <ErrorState error={rows.error} retry={() => void rows.refetch()} />
  return (
    <ul className="plain-list group-rows">
      {rows.data.rows.map((row) => (
        <li key={row.id} className="row between" data-alert={row.id}>
          <Button variant="subtle" size="compact-sm" onClick={() => open(row)}>
            A-{row.number} {row.title}
          </Button>
          <When at={row.receivedAt} />
        </li>
      ))}
    </ul>
  )
}
