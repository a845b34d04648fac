import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { LakePage } from '../../../../src/contract/logs.ts'
import { EmptyState, ErrorState, Loading } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { plural } from '../../words.ts'
import type { LogSearch } from './log-search.ts'

/** Queries that show what the syntax can do; a click runs them. */
const examples = [
  ['203.0.113.9', 'an address, wherever in a line it stands'],
  ['src:10.20.0.0/16 dst_port:(3389, 445) action:allowed', 'a network, one of two ports, allowed'],
  ['user:mweiss class:3002', 'sign-ins of an account (class 3002 is Authentication)'],
  ['cmd:*-enc* NOT user:svc-*', 'command lines with -enc in them, but not of service accounts'],
  ['dns:*.example.net OR url:*example.net*', 'look-ups or visits'],
  ['"connection refused"', 'words that stand next to each other in the line'],
  ['bytes_out:>100000000', 'more than 100 MB sent'],
] as const

/** Before anything was asked: what there is, and how to ask. Nothing is read until somebody does, for every look is in the ledger. */
export function Start({
  lake,
  error,
  set,
}: {
  readonly lake: LakePage | undefined
  readonly error: unknown
  readonly set: (change: LogSearch) => void
}) {
  if (lake === undefined) return error === null ? <Loading lines={8} /> : <ErrorState error={error} />
  const events = lake.sources.reduce((sum, one) => sum + one.events, 0)
  if (events === 0)
    return (
      <div className="card">
        <EmptyState
          title="There are no logs yet."
          proof="As soon as a source sends its first line, it is searched here. The sources page shows three ways to get logs in."
          action={
            <Button component={Link} to="/logs/sources">
              Get logs in
            </Button>
          }
        />
      </div>
    )
  const last = lake.sources
    .flatMap((one) => one.lastReceived ?? [])
    .toSorted()
    .at(-1)
  return (
    <div className="card logs-start">
      <h2>
        {plural(events, 'event')} of {plural(lake.sources.length, 'source')}
        {last !== undefined && (
          <span className="dim">
            , the last came <When at={last} ago />
          </span>
        )}
      </h2>
      <p className="dim">
        Logs are personal data: each search is put into the ledger with who searched for what. Nothing is shown until
        you ask.
      </p>
      <h3 className="section-title">How to ask</h3>
      <ul className="examples">
        {examples.map(([query, says]) => (
          <li key={query}>
            <button type="button" className="mono" onClick={() => set({ q: query })}>
              {query}
            </button>
            <span className="dim">{says}</span>
          </li>
        ))}
      </ul>
      <p className="dim">
        Fields:{' '}
        <code>src dst src_port dst_port user actor host process cmd file hash dns url action class source product</code>
        , any path of OCSF, or the vendor’s own names. What stands side by side must all be true; <code>OR</code>,{' '}
        <code>NOT</code> and brackets work; <code>*</code> is any text; quotes keep words together.
      </p>
      <Button variant="default" onClick={() => set({ q: '' })}>
        Show all lines of the last 24 hours
      </Button>
    </div>
  )
}
