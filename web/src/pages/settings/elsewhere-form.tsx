import { Button, MultiSelect, Select, TagsInput, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { ApiCard, SystemCard } from '../../../../src/contract/elsewhere.ts'
import { SharedField, type SystemKind, type SystemSettings, TheirAct } from '../../../../src/model/elsewhere.ts'
import { TicketState, TicketType } from '../../../../src/model/ticket.ts'
import { call, fieldProblem } from '../../api.ts'
import { ticketStateWords, ticketTypeWords } from '../tickets/ticket-words.ts'
import { ApiPlace, ApiSource, VerdictIn, VerdictOut } from './api-fields.tsx'
import { PlaceForm, SecretField, sealedWords, TlpField } from './place-form.tsx'

export type Draft = {
  readonly id: string
  readonly kind: SystemKind
  readonly title: string
  readonly settings: SystemSettings
  readonly enabled: boolean
  readonly version: number
  readonly unmapped: readonly string[]
}

const kindWords: Record<SystemKind, string> = {
  jira: 'Jira',
  servicenow: 'ServiceNow',
  webhook: 'A signed post',
  'provider-api': 'A provider’s own API',
}
const fieldWords: Record<SharedField, string> = {
  title: 'Title',
  severity: 'Severity',
  type: 'Type',
  provider: 'Provider',
  'their-number': 'Number at the provider',
  about: 'Host, account, addresses',
  summary: "The provider's text",
  outcome: 'Decision and its reason',
  comments: 'Comments',
  files: 'Files',
  link: 'Link back to here',
}
const actWords: Record<TheirAct, string> = {
  nothing: 'does nothing',
  acknowledged: 'takes it up',
  closed: 'closes it',
  reopened: 'opens it again',
}

const emptySettings: SystemSettings = {
  ...{
    baseUrl: '',
    plainHttp: false,
    user: '',
    deployment: 'cloud',
    project: '',
    issueType: 'Task',
    table: 'incident',
  },
  ...{
    journal: 'work_notes',
    extra: {},
    closing: {},
    types: [],
    providers: [],
    fields: ['title', 'severity', 'link'],
    upToTlp: 'AMBER',
  },
  ...{ api: '', signInUrl: '', answers: 'mail', verdictOut: {}, verdictIn: {} },
  ...{ takes: ['status', 'comments'], statusOut: {}, statusIn: {}, allowAddresses: [], ca: '' },
}

export function newDraft(): Draft {
  return { id: '', kind: 'jira', title: '', settings: emptySettings, enabled: false, version: 0, unmapped: [] }
}

export function draftOf({ id, kind, title, settings, enabled, version, unmapped }: SystemCard): Draft {
  return { id, kind, title, settings, enabled, version, unmapped: unmapped.map(({ status }) => status) }
}

type Edit = { readonly settings: SystemSettings; readonly set: (change: Partial<SystemSettings>) => void }

export function SystemForm({
  start,
  providers,
  apis,
  close,
}: {
  readonly start: Draft
  readonly apis: readonly ApiCard[]
  readonly providers: readonly { readonly id: string; readonly name: string }[]
  readonly close: () => void
}) {
  const [draft, setDraft] = useState(start)
  const [secret, setSecret] = useState('')
  const [hook, setHook] = useState('')
  const { settings, kind } = draft
  const set = (change: Partial<SystemSettings>): void => setDraft({ ...draft, settings: { ...settings, ...change } })
  const isNew = start.version === 0
  const isApi = kind === 'provider-api'
  const save = () => {
    const { id, unmapped: _, ...body } = draft
    const secrets = { secret: secret === '' ? null : secret, hookSecret: hook === '' ? null : hook }
    return call('PUT /api/elsewhere/:id', { params: { id }, body: { ...body, ...secrets } })
  }
  return (
    <PlaceForm
      {...{ draft, set: setDraft, save, close, queryKey: 'elsewhere', kinds: kindWords, size: 'xl' }}
      title={isNew ? 'Add a system' : `Change ${start.title}`}
      words={{
        network: 'Addresses of your own network',
        plainHttp: 'http:// is meant: what is sent can be read on the way',
        enabled: 'Switched on: tickets are synced from now on',
      }}
      fields={(error) =>
        isApi ? (
          <ApiPlace {...{ apis, settings, set, providers, isNew, error, secret, setSecret }} />
        ) : (
          <>
            <TextInput
              label="Address"
              description={kind === 'webhook' ? 'What posts go to' : 'Such as https://example.atlassian.net'}
              required
              error={fieldProblem(error, 'baseUrl')}
              value={settings.baseUrl}
              onChange={(event) => set({ baseUrl: event.currentTarget.value.trim() })}
            />
            {kind !== 'webhook' && (
              <TextInput
                label="User"
                description="Empty: the secret is a bearer token"
                value={settings.user}
                onChange={(event) => set({ user: event.currentTarget.value })}
              />
            )}
            <SecretField
              label={kind === 'webhook' ? 'Secret (whsec_…)' : 'Token or password'}
              description={sealedWords(isNew)}
              error={fieldProblem(error, 'secret')}
              value={secret}
              set={setSecret}
            />
            {kind === 'jira' && (
              <SecretField
                label="Secret of its webhook"
                description={`If Jira is to post to /api/elsewhere/${draft.id === '' ? 'SHORT-NAME' : draft.id}/posts; 16 signs or more`}
                error={fieldProblem(error, 'hookSecret')}
                value={hook}
                set={setHook}
              />
            )}
          </>
        )
      }
    >
      {(error) => (
        <>
          {isApi ? (
            <>
              <ApiSource apis={apis} settings={settings} />
              <ReadBack settings={settings} set={set} />
              <VerdictOut {...{ apis, settings, set, error }} />
              <VerdictIn settings={settings} set={set} unmapped={draft.unmapped} />
            </>
          ) : (
            <>
              <OfKind kind={kind} settings={settings} set={set} />
              <Leaving settings={settings} set={set} providers={providers} />
            </>
          )}
          <StatusOut settings={settings} set={set} />
          <StatusIn settings={settings} set={set} unmapped={draft.unmapped} />
        </>
      )}
    </PlaceForm>
  )
}

function OfKind({ kind, settings, set }: Edit & { readonly kind: SystemKind }) {
  if (kind === 'webhook') return null
  if (kind === 'jira')
    return (
      <div className="two">
        <Select
          label="Deployment"
          allowDeselect={false}
          data={[
            { value: 'cloud', label: 'Cloud' },
            { value: 'data-center', label: 'Data Center' },
          ]}
          value={settings.deployment}
          onChange={(value) => set({ deployment: value === 'data-center' ? 'data-center' : 'cloud' })}
        />
        <TextInput
          label="Project key"
          value={settings.project}
          onChange={(event) => set({ project: event.currentTarget.value.trim() })}
        />
        <TextInput
          label="Issue type"
          value={settings.issueType}
          onChange={(event) => set({ issueType: event.currentTarget.value })}
        />
        <Pairs
          label="Fields of a status that ends it"
          hint="resolution=Done"
          value={settings.closing}
          set={(closing) => set({ closing })}
        />
      </div>
    )
  return (
    <div className="two">
      <TextInput
        label="Table"
        value={settings.table}
        onChange={(event) => set({ table: event.currentTarget.value.trim() })}
      />
      <Select
        label="Comments go to"
        allowDeselect={false}
        data={[
          { value: 'work_notes', label: 'Work notes' },
          { value: 'comments', label: 'Comments that callers see' },
        ]}
        value={settings.journal}
        onChange={(value) => set({ journal: value === 'comments' ? 'comments' : 'work_notes' })}
      />
      <Pairs
        label="Fields of a new ticket"
        hint="category=security"
        value={settings.extra}
        set={(extra) => set({ extra })}
      />
      <Pairs
        label="Fields of a status that ends it"
        hint="close_notes=See Counterfoil"
        value={settings.closing}
        set={(closing) => set({ closing })}
      />
    </div>
  )
}

/** Whose tickets of theirs are read here, and what of them is taken. */
function ReadBack({ settings, set }: Edit) {
  return (
    <div className="two">
      <TicketTypes settings={settings} set={set} description="None: only those that were answered, or synced by hand" />
      <Taken settings={settings} set={set} what={['status', 'comments']} />
    </div>
  )
}

function TicketTypes({ settings, set, description }: Edit & { readonly description: string }) {
  return (
    <MultiSelect
      label="Tickets of these types"
      description={description}
      data={TicketType.options.map((value) => ({ value, label: ticketTypeWords[value] }))}
      value={[...settings.types]}
      onChange={(types) => set({ types: types.map((type) => TicketType.parse(type)) })}
    />
  )
}

const takesWords = { status: 'Status', comments: 'Comments', files: 'Files' } as const

function Taken({ settings, set, what }: Edit & { readonly what: readonly (keyof typeof takesWords)[] }) {
  return (
    <MultiSelect
      label="What is taken from there"
      description="Nothing: it is only told"
      data={what.map((value) => ({ value, label: takesWords[value] }))}
      value={[...settings.takes]}
      onChange={(takes) => set({ takes: takes as SystemSettings['takes'] })}
    />
  )
}

/** "name=value", one a tag. What is no pair is not taken. */
function Pairs(props: {
  readonly label: string
  readonly hint: string
  readonly value: Readonly<Record<string, string>>
  readonly set: (value: Record<string, string>) => void
}) {
  return (
    <TagsInput
      label={props.label}
      placeholder={props.hint}
      value={Object.entries(props.value).map(([name, value]) => `${name}=${value}`)}
      onChange={(tags) =>
        props.set(
          Object.fromEntries(
            tags.flatMap((tag) => {
              const at = tag.indexOf('=')
              return at < 1 ? [] : [[tag.slice(0, at).trim(), tag.slice(at + 1).trim()] as const]
            }),
          ),
        )
      }
    />
  )
}

function Leaving({
  settings,
  set,
  providers,
}: Edit & { readonly providers: readonly { readonly id: string; readonly name: string }[] }) {
  return (
    <div className="two">
      <TicketTypes settings={settings} set={set} description="None: only those synced by hand" />
      <MultiSelect
        label="Only of these providers"
        description="None named: every one"
        data={providers.map(({ id, name }) => ({ value: id, label: name }))}
        value={[...settings.providers]}
        onChange={(chosen) => set({ providers: chosen })}
      />
      <MultiSelect
        label="What may leave"
        description="Its number always does"
        data={SharedField.options.map((value) => ({ value, label: fieldWords[value] }))}
        value={[...settings.fields]}
        onChange={(fields) => set({ fields: fields.map((field) => SharedField.parse(field)) })}
      />
      <TlpField
        description="Of a ticket marked above it nothing leaves"
        value={settings.upToTlp}
        set={(upToTlp) => set({ upToTlp })}
      />
      <Taken settings={settings} set={set} what={['status', 'comments', 'files']} />
    </div>
  )
}

function StatusOut({ settings, set }: Edit) {
  return (
    <fieldset>
      <legend>Ours to theirs: what a state is called there (blank: it is not sent)</legend>
      <div className="two">
        {TicketState.options.map((state) => (
          <TextInput
            key={state}
            size="xs"
            label={ticketStateWords[state]}
            value={settings.statusOut[state] ?? ''}
            onChange={(event) => {
              const { [state]: _, ...others } = settings.statusOut
              const name = event.currentTarget.value
              set({ statusOut: name === '' ? others : { ...others, [state]: name } })
            }}
          />
        ))}
      </div>
    </fieldset>
  )
}

function StatusIn({ settings, set, unmapped }: Edit & { readonly unmapped: readonly string[] }) {
  const [name, setName] = useState('')
  const named = Object.entries(settings.statusIn)
  const add = (status: string): void => set({ statusIn: { ...settings.statusIn, [status]: 'nothing' } })
  return (
    <fieldset>
      <legend>Theirs to ours: what a status of theirs does here</legend>
      <div className="stack">
        {named.map(([status, act]) => (
          <div key={status} className="row">
            <Select
              size="xs"
              label={`“${status}”`}
              allowDeselect={false}
              data={TheirAct.options.map((value) => ({ value, label: actWords[value] }))}
              value={act}
              onChange={(value) =>
                value !== null && set({ statusIn: { ...settings.statusIn, [status]: TheirAct.parse(value) } })
              }
            />
            <Button
              size="compact-sm"
              variant="subtle"
              aria-label={`Take away: ${status}`}
              onClick={() => set({ statusIn: Object.fromEntries(named.filter(([other]) => other !== status)) })}
            >
              Take away
            </Button>
          </div>
        ))}
        {unmapped
          .filter((status) => settings.statusIn[status] === undefined && settings.verdictIn[status] === undefined)
          .map((status) => (
            <Button
              key={status}
              size="xs"
              variant="default"
              onClick={() => add(status)}
              style={{ alignSelf: 'flex-start' }}
            >
              Say what “{status}” means
            </Button>
          ))}
        <div className="row">
          <TextInput
            size="xs"
            aria-label="A status of theirs"
            placeholder="A status of theirs"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Button
            size="xs"
            variant="default"
            disabled={name.trim() === ''}
            onClick={() => {
              add(name.trim())
              setName('')
            }}
          >
            Add
          </Button>
        </div>
      </div>
    </fieldset>
  )
}
