import { Button, CopyButton } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import type { LogEventRow } from '../../../../src/contract/logs.ts'
import { inert } from '../../parts/inert.ts'
import { utc } from '../../parts/time.tsx'
import { nameOfField } from './query-words.ts'
import { className } from './summary.ts'

/** What can be done with an event or a value of it. */
export type EventActs = {
  readonly add: (field: string, value: string, not: boolean) => void
  readonly lookFor: (value: string) => void
}

type Props = {
  readonly event: LogEventRow
  readonly act: EventActs
  /** The lines before and after; not where they are shown already. */
  readonly around?: (id: string) => ReactNode
}

/** All that is known of one event. What the vendor wrote is shown as text, whatever it holds. */
export function EventDetail({ event, act, around }: Props) {
  const [context, setContext] = useState(false)
  const attributes = Object.entries(event.attributes)
  const fields = Object.entries(event.fields)
  return (
    <div className="event-detail">
      <div className="row wrap event-acts">
        {around !== undefined && (
          <Button size="compact-sm" variant="default" aria-expanded={context} onClick={() => setContext(!context)}>
            {context ? 'Hide the lines around it' : 'Lines before and after'}
          </Button>
        )}
        <CopyButton value={event.raw}>
          {({ copied, copy }) => (
            <Button size="compact-sm" variant="default" onClick={copy}>
              {copied ? 'Copied' : event.cut ? 'Copy what is shown' : 'Copy the line'}
            </Button>
          )}
        </CopyButton>
        <Button size="compact-sm" variant="default" component="a" href={`/api/lake/events/${event.id}/raw`} download>
          Download the line
        </Button>
        <span className="dim">
          {utc(event.time)} · received {utc(event.received)} ·{' '}
          {event.parser === '' ? 'no parser read it' : `read by ${event.parser}`}
          {event.class_uid !== 0 && ` · ${className(event.class_uid) ?? `class ${event.class_uid}`}`}
        </span>
      </div>
      {context && around?.(event.id)}
      <h3 className="section-title">The line</h3>
      <pre className="raw-line" tabIndex={0} aria-label="The line as it came">
        {inert(event.raw)}
      </pre>
      {event.cut && <p className="notice">Shown cut: it is longer than a page shows. The download has all of it.</p>}
      <div className="event-two">
        <section>
          <h3 className="section-title">What it means</h3>
          {attributes.length === 0 && <p className="dim">Nothing was read from it yet.</p>}
          <dl className="values">
            {attributes.map(([path, value]) => (
              <Value key={path} path={path} value={value} act={act} />
            ))}
          </dl>
          {event.observables.length > 0 && (
            <>
              <h3 className="section-title">Observables</h3>
              <ul className="chips">
                {event.observables.map((value) => (
                  <li key={value}>
                    <button
                      type="button"
                      className="chip mono"
                      title={`Search for ${value}`}
                      onClick={() => act.lookFor(value)}
                    >
                      {inert(value)}
                    </button>
                  </li>
                ))}
              </ul>
            </>
          )}
        </section>
        <section>
          <h3 className="section-title">As the vendor names it</h3>
          {fields.length === 0 ? (
            <p className="dim">The line has no fields that could be told apart.</p>
          ) : (
            <dl className="values vendor">
              {fields.map(([name, value]) => (
                <div key={name}>
                  <dt className="mono">{inert(name)}</dt>
                  <dd className="mono">{inert(value)}</dd>
                </div>
              ))}
            </dl>
          )}
        </section>
      </div>
    </div>
  )
}

function Value({
  path,
  value,
  act,
}: {
  readonly path: string
  readonly value: LogEventRow['attributes'][string]
  readonly act: EventActs
}) {
  const values = Array.isArray(value) ? value : [String(value)]
  return (
    <div>
      <dt title={`In a query: ${nameOfField(path)}:`}>{path}</dt>
      {values.map((one) => (
        <dd key={one}>
          <span className="mono">{inert(one)}</span>
          <span className="value-acts">
            <button
              type="button"
              aria-label={`Only ${path} ${one}`}
              title="Only such"
              onClick={() => act.add(path, one, false)}
            >
              only
            </button>
            <button
              type="button"
              aria-label={`Not ${path} ${one}`}
              title="Leave such out"
              onClick={() => act.add(path, one, true)}
            >
              not
            </button>
          </span>
        </dd>
      ))}
    </div>
  )
}
