import { Button, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { IntelligencePage, ObservablePage } from '../../../../src/contract/intelligence.ts'
import type { Hit, IntelligenceSource } from '../../../../src/model/intelligence.ts'
import { call } from '../../api.ts'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { kindWords, plural } from '../../words.ts'
import './intelligence.css'

const sourceWords: Record<IntelligenceSource['kind'], string> = {
  file: 'A file',
  taxii: 'TAXII',
  misp: 'MISP',
  'misp-feed': 'A feed of MISP',
  list: 'A list',
}

export function IntelligencePart() {
  const page = useQuery({ queryKey: ['intelligence'], queryFn: () => call('GET /api/intelligence') })
  if (page.data === undefined)
    return page.error === null ? <Loading /> : <ErrorState error={page.error} retry={() => void page.refetch()} />
  return (
    <>
      <LookUp none={page.data.sources.length === 0} />
      <Sources page={page.data} />
      <WarningLists page={page.data} />
      <Attack page={page.data} />
    </>
  )
}

/** The question stands in the address, so that it can be sent to a colleague. */
function LookUp({ none }: { readonly none: boolean }) {
  const { q = '' } = useSearch({ from: '/desk/context/$part' })
  const go = useNavigate()
  const [text, setText] = useState(q)
  const found = useQuery({
    queryKey: ['observable', q],
    queryFn: () => call('GET /api/intelligence/observable', { query: { q } }),
    enabled: q !== '',
    retry: false,
  })
  const ask = (asked: string) =>
    void go({ to: '/context/$part', params: { part: 'intelligence' }, search: asked === '' ? {} : { q: asked } })
  return (
    <section className="card">
      <h2>What do we know of…</h2>
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault()
          ask(text.trim())
        }}
      >
        <TextInput
          className="look-up"
          aria-label="Address, name, URL, mail address or digest"
          placeholder="203.0.113[.]9, evil.example, a URL, a digest"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button type="submit" style={{ flex: 'none' }}>
          Look up
        </Button>
      </form>
      <p className="dim">
        {none
          ? 'Nothing was imported yet, so that nothing can be known.'
          : 'It is looked up here; nobody outside is asked.'}
      </p>
      {q !== '' && found.error !== null && <Problem error={found.error} />}
      {q !== '' && found.isFetching && found.data === undefined && <Loading lines={3} />}
      {q !== '' && found.data !== undefined && <Known known={found.data} />}
    </section>
  )
}

const verdictTags = { malicious: 'tag bad', suspicious: 'tag warn', harmless: 'tag good', unknown: 'tag' } as const

function Known({ known }: { readonly known: ObservablePage }) {
  const { type, value, verdict, note, hits, warnings, sources, stale } = known
  const nothing = hits.length + warnings.length === 0
  return (
    <div className="stack">
      <div className="connector-head">
        <strong className="mono wrap">{value}</strong>
        <span className="dim">{kindWords(type)}</span>
        <span className={verdictTags[verdict]}>
          {nothing ? (sources === 0 ? 'Not collected' : 'Nothing known') : verdict[0]?.toUpperCase() + verdict.slice(1)}
        </span>
      </div>
      {note !== null && <p>{note}</p>}
      {nothing && (
        <p className="dim">
          {sources === 0
            ? 'There is no source that could know it.'
            : `${plural(sources, 'source')} looked through${stale === 0 ? '' : `, ${stale} of them stale: their silence says little`}.`}
        </p>
      )}
      {hits.map((hit) => (
        <HitCard key={`${hit.source} ${hit.relation} ${hit.value} ${hit.says}`} hit={hit} />
      ))}
      {warnings.map((warning) => (
        <div key={`${warning.list} ${warning.entry}`} className="hit">
          <div className="connector-head">
            <strong>{warning.list}</strong>
            <span className={warning.means === 'harmless' ? 'tag good' : 'tag'}>
              {warning.means === 'harmless' ? 'Known good' : 'Well known'}
            </span>
          </div>
          <div className="dim wrap">
            by <span className="mono">{warning.entry}</span>
            {warning.description !== '' && ` · ${warning.description}`}
          </div>
        </div>
      ))}
    </div>
  )
}

const relations: Record<Hit['relation'], string> = {
  exact: 'this very thing',
  'host-of-url': 'the host of the URL',
  'parent-domain': 'the domain above it',
  network: 'the network around it',
  'url-on-host': 'a URL on it',
}
const states: Record<Hit['state'], string> = { live: 'holds', expired: 'no longer holds', revoked: 'was taken back' }

