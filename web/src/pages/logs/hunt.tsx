import { Button, Textarea } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import type { HuntHit, HuntResult } from '../../../../src/contract/logs.ts'
import { call } from '../../api.ts'
import { inert } from '../../parts/inert.ts'
import { EmptyState, Problem } from '../../parts/states.tsx'
import { utc, When } from '../../parts/time.tsx'
import { kindWords, msWords, plural } from '../../words.ts'
import { hitsCsv } from './hits-csv.ts'
import { LogTabs } from './log-tabs.tsx'
import { searchFor } from './query-words.ts'
import { RangePicker } from './range-picker.tsx'
import { type Range, windowOf } from './time-range.ts'
import './logs.css'

type Asked = { readonly list: Blob; readonly name: string; readonly range: Range | null }

/** A list of indicators against everything that is kept: what of it was seen, when, how often, and by whom. */
export function HuntPage() {
  const [range, setRange] = useState<Range | null>(null)
  const [stop, setStop] = useState<AbortController | null>(null)
  const [stopped, setStopped] = useState(false)
  const hunt = useMutation({
    mutationFn: ({ list, name, range: asked }: Asked) => {
      const form = new FormData()
      if (asked !== null) for (const [end, at] of Object.entries(windowOf(asked, Date.now()))) form.set(end, at)
      form.set('list', list, name)
      const stopping = new AbortController()
      setStop(stopping)
      setStopped(false)
      return call('POST /api/lake/hunt', {}, form, stopping.signal)
    },
  })
  return (
    <>
      <div className="page-head">
        <h1>Logs</h1>
        <LogTabs />
      </div>
      <Ask
        busy={hunt.isPending}
        range={range}
        setRange={setRange}
        go={(list, name) => hunt.mutate({ list, name, range })}
        stop={() => {
          setStopped(true)
          stop?.abort()
        }}
      />
      {hunt.isPending && (
        <p className="dim" role="status">
          Hunting through everything that is kept. A hundred thousand indicators take about a second.
        </p>
      )}
      {stopped ? (
        <p className="notice">Stopped: it is not known what would have been found.</p>
      ) : (
        <Problem error={hunt.error} />
      )}
      {hunt.data !== undefined && <Result result={hunt.data} />}
    </>
  )
}

function Ask({
  busy,
  range,
  setRange,
  go,
  stop,
}: {
  readonly busy: boolean
  readonly range: Range | null
  readonly setRange: (range: Range | null) => void
  readonly go: (list: Blob, name: string) => void
  readonly stop: () => void
}) {
  const [text, setText] = useState('')
  const [over, setOver] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const takeFile = (file: File | undefined) => file !== undefined && go(file, file.name)
  return (
    <section
      className={over ? 'card hunt-ask over' : 'card hunt-ask'}
      aria-label="Indicators to hunt for"
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        setOver(false)
        takeFile(event.dataTransfer.files[0])
      }}
    >
      <Textarea
        label="Indicators"
        description="Addresses, domains, hashes, URLs, accounts, hosts: one a line, a CSV, or a report as text; defanged ones are read too. Or drop a file here."
        rows={6}
        className="hunt-text"
        placeholder={'203.0.113[.]66\nhxxps://login.example[.]net/a\n44d88612fea8a8f36de82e1278abb02f'}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <div className="row wrap">
        {busy ? (
          <Button variant="default" onClick={stop}>
            Stop
          </Button>
        ) : (
          <Button
            disabled={text.trim() === ''}
            onClick={() => go(new Blob([text], { type: 'text/plain' }), 'typed.txt')}
          >
            Hunt
          </Button>
        )}
        <Button variant="default" disabled={busy} onClick={() => input.current?.click()}>
          Hunt with a file
        </Button>
        <input
          ref={input}
          hidden
          type="file"
          accept=".txt,.csv,.json,.ioc,text/*"
          data-testid="indicators"
          onChange={(event) => {
            takeFile(event.currentTarget.files?.[0])
            event.currentTarget.value = ''
          }}
        />
        {range === null ? (
          <Button variant="subtle" onClick={() => setRange({ from: '-30d', to: '' })}>
            In all that is kept; limit the time
          </Button>
        ) : (
          <>
            <RangePicker range={range} set={setRange} />
            <Button variant="subtle" onClick={() => setRange(null)}>
              All that is kept
            </Button>
          </>
        )}
        <span className="dim">Each hunt is put into the ledger, with the digest of the list.</span>
      </div>
    </section>
  )
}

/** Rows that are drawn; the download has all. */
const hitsShown = 500

