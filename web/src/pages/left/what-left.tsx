import { Button, Select, TextInput } from '@mantine/core'
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { EgressEntry } from '../../../../src/contract/egress.ts'
import { EgressState } from '../../../../src/model/egress.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { useKeys } from '../../parts/keys.ts'
import { EmptyState, ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { bytesWords } from '../../words.ts'
import { kindWords, stateTags, stateWords } from './left-words.ts'
import './what-left.css'

/** The egress ledger: every byte that was let leave, towards a provider, a chat or a ticket elsewhere. */
export function WhatLeftPage() {
  const search = useSearch({ from: '/desk/ledger/left' })
  const list = useInfiniteQuery({
    queryKey: ['queue', 'egress', search],
    queryFn: ({ pageParam }) =>
      call('GET /api/egress', { query: { ...search, ...(pageParam === '' ? {} : { before: pageParam }) } }),
    initialPageParam: '',
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
  })
  if (list.data === undefined)
    return list.error === null ? (
      <Loading lines={12} />
    ) : (
      <ErrorState error={list.error} retry={() => void list.refetch()} />
    )
  const rows = list.data.pages.flatMap((page) => page.rows)
  return (
    <>
      <div className="page-head">
        <h1>What left</h1>
        <Filters />
        <Button component="a" href="/api/egress/export" download size="compact-sm" variant="default">
          Export
        </Button>
      </div>
      <p className="dim left-says">
        Everything that a person let leave towards a provider, byte for byte, and each message to a chat or a ticket
        elsewhere that the agreement with its place let leave. Nothing passes the gate without a line here.{' '}
        <Link to="/ledger">The whole ledger</Link>
      </p>
      {rows.length === 0 ? (
        <div className="card">
          <EmptyState
            title={Object.keys(search).length > 0 ? 'Nothing that left is like that.' : 'Nothing has left yet.'}
            proof="An answer stands here from the moment somebody releases it, also while it is held, and as a dry run."
            action={
              Object.keys(search).length > 0 ? (
                <Link to="/ledger/left">Show all that left</Link>
              ) : (
                <Link to="/queue" search={{ tab: 'answer' }}>
                  See what waits to be answered
                </Link>
              )
            }
          />
        </div>
      ) : (
        <div className="card left-table">
          <table>
            <thead>
              <tr>
                <th scope="col">Released</th>
                <th scope="col">What, to whom</th>
                <th scope="col">Bytes</th>
                <th scope="col">State</th>
                <th scope="col">Ledger</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <Row key={row.id} row={row} />
              ))}
            </tbody>
          </table>
          {list.hasNextPage && (
            <Button
              variant="default"
              fullWidth
              loading={list.isFetchingNextPage}
              onClick={() => void list.fetchNextPage()}
            >
              Show older
            </Button>
          )}
        </div>
      )}
    </>
  )
}

function Row({ row }: { readonly row: EgressEntry }) {
  return (
    <tr>
      <td>
        <When at={row.releasedAt} ago />
        <div className="dim">
          {row.providerId === '' ? 'agreed by' : 'by'} {row.releasedByName}
        </div>
      </td>
      <td>
        <div>
          <strong>
            {row.kind === 'reply' ? (
              <Link to="/replies/$id" params={{ id: row.of.slice('reply:'.length) }}>
                {row.subject}
              </Link>
            ) : row.of.startsWith('alert:') ? (
              <Link to="/alerts/$id" params={{ id: row.of.slice('alert:'.length) }}>
                {row.subject}
              </Link>
            ) : (
              row.subject
            )}
          </strong>
        </div>
        <div className="dim">
          {row.providerId === ''
            ? `${kindWords[row.kind]}: ${row.providerName}`
            : `${kindWords[row.kind]} to ${row.providerName}: ${row.recipients.join(', ')}`}
        </div>
        <div className="dim">{row.rule}</div>
      </td>
      <td>
        {bytesWords(row.sizeBytes)}
        <div className="mono dim left-hash" title={row.sha256}>
          {row.sha256.slice(0, 16)}…
        </div>
        {row.protection !== null && (
          <div className="dim">
            {row.protection.encryptedTo.length === 0
              ? 'Signed'
              : `Signed, encrypted to ${row.protection.encryptedTo.map((one) => `${one.slice(0, 8)}…`).join(', ')}`}
            , in the clear{' '}
            <span className="mono" title={row.clearSha256 ?? ''}>
              {row.clearSha256?.slice(0, 8)}…
            </span>
          </div>
        )}
      </td>
      <td>
        <span className={`tag ${stateTags[row.state]}`}>{stateWords[row.state]}</span>
        {row.leftAt !== null && (
          <div className="dim">
            <When at={row.leftAt} ago />
          </div>
        )}
        {row.receipt !== null && <div className="dim left-receipt">{row.receipt}</div>}
        {row.kind === 'pack' && <PackActs row={row} />}
      </td>
      <td>
        <Link to="/ledger" search={{ subject: row.of.split('/')[0] ?? '' }}>
          {row.ledgerIndex === null
            ? row.providerId !== '' || row.state === 'left'
              ? 'being signed'
              : 'no line of its own'
            : `No. ${row.ledgerIndex}`}
        </Link>
      </td>
    </tr>
  )
}

