import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Fragment, useState } from 'react'
import type { LakePage } from '../../../../src/contract/logs.ts'
import type { SourceStatus } from '../../../../src/model/lake.ts'
import { useMay } from '../../me.ts'
import { DownIcon } from '../../parts/icons.tsx'
import { ErrorState, Loading } from '../../parts/states.tsx'
import { useNow, When } from '../../parts/time.tsx'
import { bytesWords } from '../../words.ts'
import { compact } from '../logs/facets.tsx'
import { lakeQuery } from '../logs/log-search.ts'
import { LogTabs } from '../logs/log-tabs.tsx'
import { Backlog } from './backlog.tsx'
import { SourceDetail } from './detail.tsx'
import { type Editing, EditSource } from './edit.tsx'
import { GetLogsIn } from './get-logs-in.tsx'
import { Sparkline } from './sparkline.tsx'
import { stateOf } from './state.ts'
import { Week } from './week.tsx'
import './sources.css'

export function LogSourcesPage() {
  const lake = useQuery(lakeQuery)
  const [editing, setEditing] = useState<Editing | null>(null)
  return (
    <>
      <div className="page-head">
        <h1>Logs</h1>
        <LogTabs />
        <Add add={() => setEditing({ id: null, seen: null })} />
      </div>
      {lake.data === undefined ? (
        lake.error === null ? (
          <Loading lines={10} />
        ) : (
          <ErrorState
            error={lake.error}
            retry={() => void lake.refetch()}
            last={
              <p className="dim">
                Lines that come meanwhile are kept in the spool of the doors, as far as there is room.
              </p>
            }
          />
        )
      ) : (
        <Sources lake={lake.data} edit={setEditing} />
      )}
      {editing !== null && lake.data !== undefined && (
        <EditSource editing={editing} lake={lake.data} close={() => setEditing(null)} />
      )}
    </>
  )
}

function Add({ add }: { readonly add: () => void }) {
  const may = useMay()
  if (!may('log-source.change')) return null
  return (
    <Button size="compact-sm" className="source-add" onClick={add}>
      Add a source
    </Button>
  )
}

type Props = { readonly lake: LakePage; readonly edit: (editing: Editing) => void }

function Sources({ lake, edit }: Props) {
  const { sources } = lake
  const perDay = sources.reduce((sum, one) => sum + one.diskBytesPerDay, 0)
  const onDisk = sources.reduce((sum, one) => sum + one.diskBytes, 0)
  return (
    <>
      <Backlog lake={lake} />
      {sources.length > 0 && (
        <div className="card sources-card">
          <Table sources={sources} edit={edit} />
        </div>
      )}
      {sources.length > 0 && (
        <p className="dim sources-foot">
          {bytesWords(onDisk)} on disk, {bytesWords(perDay)} more a day
          {lake.disk !== null &&
            `; ${bytesWords(lake.disk.freeBytes)} are free, of which ${bytesWords(lake.disk.keepFreeBytes)} stay free`}
          {lake.where === 'cluster' && '; in a ClickHouse cluster'}
        </p>
      )}
      <GetLogsIn lake={lake} open={sources.length === 0} />
    </>
  )
}

function Table({ sources, edit }: { readonly sources: readonly SourceStatus[]; readonly edit: Props['edit'] }) {
  const [open, setOpen] = useState<string | null>(null)
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Sources of logs">
      <table className="plain sources">
        <thead>
          <tr>
            <th>Source</th>
            <th>State</th>
            <th>Last 48 hours</th>
            <th className="num">A day</th>
            <th className="num">Unread</th>
            <th>Last event</th>
            <th>Last 7 days</th>
            <th className="num">Disk</th>
            <th>Kept</th>
          </tr>
        </thead>
        <tbody>
          {sources.map((status) => (
            <Fragment key={status.source.id}>
              <Row
                status={status}
                open={open === status.source.id}
                toggle={() => setOpen(open === status.source.id ? null : status.source.id)}
              />
              {open === status.source.id && (
                <tr className="source-open">
                  <td colSpan={9}>
                    <SourceDetail status={status} edit={edit} />
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({
  status,
  open,
  toggle,
}: {
  readonly status: SourceStatus
  readonly open: boolean
  readonly toggle: () => void
}) {
  const { source } = status
  const { word, tone } = stateOf(status, useNow())
  return (
    <tr>
      <td>
        <button type="button" className="source-name" aria-expanded={open} onClick={toggle}>
          <span className={open ? 'turn open' : 'turn'}>
            <DownIcon size={12} />
          </span>
          <span className="mono">{source.id}</span>
          {source.title !== '' && <span className="dim clip">{source.title}</span>}
        </button>
      </td>
      <td>
        <span className={`tag ${tone}`}>{word}</span>
      </td>
      <td>
        <Sparkline hours={status.hours} />
      </td>
      <td className="num s-wide">{compact(status.eventsPerDay)}</td>
      <td className="num s-wide">{unreadWords(status)}</td>
      <td>{status.last === null ? <span className="dim">never</span> : <When at={status.last} ago />}</td>
      <td className="s-wide">
        <Week status={status} />
      </td>
      <td className="num s-wide">{bytesWords(status.diskBytes)}</td>
      <td className="s-wide">{keptWords(status)}</td>
    </tr>
  )
}

function unreadWords({ events, unread }: SourceStatus): string {
  if (events === 0 || unread === 0) return '0 %'
  const share = (unread / events) * 100
  return share < 0.1 ? '< 0.1 %' : `${share.toFixed(share < 10 ? 1 : 0)} %`
}

/** "90 d", "90 d, 50 GB at most": which of the two comes first decides. */
function keptWords({ source }: SourceStatus): string {
  const days = source.keepDays === null ? '' : `${source.keepDays} d`
  const bytes = source.keepBytes === null ? '' : `${bytesWords(source.keepBytes)} at most`
  return [days, bytes].filter((part) => part !== '').join(', ') || 'for ever'
}