function Result({ result }: { readonly result: HuntResult }) {
  const shown = result.hits.slice(0, hitsShown)
  return (
    <section className="card hunt-result" aria-label="What was found">
      <div className="row wrap between">
        <h2 role="status">
          {result.hitsInAll === 0 ? 'None of them was seen.' : `${plural(result.hitsInAll, 'indicator')} seen`}
          <span className="dim">
            {' '}
            · {plural(result.misses, 'was', 'were')} not seen · {plural(result.indicators, 'indicator')} looked for in{' '}
            {msWords(result.ms)}
            {result.window !== null && ` · ${utc(result.window.from)} to ${utc(result.window.to)}`}
          </span>
        </h2>
        {result.hits.length > 0 && <Download result={result} />}
      </div>
      {result.warnings.map((warning) => (
        <p key={warning} className="notice">
          {warning}
        </p>
      ))}
      {result.hits.length === 0 ? (
        <EmptyState
          title="Looked, and there is nothing."
          proof="Not seen means: not in the logs that are kept. Sources says which time that is, and where there are gaps."
          action={
            <Button variant="default" component={Link} to="/logs/sources">
              See what is kept
            </Button>
          }
        />
      ) : (
        <Hits hits={shown} window={result.window} />
      )}
      {result.hits.length > shown.length && (
        <p className="dim">
          The first {shown.length} of {plural(result.hitsInAll, 'hit')} are shown; the download has{' '}
          {result.hits.length.toLocaleString('en')}.
        </p>
      )}
      <Unread result={result} />
    </section>
  )
}

function Hits({ hits, window }: { readonly hits: readonly HuntHit[]; readonly window: HuntResult['window'] }) {
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Hits">
      <table className="plain cards hunt-hits">
        <thead>
          <tr>
            <th>Indicator</th>
            <th className="num">Events</th>
            <th>First seen</th>
            <th>Last seen</th>
            <th>Sources</th>
            <th>Hosts</th>
          </tr>
        </thead>
        <tbody>
          {hits.map((hit) => (
            <tr key={`${hit.type} ${hit.indicator}`}>
              <td>
                <Link
                  to="/logs"
                  search={
                    {
                      q: searchFor(hit.indicator),
                      from: window?.from ?? hit.first,
                      // The end of a time is not part of it.
                      to: window?.to ?? new Date(Date.parse(hit.last) + 1000).toISOString(),
                    } as never
                  }
                  className="mono"
                >
                  {inert(hit.indicator)}
                </Link>{' '}
                <span className="dim">{kindWords(hit.type)}</span>
              </td>
              <td data-label="Events" className="num">
                {hit.count.toLocaleString('en')}
              </td>
              <td data-label="First seen">
                <When at={hit.first} ago />
              </td>
              <td data-label="Last seen">
                <When at={hit.last} ago />
              </td>
              <td data-label="Sources">
                {hit.sources.map(({ source, count }) => `${source} (${count.toLocaleString('en')})`).join(', ')}
              </td>
              <td data-label="Hosts">
                <Hosts hosts={hit.hosts} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** Hosts that are named in a row; the download has all. */
const hostsShown = 6

function Hosts({ hosts }: { readonly hosts: HuntHit['hosts'] }) {
  if (hosts === null) return <span className="dim">too frequent to look up</span>
  return (
    <>
      <span className="mono">{hosts.slice(0, hostsShown).map(inert).join(', ')}</span>
      {hosts.length > hostsShown && <span className="dim"> and {hosts.length - hostsShown} more</span>}
    </>
  )
}

/** What was in the list and is no indicator: told, so that nobody believes it was looked for. */
function Unread({ result }: { readonly result: HuntResult }) {
  if (result.unreadInAll === 0) return null
  return (
    <details>
      <summary>Not looked for: {plural(result.unreadInAll, 'line')} that could not be read as an indicator</summary>
      <ul className="hunt-unread">
        {result.unread.map((one) => (
          <li key={one.line}>
            <span className="dim">line {one.line}</span> <span className="mono">{inert(one.text)}</span>{' '}
            <span className="dim">{one.why}</span>
          </li>
        ))}
      </ul>
    </details>
  )
}

function Download({ result }: { readonly result: HuntResult }) {
  const save = () => {
    const url = URL.createObjectURL(new Blob([hitsCsv(result.hits)], { type: 'text/csv' }))
    const link = document.createElement('a')
    link.href = url
    link.download = 'hunt-hits.csv'
    link.click()
    URL.revokeObjectURL(url)
  }
  return (
    <Button size="compact-sm" variant="default" onClick={save}>
      Download as CSV
    </Button>
  )
}
