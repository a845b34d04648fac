import { Button } from '@mantine/core'
import { useId, useLayoutEffect, useRef, useState } from 'react'
import { type Completion, completionsAt, type Known } from './query-words.ts'

type Props = {
  readonly query: string
  readonly run: (query: string) => void
  readonly known: Known
  /** What the server says of the query, and where; null: it could be read. */
  readonly wrong: { readonly says: string; readonly at: number | null } | null
  readonly busy: boolean
  readonly stop: () => void
}

/** The query with completions of fields and known values; Enter runs it, the arrows and Tab choose, Escape closes. */
export function QueryBox({ query, run, known, wrong, busy, stop }: Props) {
  const [text, setText] = useState({ of: query, is: query })
  // A click on a value, or the browser's Back, changes the query from outside.
  const typed = text.of === query ? text.is : query
  const [caret, setCaret] = useState<number | null>(null)
  const [chosen, setChosen] = useState(-1)
  const input = useRef<HTMLInputElement>(null)
  // The caret moves with the text, before the next key comes: a frame later it would jump back into what was typed meanwhile.
  const place = useRef<number | null>(null)
  useLayoutEffect(() => {
    if (place.current !== null) input.current?.setSelectionRange(place.current, place.current)
    place.current = null
  })
  const id = useId()
  const { start, end, completions } = completionsAt(typed, caret ?? 0, known)
  const open = caret !== null && completions.length > 0
  const set = (is: string, at: number | null) => {
    setText({ of: query, is })
    setCaret(at)
    setChosen(-1)
  }
  const take = (completion: Completion) => {
    const space = completion.insert.endsWith(':') ? '' : ' '
    const after = start + completion.insert.length + space.length
    set(typed.slice(0, start) + completion.insert + space + typed.slice(end), after)
    input.current?.focus()
    place.current = after
  }
  const go = () => {
    setCaret(null)
    run(typed.trim())
  }
  const onKeyDown = (event: React.KeyboardEvent<HTMLInputElement>) => {
    const pick = completions[chosen]
    if (event.key === 'Enter') {
      event.preventDefault()
      if (open && pick !== undefined) take(pick)
      else go()
    } else if (event.key === 'Escape') {
      if (open) setCaret(null)
      else event.currentTarget.blur()
    } else if (open && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault()
      const step = event.key === 'ArrowDown' ? 1 : -1
      setChosen((chosen + step + completions.length + (chosen < 0 && step < 0 ? 1 : 0)) % completions.length)
    } else if (open && event.key === 'Tab' && !event.shiftKey) {
      const first = pick ?? completions[0]
      if (first === undefined) return
      event.preventDefault()
      take(first)
    }
  }
  return (
    <div className="query">
      <div className="query-line">
        <input
          ref={input}
          id="log-query"
          className={wrong === null ? 'query-input mono' : 'query-input mono wrong'}
          type="text"
          role="combobox"
          aria-label="Search the logs"
          aria-expanded={open}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-invalid={wrong !== null}
          {...(wrong === null ? {} : { 'aria-describedby': `${id}-wrong` })}
          {...(open && chosen >= 0 ? { 'aria-activedescendant': `${id}-${chosen}` } : {})}
          autoComplete="off"
          spellCheck={false}
          placeholder="All lines, or for example  dst:203.0.113.9 action:denied   ( / )"
          value={typed}
          onChange={(event) => set(event.currentTarget.value, event.currentTarget.selectionStart)}
          onKeyDown={onKeyDown}
          onBlur={() => setCaret(null)}
        />
        {busy ? (
          <Button size="sm" variant="default" onClick={stop}>
            Stop
          </Button>
        ) : (
          <Button size="sm" onClick={go}>
            Search
          </Button>
        )}
      </div>
      <Completions id={id} completions={open ? completions : []} chosen={chosen} take={take} />
      {wrong !== null && <Wrong id={`${id}-wrong`} query={query} wrong={wrong} />}
    </div>
  )
}

/** The place that cannot be read, under the query itself. */
function Wrong({
  id,
  query,
  wrong,
}: {
  readonly id: string
  readonly query: string
  readonly wrong: NonNullable<Props['wrong']>
}) {
  return (
    <div className="query-wrong" id={id} role="alert">
      {wrong.at !== null && (
        <pre aria-hidden="true">
          {query.slice(0, wrong.at)}
          <mark>{query.slice(wrong.at, wrong.at + 1) || ' '}</mark>
          {query.slice(wrong.at + 1)}
        </pre>
      )}
      <span>
        {wrong.at !== null && `At character ${wrong.at + 1}: `}
        {wrong.says}
      </span>
    </div>
  )
}

function Completions({
  id,
  completions,
  chosen,
  take,
}: {
  readonly id: string
  readonly completions: readonly Completion[]
  readonly chosen: number
  readonly take: (completion: Completion) => void
}) {
  return (
    <ul
      id={`${id}-list`}
      role="listbox"
      aria-label="Completions"
      className="completions"
      hidden={completions.length === 0}
    >
      {completions.map((one, index) => (
        <li
          key={one.insert}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === chosen}
          onMouseDown={(event) => {
            event.preventDefault()
            take(one)
          }}
        >
          <span className="mono">{one.insert}</span>
          <span className="dim">{one.says}</span>
        </li>
      ))}
    </ul>
  )
}
