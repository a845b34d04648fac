import { questions } from '../../../src/model/question.ts'
import { outcomeShort } from '../words.ts'
import { utc } from './time.tsx'

/** Items of a list that are shown; a source may answer with a thousand. */
const itemsShown = 20

/** A value as a source or a step gave it, in words: names spelt out, times in UTC, what is not known said so. `raw` is beside it, as it came. */
export function AsWords({ value, raw = 'As it came' }: { readonly value: unknown; readonly raw?: string }) {
  return (
    <div className="as-words">
      <Words value={value} />
      <details>
        <summary className="dim">{raw}</summary>
        <pre className="answer" tabIndex={0} aria-label={raw}>
          {JSON.stringify(value, null, 2)}
        </pre>
      </details>
    </div>
  )
}

/** `within` another value: what has only single values then stands in one line. */
function Words({ value, within = false }: { readonly value: unknown; readonly within?: boolean }) {
  if (value === null || value === undefined || value === '') return <span className="dim">not known</span>
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return textWords(value)
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return <Items items={value} />
  // What was asked is read before what it was asked with; the data base knows no order of names.
  const entries: [string, unknown][] = Object.entries(value).toSorted(
    ([a], [b]) => Number(b === 'question') - Number(a === 'question'),
  )
  if (entries.length === 0) return <span className="dim">nothing</span>
  if (within && entries.every(([, inner]) => typeof inner !== 'object' || inner === null))
    return entries.map(([name, inner]) => (
      <span key={name} className="as-words-one">
        <span className="dim">{nameWords(name)}</span> <Named name={name} value={inner} />
      </span>
    ))
  return (
    <dl className="kv">
      {entries.map(([name, inner]) => (
        <div key={name} className="kv-pair">
          <dt>{nameWords(name)}</dt>
          <dd>
            <Named name={name} value={inner} />
          </dd>
        </div>
      ))}
    </dl>
  )
}

/** Fields that hold the id of an alert: nobody reads an id, and everybody can open what it stands for. */
const alertNames: ReadonlySet<string> = new Set(['alertId', 'notAlert'])

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function Named({ name, value }: { readonly name: string; readonly value: unknown }) {
  // A row of somebody else's log may call a field so as well.
  if (alertNames.has(name) && typeof value === 'string' && uuid.test(value))
    return <a href={`/alerts/${value}`}>open it</a>
  return <Words value={value} within />
}

function Items({ items }: { readonly items: readonly unknown[] }) {
  if (items.length === 0) return <span className="dim">none</span>
  const shown = items.slice(0, itemsShown)
  const more = items.length > shown.length && <span className="dim"> and {items.length - shown.length} more</span>
  if (items.every((item) => typeof item !== 'object' || item === null))
    return (
      <>
        {shown.map(String).join(', ')}
        {more}
      </>
    )
  return (
    <ol className="as-words-items">
      {shown.map((item, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an answer does not move
        <li key={at}>
          <Words value={item} within />
        </li>
      ))}
      {more !== false && <li>{more}</li>}
    </ol>
  )
}

function textWords(text: string): string {
  if (Object.hasOwn(questions, text)) return questions[text as keyof typeof questions].title
  if (Object.hasOwn(outcomeShort, text)) return outcomeShort[text as keyof typeof outcomeShort]
  return moment.test(text) ? utc(text) : text
}

const moment = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z$/

/** "ownerEmail" and "as-of" are "Owner email" and "As of". */
function nameWords(name: string): string {
  if (Object.hasOwn(outcomeShort, name)) return outcomeShort[name as keyof typeof outcomeShort]
  if (alertNames.has(name)) return name === 'notAlert' ? 'Other than alert' : 'Alert'
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/[-_]/g, ' ')
    .toLowerCase()
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`
}
