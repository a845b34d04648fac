import { Button, Select, TextInput } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useRef } from 'react'
import type { VulnerabilityRow } from '../../../../src/contract/vulnerabilities.ts'
import { VulnerabilityQuery } from '../../../../src/contract/vulnerabilities.ts'
import { Level } from '../../../../src/model/question.ts'
import { VulnerabilitySeverity } from '../../../../src/model/vulnerability.ts'
import { call } from '../../api.ts'
import { useKeys } from '../../parts/keys.ts'
import { ShowMore } from '../../parts/show-more.tsx'
import { EmptyState, ErrorState, Loading } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { severityWords } from '../../words.ts'
import { useContextSearch, useTyped } from './search.ts'
import { CveLinks, DueCell, SeverityCell } from './vulnerability-cells.tsx'
import { CveView } from './vulnerability-cve.tsx'
import { MachineView } from './vulnerability-machine.tsx'
import { VulnerabilitySources } from './vulnerability-sources.tsx'
import './vulnerabilities.css'

const dueWords = { overdue: 'Overdue', week: 'Due in 7 days', month: 'Due in 31 days', dated: 'With a day' } as const
const filters = { q: '', severity: '', due: '', kev: '', exposed: '', criticality: '' }

/** What is open: a row for each check, the soonest due first. `cve` and `machine` in the address open one of them. */
export function VulnerabilitiesPart() {
  const [search, setSearch] = useContextSearch()
  const { cve, machine } = search
  const back = () => setSearch({ cve: '', machine: '' })
  if (cve !== undefined) return <CveView key={cve} cve={cve} back={back} />
  if (machine !== undefined) return <MachineView key={machine} name={machine} back={back} />
  return <OpenList />
}

function OpenList() {
  const [search, setSearch] = useContextSearch()
  const query = VulnerabilityQuery.safeParse({ ...filters, ...pick(search) }).data ?? VulnerabilityQuery.parse({})
  const [typed, setTyped] = useTyped(query.q, (q) => setSearch({ q }))
  const box = useRef<HTMLInputElement>(null)
  useKeys({ '/': () => box.current?.focus() })
  const sources = useQuery({
    queryKey: ['vulnerabilities', 'sources'],
    queryFn: () => call('GET /api/vulnerabilities/sources'),
  })
  const list = useInfiniteQuery({
    queryKey: ['vulnerabilities', 'list', query],
    queryFn: ({ pageParam }) => call('GET /api/vulnerabilities', { query: { ...query, after: pageParam } }),
    initialPageParam: '',
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: (before) => before,
  })
  const rows = list.data?.pages.flatMap((page) => page.rows) ?? []
  const narrowed = Object.entries(query).some(([name, value]) => name !== 'after' && value !== '')
  if (sources.data !== undefined && sources.data.scans.length === 0) return <NeverScanned feeds={sources.data.feeds} />
  return (
    <>
      {sources.data !== undefined && <VulnerabilitySources {...sources.data} />}
      <div className="row wrap vulnerability-filters">
        <TextInput
          ref={box}
          aria-label="Search vulnerabilities"
          placeholder="CVE, or part of a title   /"
          className="grow"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Choice
          label="Due"
          all="Any day"
          value={query.due}
          options={Object.entries(dueWords)}
          choose={(due) => setSearch({ due })}
        />
        <Choice
          label="Exploited"
          all="Exploited or not"
          value={query.kev}
          options={[['yes', 'Known exploited']]}
          choose={(kev) => setSearch({ kev })}
        />
        <Choice
          label="Exposure"
          all="Any exposure"
          value={query.exposed}
          options={[['yes', 'Faces the internet']]}
          choose={(exposed) => setSearch({ exposed })}
        />
        <Choice
          label="Severity"
          all="From low"
          value={query.severity}
          options={VulnerabilitySeverity.options.map((one) => [
            one,
            one === 'info' ? 'All, also notes' : `From ${severityWords[one].toLowerCase()}`,
          ])}
          choose={(severity) => setSearch({ severity })}
        />
        <Choice
          label="Criticality"
          all="Any machine"
          value={query.criticality}
          options={Level.options.map((one) => [one, `Criticality from ${severityWords[one].toLowerCase()}`])}
          choose={(criticality) => setSearch({ criticality })}
        />
      </div>
      {list.data === undefined ? (
        list.error === null ? (
          <Loading />
        ) : (
          <ErrorState error={list.error} retry={() => void list.refetch()} />
        )
      ) : rows.length === 0 ? (
        <EmptyState
          title={narrowed ? 'Nothing open is like that.' : 'Nothing is open.'}
          proof={
            list.data.pages[0]?.countedAt == null ? (
              'The reports that were imported found nothing.'
            ) : (
              <>
                Counted <When at={list.data.pages[0].countedAt} ago />.
              </>
            )
          }
          action={narrowed ? <Button onClick={() => setSearch(filters)}>Show all that is open</Button> : undefined}
        />
      ) : (
        <div className="card vulnerability-card">
          <OpenTable rows={rows} hasKev={sources.data?.feeds.some(({ feed }) => feed === 'kev') === true} />
          <ShowMore list={list} />
        </div>
      )}
    </>
  )
}

