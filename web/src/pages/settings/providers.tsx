import { Button, Modal, MultiSelect, Select, Switch, TagsInput, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { ProviderRow } from '../../../../src/contract/house.ts'
import type { Provider, ShareableClass } from '../../../../src/model/provider.ts'
import { call, fieldProblem } from '../../api.ts'
import { useMay } from '../../me.ts'
import { EmptyState, ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { classWords, plural } from '../../words.ts'
import { TheirKeys } from './mail-keys.tsx'
import { MailRulePart } from './mail-rule.tsx'
import { DoorForm } from './provider-door.tsx'
import { providerIdOf } from './provider-id.ts'
import { RepeatRate } from './repeat-rate.tsx'
import { SharingPart } from './sharing.tsx'
import { ShownOnce } from './shown-once.tsx'
import { WebhookPart } from './webhook.tsx'

/** A secret never leaves, whatever is agreed. */
const shareable = (Object.keys(classWords) as (keyof typeof classWords)[]).filter(
  (one): one is ShareableClass => one !== 'secret',
)

const empty: Provider = {
  id: '',
  name: '',
  format: 'generic',
  addresses: [],
  domains: [],
  sourceRanges: [],
  trustedSealers: [],
  replyAddress: null,
  dryRun: true,
  mayShare: [],
}

export function ProvidersPart() {
  const list = useQuery({ queryKey: ['providers'], queryFn: () => call('GET /api/providers') })
  const watched = useQuery({ queryKey: ['sources'], queryFn: () => call('GET /api/sources') })
  const silenceOf = (id: string) =>
    watched.data?.sources.find((source) => source.id === `provider:${id}`)?.silentSince ?? null
  const may = useMay()
  const [edit, setEdit] = useState<{ provider: Provider; version: number } | null>(null)
  if (list.data === undefined)
    return list.error === null ? <Loading /> : <ErrorState error={list.error} retry={() => void list.refetch()} />
  const { providers, formats } = list.data
  const add = may('provider.change') && (
    <Button onClick={() => setEdit({ provider: empty, version: 0 })}>Add a provider</Button>
  )
  return (
    <>
      {providers.length === 0 ? (
        <div className="card">
          <EmptyState
            title="No provider is known yet."
            proof="Mail of a sender nobody has named waits in quarantine; nothing is lost."
            action={add}
          />
        </div>
      ) : (
        <div className="row between">
          <span className="dim">{plural(providers.length, 'provider')}</span>
          {add}
        </div>
      )}
      {providers.map((row) => (
        <ProviderCard
          key={row.provider.id}
          row={row}
          format={formats.find(({ id }) => id === row.provider.format)?.title ?? row.provider.format}
          silentSince={silenceOf(row.provider.id)}
          edit={() => setEdit({ provider: row.provider, version: row.version })}
        />
      ))}
      {edit !== null && (
        <Edit start={edit.provider} version={edit.version} formats={formats} close={() => setEdit(null)} />
      )}
    </>
  )
}

function ProviderCard({
  row,
  format,
  silentSince,
  edit,
}: {
  readonly row: ProviderRow
  /** What its mail is read as, in words. */
  readonly format: string
  readonly silentSince: string | null
  readonly edit: () => void
}) {
  const { provider } = row
  const may = useMay()
  const [door, setDoor] = useState(false)
  const client = useQueryClient()
  const again = () => client.invalidateQueries({ queryKey: ['providers'] })
  const live = useMutation({
    mutationFn: (dryRun: boolean) =>
      call('PUT /api/providers/:id', {
        params: { id: provider.id },
        body: { provider: { ...provider, dryRun }, version: row.version },
      }),
    onSuccess: (_done, dryRun) =>
      say(
        dryRun
          ? `Replies to ${provider.name} are made and not sent.`
          : `Replies to ${provider.name} are sent from now on, after release and hold.`,
      ),
    onSettled: again,
  })
  const key = useMutation({
    mutationFn: () => call('POST /api/providers/:id/key', { params: { id: provider.id } }),
    onSettled: again,
  })
  const theirs = (
    <Button size="compact-sm" variant="default" onClick={() => setDoor(true)}>
      Their analysts…
    </Button>
  )
  return (
    <section className="card">
      <div className="connector-head">
        <h2>{provider.name}</h2>
        <span className={provider.dryRun ? 'tag warn' : 'tag good'}>{provider.dryRun ? 'Dry run' : 'Live'}</span>
        {silentSince !== null && (
          <Link to="/settings/$part" params={{ part: 'sources' }} className="tag bad">
            Silent since <When at={silentSince} ago />
          </Link>
        )}
        <span className="dim">
          {plural(row.messages, 'message')}
          {row.lastMessageAt !== null && (
            <>
              , last <When at={row.lastMessageAt} ago />
            </>
          )}
        </span>
      </div>
      <dl className="kv">
        <dt>Its mail is read as</dt>
        <dd>{format}</dd>
        <dt>Domains</dt>
        <dd>{provider.domains.join(', ') || 'none'}</dd>
        <dt>Addresses</dt>
        <dd>{provider.addresses.join(', ') || 'none'}</dd>
        <dt>Source ranges</dt>
        <dd>
          {provider.sourceRanges.length === 0 ? (
            'not pinned'
          ) : (
            <span className="mono">{provider.sourceRanges.join(', ')}</span>
          )}
        </dd>
        <dt>Replies go to</dt>
        <dd>
          {provider.replyAddress ?? 'whoever wrote, if that is theirs'}; or through{' '}
          <Link to="/settings/$part" params={{ part: 'elsewhere' }}>
            its own API
          </Link>
        </dd>
        <dt>May leave as it is</dt>
        <dd>{provider.mayShare.map((one) => classWords[one]).join(', ') || 'nothing sensitive'}</dd>
      </dl>
      <RepeatRate providerId={provider.id} />
      {may('provider.change') && (
        <div className="row wrap">
          <Switch
            checked={!provider.dryRun}
            onChange={(event) => live.mutate(!event.currentTarget.checked)}
            label="Send replies"
            disabled={live.isPending}
          />
          <Button size="compact-sm" variant="default" onClick={edit}>
            Change
          </Button>
          <Button size="compact-sm" variant="default" loading={key.isPending} onClick={() => key.mutate()}>
            {row.hasKey ? 'Replace the intake key' : 'Make an intake key'}
          </Button>
          {theirs}
        </div>
      )}
      {!may('provider.change') && <div className="row">{theirs}</div>}
      {door && <DoorForm id={provider.id} close={() => setDoor(false)} />}
      <Problem error={live.error ?? key.error} />
      {key.data !== undefined && (
        <ShownOnce text={key.data.key}>
          For <code>POST /api/intake</code>, as <code>Authorization: Bearer …</code>
        </ShownOnce>
      )}
      <TheirKeys provider={provider} />
      <WebhookPart id={provider.id} row={row.webhook} />
    </section>
  )
}

type EditProps = {
  readonly start: Provider
  readonly version: number
  readonly formats: readonly { id: string; title: string }[]
  readonly close: () => void
}

function Edit({ start, version, formats, close }: EditProps) {
  const client = useQueryClient()
  const [provider, setProvider] = useState(start)
  const set = (change: Partial<Provider>) => setProvider({ ...provider, ...change })
  const save = useMutation({
    mutationFn: () => call('PUT /api/providers/:id', { params: { id: provider.id }, body: { provider, version } }),
    onSuccess: close,
    onSettled: () => client.invalidateQueries({ queryKey: ['providers'] }),
  })
  const says = (field: string) => fieldProblem(save.error, field)
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={version === 0 ? 'Add a provider' : `Change ${start.name}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className="stack">
        <div className="two">
          <TextInput
            label="Name"
            value={provider.name}
            onChange={(event) => {
              const name = event.currentTarget.value
              set({
                name,
                ...(version === 0 ? { id: providerIdOf(name) } : {}),
              })
            }}
          />
          <Select
            label="Format of their mail"
            data={formats.map((format) => ({ value: format.id, label: format.title }))}
            value={provider.format}
            allowDeselect={false}
            onChange={(format) => set({ format: format ?? 'generic' })}
            error={says('format')}
          />
        </div>
        <TagsInput
          label="Their domains"
          description="Subdomains count too"
          value={provider.domains}
          onChange={(domains) => set({ domains })}
          error={says('domains')}
        />
        <TagsInput
          label="Their mail addresses"
          value={provider.addresses}
          onChange={(addresses) => set({ addresses })}
          error={says('addresses')}
        />
        <TagsInput
          label="Address ranges their mail comes from"
          description="Empty: not pinned. 192.0.2.0/24"
          value={provider.sourceRanges}
          onChange={(sourceRanges) => set({ sourceRanges })}
          error={says('sourceRanges')}
        />
        <TagsInput
          label="ARC sealers you trust on the way"
          value={provider.trustedSealers}
          error={says('trustedSealers')}
          onChange={(trustedSealers) => set({ trustedSealers })}
        />
        <TextInput
          label="Replies go to"
          placeholder="soc@provider.example"
          value={provider.replyAddress ?? ''}
          onChange={(event) => set({ replyAddress: event.currentTarget.value.trim() || null })}
        />
        <MayShare chosen={provider.mayShare} choose={(mayShare) => set({ mayShare })} />
        <SharingPart provider={provider} change={(sharing) => set({ sharing })} says={says} />
        <MailRulePart rule={provider.mail} change={(mail) => set({ mail })} says={says} />
        <Problem error={save.error} />
        <Button disabled={provider.name.trim() === ''} loading={save.isPending} onClick={() => save.mutate()}>
          {version === 0 ? 'Add it' : 'Save'}
        </Button>
      </div>
    </Modal>
  )
}

function MayShare(props: { readonly chosen: ShareableClass[]; readonly choose: (chosen: ShareableClass[]) => void }) {
  return (
    <MultiSelect
      label="May leave as it is, by your agreement"
      data={shareable.map((value) => ({ value, label: classWords[value] }))}
      value={props.chosen}
      onChange={(chosen) => props.choose(shareable.filter((one) => chosen.includes(one)))}
    />
  )
}
