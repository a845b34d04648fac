import { Button, Checkbox, Modal, MultiSelect, Select, TagsInput, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { PackRow } from '../../../../src/contract/packs.ts'
import { type PackDefinition, type PackField, packFieldNames } from '../../../../src/model/context-pack.ts'
import type { Level } from '../../../../src/model/question.ts'
import { call, fieldProblem } from '../../api.ts'
import { useMay } from '../../me.ts'
import { EmptyState, ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { plural } from '../../words.ts'
import { PackReview } from './pack-review.tsx'
import { fieldWords } from './pack-words.ts'

const levels: readonly Level[] = ['critical', 'high', 'medium', 'low']

const empty: PackDefinition = {
  id: '',
  title: '',
  providerId: '',
  scope: { criticality: [], environments: [], tags: [], sites: [], exposedOnly: false },
  fields: ['name', 'addresses', 'role', 'criticality', 'exposed'],
  vulnerabilities: 'none',
}

/** What each provider is told about our assets: agreed once, reviewed and released again and again. */
export function PacksPart() {
  const list = useQuery({ queryKey: ['packs'], queryFn: () => call('GET /api/packs') })
  const providers = useQuery({ queryKey: ['providers'], queryFn: () => call('GET /api/providers') })
  const may = useMay()
  const [edit, setEdit] = useState<{ definition: PackDefinition; version: number } | null>(null)
  if (list.data === undefined || providers.data === undefined) {
    const error = list.error ?? providers.error
    return error === null ? <Loading /> : <ErrorState error={error} retry={() => void list.refetch()} />
  }
  const known = providers.data.providers.map(({ provider }) => ({ value: provider.id, label: provider.name }))
  const add = may('provider.change') && known.length > 0 && (
    <Button onClick={() => setEdit({ definition: { ...empty, providerId: known[0]?.value ?? '' }, version: 0 })}>
      Make a pack
    </Button>
  )
  return (
    <>
      {list.data.packs.length === 0 ? (
        <div className="card">
          <EmptyState
            title="No provider is told anything about your assets yet."
            proof={
              known.length === 0
                ? 'A pack is for a provider: add one under Settings first.'
                : 'A pack says which assets matter and which of their facts may leave; what the agreement does not let leave stands under a pseudonym.'
            }
            action={add}
          />
        </div>
      ) : (
        <div className="row between">
          <span className="dim">{plural(list.data.packs.length, 'pack')}</span>
          {add}
        </div>
      )}
      {list.data.packs.map((row) => (
        <PackCard
          key={row.definition.id}
          row={row}
          provider={known.find(({ value }) => value === row.definition.providerId)?.label ?? row.definition.providerId}
          edit={() => setEdit({ definition: row.definition, version: row.version })}
        />
      ))}
      {edit !== null && (
        <Edit start={edit.definition} version={edit.version} providers={known} close={() => setEdit(null)} />
      )}
    </>
  )
}

function PackCard({
  row,
  provider,
  edit,
}: {
  readonly row: PackRow
  readonly provider: string
  readonly edit: () => void
}) {
  const { definition, draft, released } = row
  const may = useMay()
  const client = useQueryClient()
  const [review, setReview] = useState(false)
  const make = useMutation({
    mutationFn: () => call('POST /api/packs/:id/draft', { params: { id: definition.id } }),
    onSuccess: () => setReview(true),
    onSettled: () => client.invalidateQueries({ queryKey: ['packs'] }),
  })
  const last = released[0]
  return (
    <section className="card">
      <div className="connector-head">
        <h2>{definition.title}</h2>
        <span className="tag">{provider}</span>
        {last === undefined ? (
          <span className="tag warn">Nothing released</span>
        ) : (
          <span className="tag good">Version {last.version}</span>
        )}
        {last !== undefined && (
          <span className="dim">
            released <When at={last.releasedAt} ago />
          </span>
        )}
      </div>
      <dl className="kv">
        <dt>Fields</dt>
        <dd>{definition.fields.map((field) => fieldWords[field]).join(', ')}</dd>
        <dt>Assets</dt>
        <dd>{scopeWords(definition)}</dd>
      </dl>
      {last !== undefined && <Downloads id={definition.id} version={last.version} files={Object.keys(last.files)} />}
      {last !== undefined && may('reply.release') && (
        <MailIt id={definition.id} version={last.version} provider={provider} />
      )}
      <Problem error={make.error} />
      <div className="row wrap">
        {may('reply.write') && (
          <Button loading={make.isPending} onClick={() => make.mutate()}>
            {draft === null ? 'Prepare the next version' : 'Prepare it again'}
          </Button>
        )}
        {draft !== null && (
          <Button variant="default" onClick={() => setReview(true)}>
            Review what would leave
          </Button>
        )}
        {may('provider.change') && (
          <Button variant="default" onClick={edit}>
            Change
          </Button>
        )}
      </div>
      {review && draft !== null && <PackReview id={definition.id} provider={provider} close={() => setReview(false)} />}
    </section>
  )
}

/** The version as a mail to the provider; it is held like an answer, and stands under What left. */
function MailIt({
  id,
  version,
  provider,
}: {
  readonly id: string
  readonly version: number
  readonly provider: string
}) {
  const mail = useMutation({
    mutationFn: () => call('POST /api/packs/:id/:version/mail', { params: { id, version } }),
    onSuccess: () =>
      say(`Version ${version} is held, then mailed to ${provider}. It can be taken back under What left.`),
  })
  return (
    <div className="row wrap">
      <Button size="compact-sm" variant="default" loading={mail.isPending} onClick={() => mail.mutate()}>
        Mail version {version} to {provider}
      </Button>
      <Link to="/ledger/left" search={{ kind: 'pack' }}>
        What left
      </Link>
      <Problem error={mail.error} />
    </div>
  )
}

function scopeWords({ scope }: PackDefinition): string {
  const parts = [
    scope.criticality.length > 0 ? `criticality ${scope.criticality.join(' or ')}` : '',
    scope.environments.length > 0 ? `environment ${scope.environments.join(' or ')}` : '',
    scope.tags.length > 0 ? `tag ${scope.tags.join(' or ')}` : '',
    scope.sites.length > 0 ? `site ${scope.sites.join(' or ')}` : '',
    scope.exposedOnly ? 'open to the internet' : '',
  ].filter((part) => part !== '')
  return parts.length === 0 ? 'all' : parts.join(', ')
}

function Downloads({
  id,
  version,
  files,
}: {
  readonly id: string
  readonly version: number
  readonly files: readonly string[]
}) {
  const may = useMay()
  if (!may('reply.release')) return null
  return (
    <p className="row wrap dim">
      Version {version}:
      {[...files, 'signature.txt'].map((file) => (
        <a key={file} href={`/api/packs/${encodeURIComponent(id)}/${version}/${file}`} download>
          {file}
        </a>
      ))}
    </p>
  )
}

function Edit({
  start,
  version,
  providers,
  close,
}: {
  readonly start: PackDefinition
  readonly version: number
  readonly providers: readonly { readonly value: string; readonly label: string }[]
  readonly close: () => void
}) {
  const client = useQueryClient()
  const [pack, setPack] = useState(start)
  const scope = (change: Partial<PackDefinition['scope']>) => setPack({ ...pack, scope: { ...pack.scope, ...change } })
  const save = useMutation({
    mutationFn: () => call('PUT /api/packs/:id', { params: { id: pack.id }, body: { definition: pack, version } }),
    onSuccess: () => {
      say('Saved. Prepare a version to see what would leave.')
      close()
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['packs'] }),
  })
  return (
    <Modal opened onClose={close} title={version === 0 ? 'Make a context pack' : `Change ${start.title}`} size="lg">
      <div className="stack">
        <TextInput
          label="Title"
          data-autofocus
          value={pack.title}
          error={fieldProblem(save.error, 'definition.title')}
          onChange={({ currentTarget }) => setPack({ ...pack, title: currentTarget.value })}
        />
        <TextInput
          label="Short name"
          description="Stands in file names; letters, digits and hyphens"
          readOnly={version > 0}
          value={pack.id}
          error={fieldProblem(save.error, 'definition.id')}
          onChange={({ currentTarget }) => setPack({ ...pack, id: currentTarget.value })}
        />
        <Select
          label="For"
          data={providers}
          value={pack.providerId}
          allowDeselect={false}
          error={fieldProblem(save.error, 'providerId')}
          onChange={(providerId) => setPack({ ...pack, providerId: providerId ?? '' })}
        />
        <MultiSelect
          label="Which facts"
          description="Names, addresses and owners leave as they are only where the provider’s agreement says so"
          data={packFieldNames.map((value) => ({ value, label: fieldWords[value] }))}
          value={[...pack.fields]}
          onChange={(fields) => setPack({ ...pack, fields: fields as PackField[] })}
        />
        <MultiSelect
          label="Criticality"
          placeholder={pack.scope.criticality.length === 0 ? 'any' : ''}
          data={levels.map((value) => ({ value, label: value }))}
          value={[...pack.scope.criticality]}
          onChange={(criticality) => scope({ criticality: criticality as Level[] })}
        />
        <TagsInput
          label="Environments"
          value={[...pack.scope.environments]}
          onChange={(environments) => scope({ environments })}
        />
        <TagsInput label="Tags" value={[...pack.scope.tags]} onChange={(tags) => scope({ tags })} />
        <TagsInput label="Sites" value={[...pack.scope.sites]} onChange={(sites) => scope({ sites })} />
        <Checkbox
          label="Only what is open to the internet"
          checked={pack.scope.exposedOnly}
          onChange={({ currentTarget }) => scope({ exposedOnly: currentTarget.checked })}
        />
        <Select
          label="Open vulnerabilities"
          data={[
            { value: 'none', label: 'Not shared' },
            { value: 'known-exploited', label: 'Those known to be exploited' },
            { value: 'all', label: 'All' },
          ]}
          value={pack.vulnerabilities}
          allowDeselect={false}
          onChange={(value) =>
            setPack({ ...pack, vulnerabilities: (value ?? 'none') as PackDefinition['vulnerabilities'] })
          }
        />
        <Problem error={save.error} />
        <div className="row">
          <Button loading={save.isPending} onClick={() => save.mutate()}>
            Save
          </Button>
          <Button variant="default" onClick={close}>
            Leave it as it was
          </Button>
        </div>
      </div>
    </Modal>
  )
}
