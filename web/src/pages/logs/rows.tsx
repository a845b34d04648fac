import { type ReactNode, useEffect, useRef } from 'react'
import type { LogEventRow } from '../../../../src/contract/logs.ts'
import { className, summaryOf } from './summary.ts'

type Props = {
  readonly events: readonly LogEventRow[]
  readonly cursor: number
  readonly setCursor: (index: number) => void
  readonly open: ReadonlySet<string>
  readonly toggle: (id: string) => void
  /** What an open line shows. */
  readonly detail: (event: LogEventRow) => ReactNode
  /** The event in whose surroundings these stand. */
  readonly marked?: string
  readonly label: string
}

/** Events, one line each; a line opens to all that is known of the event. Rows out of sight cost no layout (content-visibility in logs.css). */
export function EventRows({ events, cursor, setCursor, open, toggle, detail, marked, label }: Props) {
  const list = useRef<HTMLUListElement>(null)
  const keyboard = useRef(cursor)
  useEffect(() => {
    if (keyboard.current === cursor) return
    keyboard.current = cursor
    list.current?.children[cursor]?.scrollIntoView({ block: 'nearest' })
  }, [cursor])
  return (
    <ul className="events" ref={list} aria-label={label}>
      {events.map((event, index) => (
        <li
          key={event.id}
          className={[
            'event',
            open.has(event.id) ? 'open' : '',
            index === cursor ? 'cursor' : '',
            event.id === marked ? 'marked' : '',
          ].join(' ')}
          onMouseDown={() => setCursor(index)}
        >
          <Line event={event} open={open.has(event.id)} toggle={() => toggle(event.id)} />
          {open.has(event.id) && detail(event)}
        </li>
      ))}
    </ul>
  )
}

function Line({
  event,
  open,
  toggle,
}: {
  readonly event: LogEventRow
  readonly open: boolean
  readonly toggle: () => void
}) {
  const product = event.attributes['metadata.product.name']
  const unread = event.parser === ''
  return (
    <button type="button" className="event-line" aria-expanded={open} onClick={toggle}>
      <time className="mono" dateTime={event.time} title={new Date(event.time).toLocaleString()}>
        <span className="event-day">{event.time.slice(5, 10)} </span>
        {event.time.slice(11, 23)}
      </time>
      <span className="clip event-source">{event.source}</span>
      <span className="clip dim event-what">
        {unread ? <span className="tag warn">Unread</span> : (product ?? className(event.class_uid) ?? event.parser)}
      </span>
      <span className="event-says">{summaryOf(event)}</span>
    </button>
  )
}