function HitCard({ hit }: { readonly hit: Hit }) {
  const {
    source,
    relation,
    value,
    stance,
    state,
    tlp,
    confidence,
    firstHeard,
    lastHeard,
    validUntil,
    says,
    threats,
    tags,
  } = hit
  return (
    <div className="hit">
      <div className="connector-head">
        <strong>{source}</strong>
        <Tlp tlp={tlp} />
        <span
          className={
            state !== 'live'
              ? 'tag'
              : stance === 'malicious'
                ? 'tag bad'
                : stance === 'suspicious'
                  ? 'tag warn'
                  : 'tag good'
          }
        >
          {stance}, {states[state]}
        </span>
      </div>
      <div>
        It lists {relations[relation]}
        {relation !== 'exact' && (
          <>
            : <span className="mono wrap">{value}</span>
          </>
        )}
        {threats.length > 0 && `, for ${[...new Set(threats.map(({ name }) => name))].join(', ')}`}.
      </div>
      {says !== '' && <div className="wrap">{says}</div>}
      <div className="dim wrap">
        heard first <When at={firstHeard} ago />, last <When at={lastHeard} ago />
        {confidence !== null && ` · ${confidence} of 100 sure`}
        {validUntil !== null && (
          <>
            {' '}
            · until <When at={validUntil} />
          </>
        )}
        {tags.length > 0 && ` · ${tags.slice(0, 6).join(', ')}`}
      </div>
    </div>
  )
}

/** The light as a word; the colour is beside it, never alone. */
function Tlp({ tlp }: { readonly tlp: Hit['tlp'] }) {
  if (tlp === null) return <span className="dim">no marking</span>
  if (tlp === 'unread') return <span className="tlp tlp-strict">Marking not readable: stays here</span>
  return <span className={`tlp tlp-${tlp.toLowerCase().replace('amber+', '')}`}>TLP:{tlp}</span>
}

function Sources({ page }: { readonly page: IntelligencePage }) {
  return (
    <section className="card">
      <h2>Sources</h2>
      {page.sources.length === 0 && (
        <p className="dim">
          None yet. <code>counterfoil import intelligence FILE</code> takes STIX, MISP, CSV and lists;{' '}
          <code>intelligence.feeds</code> in counterfoil.yaml fetches TAXII, MISP and lists.
        </p>
      )}
      {page.sources.map((source) => (
        <div key={source.id} className="hit">
          <div className="connector-head">
            <strong>{source.title}</strong>
            <span className="dim">{sourceWords[source.kind]}</span>
            <Tlp tlp={source.tlp} />
            {source.failingSince === null ? (
              <span className={source.stale ? 'tag warn' : 'tag good'}>
                {source.lastSuccess === null ? 'Never fetched' : source.stale ? 'Stale' : 'Fresh'}
              </span>
            ) : (
              <span className="tag bad">Failing</span>
            )}
          </div>
          <div className="dim">
            {plural(source.indicators, 'indicator')} that {source.indicators === 1 ? 'holds' : 'hold'}
            {source.lastSuccess !== null && (
              <>
                {' '}
                · heard <When at={source.lastSuccess} ago />
              </>
            )}
          </div>
          {source.failingSince !== null && (
            <div className="wrap">
              Failing since <When at={source.failingSince} ago />: {source.why}. It is tried again by itself.
            </div>
          )}
        </div>
      ))}
      {page.hunt !== null && (
        <p className="dim">
          New indicators are looked for in your logs: <When at={page.hunt.huntedUntil} ago />. {page.hunt.says}
        </p>
      )}
    </section>
  )
}

function WarningLists({ page }: { readonly page: IntelligencePage }) {
  return (
    <section className="card">
      <h2>What is known to be good</h2>
      {page.warningLists.length === 0 && (
        <p className="dim">
          No list yet. <code>counterfoil import warninglist FILE…</code> takes those of MISP: they keep a feed's mistake
          from making half the internet malicious.
        </p>
      )}
      {page.warningLists.map((list) => (
        <div key={list.name} className="connector-head">
          <strong className="wrap">{list.name}</strong>
          <span className={list.means === 'harmless' ? 'tag good' : 'tag'}>
            {list.means === 'harmless' ? 'Known good' : 'Well known'}
          </span>
          <span className="dim">
            {plural(list.entries, 'entry', 'entries')} by {list.match} · <When at={list.importedAt} ago />
          </span>
        </div>
      ))}
    </section>
  )
}

function Attack({ page }: { readonly page: IntelligencePage }) {
  return (
    <section className="card">
      <h2>MITRE ATT&CK</h2>
      {page.attack === null ? (
        <p className="dim">
          Not imported: techniques in alerts stand as the provider named them.{' '}
          <code>counterfoil import attack enterprise-attack.json</code>
        </p>
      ) : (
        <p>
          Version {page.attack.version}, {plural(page.attack.techniques, 'technique')}, imported{' '}
          <When at={page.attack.importedAt} ago />. What was revoked is shown as what took its place.
        </p>
      )}
    </section>
  )
}
