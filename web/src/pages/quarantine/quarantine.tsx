import { Button, Modal, Select, Textarea } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { QuarantineRow } from '../../../../src/contract/desk.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { EmptyState, ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { bytesWords, channelWords, plural } from '../../words.ts'
import './quarantine.css'

export function QuarantinePage() {
  const may = useMay()
  const list = useQuery({ queryKey: ['quarantine'], queryFn: () => call('GET /api/quarantine') })
  const [open, setOpen] = useState<QuarantineRow | null>(null)
  if (list.data === undefined)
    return list.error === null ? <Loading /> : <ErrorState error={list.error} retry={() => void list.refetch()} />
  const { rows, released, accepted } = list.data
  return (
    <>
      <div className="page-head">
        <h1>Quarantine</h1>
        <span className="dim">{plural(rows.length, 'message waits', 'messages wait')} for a person</span>
      </div>
      <p className="lead">
        What could not be shown to come from a provider of yours. Nothing here starts anything by itself, and nothing is
        thrown away.
      </p>
      <div className="card quarantine-list">
        {rows.length === 0 ? (
          <EmptyState
            title="Nothing is in quarantine."
            proof={`${plural(accepted, 'message')} passed the checks of sender, signature and source by themselves; ${released} were released by a person.`}
            action={
              may('house.see') ? (
                <Link to="/settings/$part" params={{ part: 'providers' }}>
                  What a sender has to show
                </Link>
              ) : undefined
            }
          />
        ) : (
          rows.map((row) => <Row key={row.id} row={row} open={() => setOpen(row)} />)
        )}
      </div>
      {open !== null && <Release row={open} close={() => setOpen(null)} />}
    </>
  )
}

function Row({ row, open }: { readonly row: QuarantineRow; readonly open: () => void }) {
  const may = useMay()
  const [shown, setShown] = useState(false)
  return (
    <article className="quarantine-row">
      <div className="grow">
        <div className="row">
          <strong className="clip">{row.subject === '' ? '(no subject)' : row.subject}</strong>
          {row.sample && <span className="tag sample">Sample</span>}
        </div>
        <div className="dim quarantine-from">
          {row.from ?? 'no sender'} · <When at={row.receivedAt} ago /> {channelWords[row.channel]} ·{' '}
          {bytesWords(row.sizeBytes)}
        </div>
        <div className="quarantine-reason">
          {row.reason === '' ? (row.authentication?.reasons.join(' ') ?? 'Not accepted.') : row.reason}
        </div>
        {row.authentication !== null && (
          <div className="row wrap tight checks">
            <Check name="SPF" result={row.authentication.spf.result} />
            <Check name="DKIM" result={row.authentication.dkim[0]?.result ?? 'none'} />
            <Check name="DMARC" result={row.authentication.dmarc.result} />
            <Check name="ARC" result={row.authentication.arc.result} />
            {row.authentication.sealed !== undefined && (
              <Check
                name={row.authentication.sealed.method === 'smime' ? 'S/MIME' : 'OpenPGP'}
                result={row.authentication.sealed.signature}
              />
            )}
            <span className="tag">
              {row.authentication.provider === null
                ? 'Sender of no provider'
                : `Claims to be ${row.claims ?? row.authentication.provider.id}`}
            </span>
          </div>
        )}
        {shown && <pre className="quarantine-text">{row.text === '' ? 'There is no text in it.' : row.text}</pre>}
      </div>
      <div className="stack tight quarantine-do">
        <Button size="compact-sm" variant="default" aria-expanded={shown} onClick={() => setShown(!shown)}>
          {shown ? 'Hide the text' : 'Show the text'}
        </Button>
        {may('reader.teach') && (
          <Button size="compact-sm" variant="default" component="a" href={`/teach/${row.id}`}>
            Teach a reader
          </Button>
        )}
        {may('message.download') && (
          <Button size="compact-sm" variant="default" component="a" href={`/api/messages/${row.id}/raw`} download>
            Download the bytes
          </Button>
        )}
        {may('quarantine.release') && (
          <Button size="compact-sm" onClick={open}>
            Release…
          </Button>
        )}
      </div>
    </article>
  )
}

function Check({ name, result }: { readonly name: string; readonly result: string }) {
  return (
    <span
      className={`tag ${result === 'pass' || result === 'valid' ? 'good' : result === 'none' || result === 'neutral' ? '' : 'bad'}`}
    >{`${name} ${result}`}</span>
  )
}

/** No provider has this id; a Select has no other way to say "none". */
const nobody = '-'

function Release({ row, close }: { readonly row: QuarantineRow; readonly close: () => void }) {
  const client = useQueryClient()
  const may = useMay()
  const providers = useQuery({
    queryKey: ['providers'],
    queryFn: () => call('GET /api/providers'),
    enabled: may('house.see'),
  })
  const [providerId, setProviderId] = useState<string | null>(row.authentication?.provider?.id ?? null)
  const [reason, setReason] = useState('')
  const release = useMutation({
    mutationFn: () =>
      call('POST /api/quarantine/:id/release', { params: { id: row.id }, body: { reason, providerId } }),
    onSuccess: () => {
      say('Released: it is read now like any other message.')
      close()
    },
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['quarantine'] }),
        client.invalidateQueries({ queryKey: ['queue'] }),
      ]),
  })
  return (
    <Modal opened onClose={close} title="Release this message" closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className="stack">
        <p>
          “{row.subject}” from {row.from ?? 'nobody'} will be read as if the checks had passed. Your name and reason go
          into the ledger.
        </p>
        <Select
          label="It is from"
          data={[
            ...(providers.data?.providers ?? []).map(({ provider }) => ({ value: provider.id, label: provider.name })),
            { value: nobody, label: 'from nobody we know (opens an alert of its own)' },
          ]}
          value={providerId ?? nobody}
          allowDeselect={false}
          onChange={(value) => setProviderId(value === nobody ? null : value)}
        />
        <Textarea
          label="How you know"
          autosize
          minRows={2}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <Problem error={release.error} />
        <Button disabled={reason.trim() === ''} loading={release.isPending} onClick={() => release.mutate()}>
          Release it
        </Button>
      </div>
    </Modal>
  )
}