/** What may still be done with the mail of a pack; an answer has its own page for it. */
function PackActs({ row }: { readonly row: EgressEntry }) {
  const client = useQueryClient()
  const may = useMay()
  const [reason, setReason] = useState('')
  const after = { onSettled: () => client.invalidateQueries({ queryKey: ['queue', 'egress'] }) }
  const withdraw = useMutation({
    mutationFn: () => call('POST /api/egress/:id/withdraw', { params: { id: row.id } }),
    ...after,
  })
  const settle = useMutation({
    mutationFn: (arrived: boolean) =>
      call('POST /api/egress/:id/settle', { params: { id: row.id }, body: { arrived, reason } }),
    ...after,
  })
  if (!may('reply.release')) return null
  if (row.state === 'released')
    return (
      <>
        <Button
          size="compact-xs"
          color="red"
          variant="outline"
          loading={withdraw.isPending}
          onClick={() => withdraw.mutate()}
        >
          Take it back
        </Button>
        <Problem error={withdraw.error} />
      </>
    )
  if (row.state !== 'unconfirmed') return null
  return (
    <div className="stack">
      <TextInput
        size="xs"
        aria-label="How you know whether it arrived"
        placeholder="How you know"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <div className="row">
        <Button size="compact-xs" disabled={reason.trim() === ''} onClick={() => settle.mutate(true)}>
          It arrived
        </Button>
        <Button
          size="compact-xs"
          variant="default"
          disabled={reason.trim() === ''}
          onClick={() => settle.mutate(false)}
        >
          It did not
        </Button>
      </div>
      <Problem error={settle.error} />
    </div>
  )
}

function Filters() {
  const search = useSearch({ from: '/desk/ledger/left' })
  const navigate = useNavigate({ from: '/ledger/left' })
  const [text, setText] = useState(search.q ?? '')
  // The filter may change without the field: by "show all", by the way back.
  const [shown, setShown] = useState(search.q)
  if (shown !== search.q) {
    setShown(search.q)
    setText(search.q ?? '')
  }
  const providers = useQuery({ queryKey: ['providers'], queryFn: () => call('GET /api/providers') })
  const set = (change: Record<string, string | null>) =>
    void navigate({
      search: (before) =>
        Object.fromEntries(
          Object.entries({ ...before, ...change }).filter(([, value]) => value !== '' && value !== null),
        ),
      replace: true,
    })
  useKeys({ '/': () => document.querySelector<HTMLInputElement>('#left-filter')?.focus() })
  return (
    <div className="row wrap narrows" role="search" aria-label="Filter what left">
      <TextInput
        id="left-filter"
        size="xs"
        placeholder="Filter  ( / )"
        aria-label="Filter by subject, recipient or hash, Enter"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          // With several fields and no button a browser does not submit by Enter.
          if (event.key === 'Enter') set({ q: text })
          if (event.key === 'Escape') event.currentTarget.blur()
        }}
      />
      <Select
        size="xs"
        aria-label="Provider"
        placeholder="All providers"
        clearable
        data={(providers.data?.providers ?? []).map(({ provider }) => ({ value: provider.id, label: provider.name }))}
        value={search.provider ?? null}
        onChange={(provider) => set({ provider })}
      />
      <Select
        size="xs"
        aria-label="State"
        placeholder="All states"
        clearable
        data={EgressState.options.map((value) => ({ value, label: stateWords[value] }))}
        value={search.state ?? null}
        onChange={(state) => set({ state })}
      />
      <Select
        size="xs"
        aria-label="Kind"
        placeholder="Of every kind"
        clearable
        data={Object.entries(kindWords).map(([value, label]) => ({ value, label }))}
        value={search.kind ?? null}
        onChange={(kind) => set({ kind })}
      />
    </div>
  )
}
