import { useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import type { QueueRow } from '../../../../src/contract/desk.ts'
import type { SnoozeFor } from '../../../../src/model/queue.ts'
import { call, problemOf } from '../../api.ts'
import { say } from '../../parts/toast.tsx'
import { plural } from '../../words.ts'

/** As long as the toast says so. */
const undoMs = 8000
const nothing = Promise.resolve(null)

export type Seen = { readonly id: string; readonly version: number }
export const seenOf = (rows: readonly QueueRow[]): Seen[] => rows.map(({ id, version }) => ({ id, version }))

/**
 * What is done to rows. A row that leaves goes at once; when the server refuses, it comes back with the reason. `undoLast` takes the last act
 * back for eight seconds; asked before the server has answered that act, it waits for the answer, and never takes an earlier act back instead.
 */
export function useActs() {
  const client = useQueryClient()
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const undo = useRef<Promise<{ readonly run: () => void; readonly until: number } | null>>(nothing)
  const hide = (ids: readonly string[], gone: boolean) =>
    setHidden((before) => new Set([...before, ...ids].filter((id) => gone || !ids.includes(id))))
  const refresh = () => client.invalidateQueries({ queryKey: ['queue'] })

  const act = async (
    says: string,
    ids: readonly string[],
    run: () => Promise<(() => Promise<unknown>) | null>,
  ): Promise<void> => {
    hide(ids, true)
    const offered = Promise.withResolvers<Awaited<typeof undo.current>>()
    undo.current = offered.promise
    try {
      const back = await run()
      const offer =
        back === null
          ? null
          : () => {
              if (undo.current === offered.promise) undo.current = nothing
              back().then(
                () => void refresh().then(() => hide(ids, false)),
                (error: unknown) => say(wordsOf(error), { bad: true }),
              )
            }
      offered.resolve(offer === null ? null : { run: offer, until: Date.now() + undoMs })
      say(says, offer === null ? {} : { undo: offer })
    } catch (error) {
      offered.resolve(null)
      say(wordsOf(error), { bad: true })
      hide(ids, false)
    }
    await refresh()
    hide(ids, false)
  }

  const fresh = async (ids: readonly string[]): Promise<Seen[]> =>
    Promise.all(
      ids.map(async (id) => ({ id, version: (await call('GET /api/alerts/:id', { params: { id } })).version })),
    )

  return {
    hidden,
    act,
    undoLast: () => {
      const last = undo.current
      undo.current = nothing
      void last.then((offer) => {
        if (offer !== null && Date.now() < offer.until) offer.run()
      })
    },
    assign: (rows: readonly QueueRow[], person: { readonly id: string; readonly name: string } | null) =>
      act(`${plural(rows.length, 'alert')} given to ${person?.name ?? 'nobody'}.`, [], async () => {
        await call('POST /api/queue/assign', { body: { alerts: seenOf(rows), assignee: person?.id ?? null } })
        return async () => {
          for (const row of rows)
            await call('POST /api/queue/assign', {
              body: { alerts: await fresh([row.id]), assignee: row.assignee?.id ?? null },
            })
        }
      }),
    snooze: (
      rows: readonly QueueRow[],
      until: { readonly for: SnoozeFor; readonly until: string | null; readonly says: string },
    ) =>
      act(
        `${plural(rows.length, 'alert')} asleep ${until.says}.`,
        rows.map(({ id }) => id),
        async () => {
          await call('POST /api/queue/snooze', { body: { alerts: seenOf(rows), for: until.for, until: until.until } })
          return async () => call('POST /api/queue/wake', { body: { alerts: await fresh(rows.map(({ id }) => id)) } })
        },
      ),
    wake: (rows: readonly QueueRow[]) =>
      act(
        `${plural(rows.length, 'alert')} awake.`,
        rows.map(({ id }) => id),
        async () => {
          await call('POST /api/queue/wake', { body: { alerts: seenOf(rows) } })
          return null
        },
      ),
    merge: (rows: readonly QueueRow[], into: QueueRow) =>
      act(
        `${plural(rows.length, 'alert')} merged into A-${into.number}.`,
        rows.map(({ id }) => id),
        async () => {
          await call('POST /api/queue/merge', {
            body: { alerts: seenOf(rows), into: { id: into.id, version: into.version } },
          })
          return async () =>
            call('POST /api/queue/unmerge', { body: { alerts: await fresh(rows.map(({ id }) => id)) } })
        },
      ),
    /** Of a row that leads others: all that were merged into it. */
    unmerge: (row: QueueRow) =>
      act(`Unmerged ${row.mergedInto === null ? `what was in A-${row.number}` : `A-${row.number}`}.`, [], async () => {
        const query = { tab: 'merged', lead: row.id, limit: 500 } as const
        const under = row.mergedInto === null ? (await call('GET /api/queue', { query })).rows : [row]
        const lead = row.mergedInto?.id ?? row.id
        await call('POST /api/queue/unmerge', { body: { alerts: seenOf(under) } })
        return async () => {
          const [into] = await fresh([lead])
          if (into !== undefined)
            await call('POST /api/queue/merge', { body: { alerts: await fresh(under.map(({ id }) => id)), into } })
        }
      }),
    /** Asks anew what could not be looked at; where all was looked at, everything. */
    askAgain: (row: QueueRow) =>
      act(`Asked again about A-${row.number}.`, [], async () => {
        const { findings } = await call('GET /api/alerts/:id', { params: { id: row.id } })
        const missed = findings.filter(({ kind }) => kind === 'failed' || kind === 'not-collected')
        const wanted = missed.length > 0 ? missed : findings
        const asks = new Map(wanted.map(({ question, ask }) => [JSON.stringify([question, ask]), { question, ask }]))
        for (const body of [...asks.values()].slice(0, asksMax))
          await call('POST /api/alerts/:id/ask', { params: { id: row.id }, body })
        return null
      }),
  }
}

/** A ladder has six rungs of a few questions each. */
const asksMax = 20

/** What the server says, and of which alert. */
function wordsOf(error: unknown): string {
  const { says, details } = problemOf(error)
  const named = details.slice(0, 5).map((one) => `${one.field}: ${one.says}`)
  return named.length === 0 ? says : named.join(' ')
}
