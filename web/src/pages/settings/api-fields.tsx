import { Autocomplete, Button, Select, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { ApiCard } from '../../../../src/contract/elsewhere.ts'
import { type SystemSettings, TheirVerdict } from '../../../../src/model/elsewhere.ts'
import { Outcome } from '../../../../src/model/triage.ts'
import { fieldProblem } from '../../api.ts'
import { outcomeWords } from '../../words.ts'
import { SecretField, sealedWords } from './place-form.tsx'

type Props = {
  readonly apis: readonly ApiCard[]
  readonly settings: SystemSettings
  readonly set: (change: Partial<SystemSettings>) => void
}

/** What a verdict of theirs means here, in words. */
export const verdictWords = (means: TheirVerdict): string =>
  means === 'nothing' ? 'decides nothing' : outcomeWords[means]

/** Which API, of which provider, and what it wants to see of us. */
export function ApiPlace({
  apis,
  settings,
  set,
  providers,
  isNew,
  error,
  secret,
  setSecret,
}: Props & {
  readonly providers: readonly { readonly id: string; readonly name: string }[]
  readonly isNew: boolean
  readonly error: unknown
  readonly secret: string
  readonly setSecret: (secret: string) => void
}) {
  const api = apis.find(({ id }) => id === settings.api)
  const choose = (id: string): void => {
    const chosen = apis.find((one) => one.id === id)
    if (chosen !== undefined)
      set({
        api: id,
        fields: [],
        takes: chosen.reads ? ['status', 'comments'] : [],
        verdictOut: chosen.usual,
        verdictIn: chosen.means,
        statusIn: Object.fromEntries(chosen.statuses.map(({ word }) => [word, 'nothing' as const])),
        statusOut: {},
      })
  }
  return (
    <>
      <Select
        label="Their API"
        allowDeselect={false}
        required
        error={fieldProblem(error, 'api')}
        data={apis.map(({ id, title }) => ({ value: id, label: title }))}
        value={settings.api === '' ? null : settings.api}
        onChange={(id) => id !== null && choose(id)}
      />
      <Select
        label="Provider"
        description="Whose alerts carry its numbers"
        required
        allowDeselect={false}
        error={fieldProblem(error, 'providers')}
        data={providers.map(({ id, name }) => ({ value: id, label: name }))}
        value={settings.providers[0] ?? null}
        onChange={(id) => id !== null && set({ providers: [id] })}
      />
      <TextInput
        label="Address"
        description={`Such as ${api?.address ?? 'https://api.example.com'}`}
        required
        error={fieldProblem(error, 'baseUrl')}
        value={settings.baseUrl}
        onChange={(event) => set({ baseUrl: event.currentTarget.value.trim() })}
      />
      <SignIn {...{ api, settings, set, isNew, error, secret, setSecret }} />
      <Select
        label="Released answers to this provider go"
        description={
          api?.reads === false ? 'This API can only be told: nothing is read back' : 'Reviewed and released as before'
        }
        allowDeselect={false}
        error={fieldProblem(error, 'answers')}
        data={[
          { value: 'mail', label: 'by mail, as before' },
          { value: 'api', label: 'through this API, instead of mail' },
        ]}
        value={settings.answers}
        onChange={(answers) => set({ answers: answers === 'api' ? 'api' : 'mail' })}
      />
    </>
  )
}

/** What the description of an API rests on. */
export function ApiSource({ apis, settings }: Omit<Props, 'set'>) {
  const api = apis.find(({ id }) => id === settings.api)
  if (api === undefined) return null
  return (
    <p className="dim">
      Made after what is published of it, and tried on no tenant of theirs by us:{' '}
      {api.docs.map((place, at) => (
        <span key={place}>
          {at > 0 && ', '}
          <a href={place} target="_blank" rel="noreferrer">
            source {at + 1}
          </a>
        </span>
      ))}
      . Press Test, and begin with one ticket.
    </p>
  )
}

/** What it wants to see of us. */
function SignIn({
  api,
  settings,
  set,
  isNew,
  error,
  secret,
  setSecret,
}: Omit<Props, 'apis'> & {
  readonly api: ApiCard | undefined
  readonly isNew: boolean
  readonly error: unknown
  readonly secret: string
  readonly setSecret: (secret: string) => void
}) {
  return (
    <>
      {api !== undefined && api.asksFor !== 'key' && (
        <TextInput
          label="Id"
          description="Of the client, or of the key: what goes with the secret and is none"
          required
          error={fieldProblem(error, 'user')}
          value={settings.user}
          onChange={(event) => set({ user: event.currentTarget.value.trim() })}
        />
      )}
      {api?.asksFor === 'client-and-place' && (
        <TextInput
          label="Where it gives out tokens"
          description="Such as https://login.microsoftonline.com/TENANT/oauth2/v2.0/token"
          required
          error={fieldProblem(error, 'signInUrl')}
          value={settings.signInUrl}
          onChange={(event) => set({ signInUrl: event.currentTarget.value.trim() })}
        />
      )}
      <SecretField
        label={api === undefined || api.asksFor === 'key' ? 'Key' : 'Secret or key'}
        description={sealedWords(isNew)}
        error={fieldProblem(error, 'secret')}
        value={secret}
        set={setSecret}
      />
    </>
  )
}

/** Our outcomes in their words. Blank says nothing of it. */
export function VerdictOut({ apis, settings, set, error }: Props & { readonly error: unknown }) {
  const api = apis.find(({ id }) => id === settings.api)
  if (api === undefined) return null
  const change = (outcome: Outcome, part: 'status' | 'verdict', word: string): void => {
    const before = settings.verdictOut[outcome] ?? { status: '', verdict: '' }
    set({ verdictOut: { ...settings.verdictOut, [outcome]: { ...before, [part]: word.trim() } } })
  }
  const problem = fieldProblem(error, 'verdictOut')
  return (
    <fieldset>
      <legend>Ours to theirs: what an answer sets there with our decision (blank: it sets nothing)</legend>
      {problem !== undefined && <p className="problem">{problem}</p>}
      <div className="stack">
        {Outcome.options.map((outcome) => (
          <div key={outcome} className="two">
            <Words
              label={`${outcomeWords[outcome]}: status`}
              words={api.statuses}
              value={settings.verdictOut[outcome]?.status ?? ''}
              set={(word) => change(outcome, 'status', word)}
            />
            <Words
              label={`${outcomeWords[outcome]}: verdict`}
              words={api.verdicts}
              value={settings.verdictOut[outcome]?.verdict ?? ''}
              set={(word) => change(outcome, 'verdict', word)}
            />
          </div>
        ))}
      </div>
    </fieldset>
  )
}

function Words(props: {
  readonly label: string
  readonly words: ApiCard['statuses']
  readonly value: string
  readonly set: (word: string) => void
}) {
  const says = props.words.find(({ word }) => word === props.value)?.says
  return (
    <Autocomplete
      size="xs"
      label={props.label}
      disabled={props.words.length === 0}
      {...(says === undefined || says === props.value ? {} : { description: says })}
      data={props.words.map(({ word }) => word)}
      value={props.value}
      onChange={props.set}
    />
  )
}

/** Theirs to ours: a verdict is shown with what it means here. */
export function VerdictIn({ settings, set, unmapped }: Omit<Props, 'apis'> & { readonly unmapped: readonly string[] }) {
  const [name, setName] = useState('')
  const named = Object.entries(settings.verdictIn)
  const add = (word: string): void => set({ verdictIn: { ...settings.verdictIn, [word]: 'nothing' } })
  const options = [...Outcome.options, 'nothing' as const].map((value) => ({ value, label: verdictWords(value) }))
  return (
    <fieldset>
      <legend>Their verdicts in our words: they are shown, and decide nothing here</legend>
      <div className="stack">
        <div className="two">
          {named.map(([word, means]) => (
            <Select
              key={word}
              size="xs"
              label={`“${word}”`}
              allowDeselect={false}
              data={options}
              value={means}
              onChange={(value) =>
                value !== null && set({ verdictIn: { ...settings.verdictIn, [word]: TheirVerdict.parse(value) } })
              }
            />
          ))}
        </div>
        {unmapped
          .filter((word) => settings.verdictIn[word] === undefined && settings.statusIn[word] === undefined)
          .map((word) => (
            <Button
              key={word}
              size="xs"
              variant="default"
              onClick={() => add(word)}
              style={{ alignSelf: 'flex-start' }}
            >
              “{word}” is a verdict: say what it means
            </Button>
          ))}
        <div className="row">
          <TextInput
            size="xs"
            aria-label="A verdict of theirs"
            placeholder="A verdict of theirs"
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
            Add the verdict
          </Button>
        </div>
      </div>
    </fieldset>
  )
}
