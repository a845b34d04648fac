import { Button, JsonInput, Modal, NumberInput, Select, Switch, TagsInput, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { ConnectorDraft, ConnectorKindCard } from '../../../../src/contract/connectors.ts'
import { call, fieldProblem } from '../../api.ts'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { say } from '../../parts/toast.tsx'
import { TriedOut } from './tried-out.tsx'

type Field = {
  readonly title?: string
  readonly description?: string
  readonly type?: string
  readonly form?: string
  readonly enum?: readonly string[]
  /** How a choice is called; the file says it by its own name. */
  readonly words?: Readonly<Record<string, string>>
  readonly default?: unknown
  readonly items?: { readonly type?: string }
}
type Settings = Record<string, unknown>
type Start = Omit<ConnectorDraft, 'secrets'> & { readonly id: string; readonly stored: readonly string[] }

/** The form of a connector: its kind's own fields. With an id it changes that one. */
export function ConnectorForm({ id, close }: { readonly id?: string; readonly close: (id: string | null) => void }) {
  const kinds = useQuery({ queryKey: ['connector-kinds'], queryFn: () => call('GET /api/connector-kinds') })
  const stored = useQuery({
    queryKey: ['connector', id],
    queryFn: () => call('GET /api/connectors/:id', { params: { id: id ?? '' } }),
    enabled: id !== undefined,
    gcTime: 0,
  })
  const [chosen, choose] = useState<string | null>(null)
  const error = kinds.error ?? stored.error
  const cards = kinds.data?.kinds
  const kind = cards?.find((one) => one.kind === (stored.data?.kind ?? chosen))
  const isReady = cards !== undefined && (id === undefined || stored.data !== undefined)
  const start: Start = {
    ...{ id: id ?? '', kind: kind?.kind ?? '', title: stored.data?.title ?? kind?.title ?? '' },
    ...{ settings: stored.data?.settings ?? {}, enabled: stored.data?.enabled ?? true },
    ...{ version: stored.data?.version ?? 0, stored: stored.data?.secrets ?? [] },
  }
  return (
    <Modal
      opened
      onClose={() => close(null)}
      size="lg"
      title={id === undefined ? 'Add a connector' : 'Change a connector'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className="stack">
        {error !== null && <ErrorState error={error} />}
        {!isReady && error === null && <Loading lines={4} />}
        {isReady && id === undefined && (
          <Select
            label="What it asks"
            data={cards.map((one) => ({ value: one.kind, label: one.title, disabled: one.fileOnly !== null }))}
            value={chosen}
            onChange={choose}
            description={kind?.says ?? 'What is greyed out is set up in counterfoil.yaml only.'}
          />
        )}
        {isReady && kind !== undefined && <Fields key={kind.kind} kind={kind} start={start} close={close} />}
      </div>
    </Modal>
  )
}

function Fields({
  kind,
  start,
  close,
}: {
  readonly kind: ConnectorKindCard
  readonly start: Start
  readonly close: (id: string | null) => void
}) {
  const client = useQueryClient()
  const [id, setId] = useState(start.id)
  const [title, setTitle] = useState(start.title)
  const [enabled, setEnabled] = useState(start.enabled ?? true)
  const [settings, setSettings] = useState<Settings>(start.settings)
  const [secrets, setSecrets] = useState<Record<string, string>>({})
  const given = Object.fromEntries(Object.entries(secrets).filter(([, secret]) => secret !== ''))
  const body: ConnectorDraft = { kind: kind.kind, title, settings, secrets: given, enabled, version: start.version }
  const test = useMutation({ mutationFn: () => call('POST /api/connector-drafts/:id/test', { params: { id }, body }) })
  const save = useMutation({
    mutationFn: () => call('PUT /api/connectors/:id', { params: { id }, body }),
    onSuccess: () => {
      say(enabled ? `${title} is asked from now on.` : `${title} is kept, and nobody asks it.`)
      close(id)
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['connectors'] }),
  })
  const error = save.error ?? test.error
  const properties = Object.entries((kind.form['properties'] ?? {}) as Record<string, Field>)
  const required = (kind.form['required'] ?? []) as readonly string[]
  return (
    <>
      <div className="two">
        <TextInput
          label="Short name"
          description="Stays for good; findings name it"
          value={id}
          disabled={start.version > 0}
          onChange={(event) => setId(event.currentTarget.value)}
          error={fieldProblem(error, 'id')}
        />
        <TextInput
          label="Title"
          description="What people read"
          value={title}
          onChange={(event) => setTitle(event.currentTarget.value)}
          error={fieldProblem(error, 'title')}
        />
      </div>
      {properties.map(([name, field]) => (
        <SettingInput
          key={name}
          name={name}
          field={field}
          needed={required.includes(name)}
          value={settings[name]}
          set={(value) => setSettings({ ...settings, [name]: value })}
          problem={fieldProblem(error, `settings.${name}`)}
        />
      ))}
      <Secrets kind={kind} stored={start.stored} given={secrets} give={setSecrets} error={error} />
      <Switch label="Ask it" checked={enabled} onChange={(event) => setEnabled(event.currentTarget.checked)} />
      <Problem error={error} />
      {test.data !== undefined && <TriedOut tried={test.data} />}
      <div className="row wrap">
        <Button disabled={id === '' || title === ''} loading={save.isPending} onClick={() => save.mutate()}>
          {start.version === 0 ? 'Add it' : 'Save'}
        </Button>
        <Button variant="default" disabled={id === ''} loading={test.isPending} onClick={() => test.mutate()}>
          Test without saving
        </Button>
      </div>
    </>
  )
}

/** Secrets can be given and replaced; what is stored is never shown. */
function Secrets(props: {
  readonly kind: ConnectorKindCard
  readonly stored: readonly string[]
  readonly given: Readonly<Record<string, string>>
  readonly give: (given: Record<string, string>) => void
  readonly error: unknown
}) {
  const { kind, stored, given, give, error } = props
  return kind.secrets.map((secret) => {
    const common = {
      label: secret.title,
      description: secret.says,
      placeholder: stored.includes(secret.name) ? 'kept as it is; type to replace it' : '',
      value: given[secret.name] ?? '',
      error: fieldProblem(error, `secrets.${secret.name}`),
    }
    const set = (text: string) => give({ ...given, [secret.name]: text })
    return secret.lines ? (
      <Textarea key={secret.name} {...common} rows={4} onChange={(event) => set(event.currentTarget.value)} />
    ) : (
      <TextInput
        key={secret.name}
        {...common}
        type="password"
        autoComplete="new-password"
        onChange={(event) => set(event.currentTarget.value)}
      />
    )
  })
}

function SettingInput({
  name,
  field,
  needed,
  value,
  set,
  problem,
}: {
  readonly name: string
  readonly field: Field
  readonly needed: boolean
  readonly value: unknown
  readonly set: (value: unknown) => void
  readonly problem: string | undefined
}) {
  const common = { label: field.title ?? name, description: field.description, required: needed, error: problem }
  const now = value ?? field.default
  if (field.enum !== undefined)
    return (
      <Select
        {...common}
        data={field.enum.map((value) => ({ value, label: field.words?.[value] ?? value }))}
        value={String(now ?? '')}
        onChange={set}
        allowDeselect={false}
      />
    )
  if (field.type === 'boolean')
    return <Switch label={common.label} checked={now === true} onChange={(event) => set(event.currentTarget.checked)} />
  if (field.type === 'integer' || field.type === 'number')
    return (
      <NumberInput
        {...common}
        value={typeof now === 'number' ? now : ''}
        onChange={(n) => set(typeof n === 'number' ? n : undefined)}
      />
    )
  if (field.type === 'array' && field.items?.type === 'string')
    return <TagsInput {...common} value={Array.isArray(now) ? now.map(String) : []} onChange={set} />
  if (field.type === 'string' && field.form === 'lines')
    return (
      <Textarea {...common} rows={3} value={String(now ?? '')} onChange={(event) => set(event.currentTarget.value)} />
    )
  if (field.type === 'string')
    return <TextInput {...common} value={String(now ?? '')} onChange={(event) => set(event.currentTarget.value)} />
  return <JsonSetting {...common} start={now} set={set} />
}

/** A setting that is a table: as JSON. What is no JSON yet is not taken. */
function JsonSetting({
  start,
  set,
  ...common
}: {
  readonly start: unknown
  readonly set: (value: unknown) => void
  readonly label: string
  readonly description: string | undefined
  readonly required: boolean
  readonly error: string | undefined
}) {
  const [text, setText] = useState(JSON.stringify(start ?? {}, null, 2))
  return (
    <JsonInput
      {...common}
      autosize
      minRows={3}
      maxRows={16}
      value={text}
      validationError="This is no JSON yet"
      onChange={(next) => {
        setText(next)
        try {
          set(JSON.parse(next))
        } catch {
          // Half-typed: the last whole value stays, and the field says so.
        }
      }}
    />
  )
}