function pick(search: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.keys(filters).flatMap((name) => (search[name] === undefined ? [] : [[name, search[name]]])),
  )
}

function Choice(props: {
  readonly label: string
  readonly all: string
  readonly value: string
  readonly options: readonly (readonly [value: string, label: string])[]
  readonly choose: (value: string) => void
}) {
  return (
    <Select
      aria-label={props.label}
      placeholder={props.all}
      clearable
      data={props.options.map(([value, label]) => ({ value, label }))}
      value={props.value === '' ? null : props.value}
      onChange={(value) => props.choose(value ?? '')}
    />
  )
}

function OpenTable({ rows, hasKev }: { readonly rows: readonly VulnerabilityRow[]; readonly hasKev: boolean }) {
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Open vulnerabilities">
      <table className="plain cards vulnerability-table">
        <thead>
          <tr>
            <th>Due</th>
            <th>Vulnerability</th>
            <th>CVE</th>
            <th>Severity</th>
            <th>Machines</th>
            <th>Criticality</th>
            <th>Exploited</th>
            <th title="Probability of being exploited in the next 30 days">EPSS</th>
            <th>Since</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.checkId}>
              <td className="due">
                <DueCell due={row.due} cleared={row.clearedHosts > 0 && row.clearedHosts === row.hosts} />
              </td>
              <td data-label="Vulnerability" className="clip wide" title={row.title}>
                <span className="few-lines">
                  {row.cves[0] === undefined ? (
                    row.title
                  ) : (
                    <Link to="/context/$part" params={{ part: 'vulnerabilities' }} search={{ cve: row.cves[0] }}>
                      {row.title}
                    </Link>
                  )}
                </span>
              </td>
              <td data-label="CVE" className="mono clip">
                <CveLinks cves={row.cves} />
              </td>
              <td data-label="Severity">
                <SeverityCell severity={row.severity} score={row.score} />
              </td>
              <td data-label="Machines">
                <span className="count">{row.hosts}</span>
                {row.exposedHosts > 0 && <span className="tag warn">{row.exposedHosts} exposed</span>}
                {row.clearedHosts > 0 && (
                  <span className="tag good" title="The vendor says for certain that these are not affected, or fixed">
                    {row.clearedHosts} cleared by the vendor
                  </span>
                )}
              </td>
              <td data-label="Criticality">
                {row.criticality === null ? (
                  <span className="dim">not known</span>
                ) : (
                  <span className={`sev ${row.criticality}`}>{severityWords[row.criticality]}</span>
                )}
              </td>
              <td data-label="Exploited">
                {row.kevAdded === null ? (
                  <span className="dim">{hasKev ? 'not listed' : 'not known'}</span>
                ) : (
                  <span className="tag bad">since {row.kevAdded}</span>
                )}
              </td>
              <td data-label="EPSS" className="num">
                {row.epss === null ? <span className="dim">–</span> : `${(row.epss * 100).toFixed(1)} %`}
              </td>
              <td data-label="Since">
                <When at={row.firstSeen} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function NeverScanned({ feeds }: { readonly feeds: readonly { readonly feed: string }[] }) {
  return (
    <EmptyState
      title="No scanner's report was imported yet."
      proof="Whether a target was vulnerable to what an alert says stays “not collected” until then."
      action={
        <div className="stack">
          <code>counterfoil import scan REPORT</code>
          <span className="dim">
            Nessus, Tenable, Qualys, OpenVAS, Rapid7, Nmap, Microsoft Defender.
            {feeds.length === 0 &&
              ' Then kev, epss, vulnrichment and csaf, for what is exploited and by when it has to be gone.'}
          </span>
        </div>
      }
    />
  )
}
