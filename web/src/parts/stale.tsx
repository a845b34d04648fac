import { Button } from '@mantine/core'
import { type Query, useQueryClient } from '@tanstack/react-query'
import { useCallback, useSyncExternalStore } from 'react'
import { problemOf } from '../api.ts'
import { When } from './time.tsx'

/** Something that stands on the page, and could not be read again when that was tried last. */
const isStale = (query: Query): boolean =>
  query.isActive() && query.state.data !== undefined && query.state.status === 'error'

/** Why what stands on the page is from before, since when, and what to do: for every page, whatever it asked for. */
export function Stale() {
  const client = useQueryClient()
  const cache = client.getQueryCache()
  const stale = useSyncExternalStore(
    useCallback((told: () => void) => cache.subscribe(told), [cache]),
    () => cache.getAll().find(isStale),
  )
  if (stale === undefined) return null
  const { says, next } = problemOf(stale.state.error)
  return (
    <div className="notice row between" role="status">
      <span>
        {says} What you see was read <When at={new Date(stale.state.dataUpdatedAt).toISOString()} ago />. {next}
      </span>
      <Button size="compact-sm" variant="default" onClick={() => void client.refetchQueries({ predicate: isStale })}>
        Ask again
      </Button>
    </div>
  )
}
