import { Button, Checkbox, CopyButton, NumberInput, Select, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type ApiKeyRow, keyDaysMax, type ServiceAccountRow } from '../../../../src/contract/access.ts'
import { type Scope, serviceRoles } from '../../../../src/contract/permissions.ts'
import { call, fieldProblem, fieldProblemUnder } from '../../api.ts'
import { EmptyState, ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { roleWords, scopeWords } from '../../words.ts'
import './api-keys.css'

const keysQuery = { queryKey: ['service-accounts'], queryFn: () => call('GET /api/service-accounts') } as const
const roles = serviceRoles.map((value) => ({ value, label: roleWords[value] }))

/** Programs that use the interface: an account each, and its keys. */
export function ApiKeysPart() {
  const accounts = useQuery(keysQuery)
  if (accounts.data === undefined)
    return accounts.error === null ? (
      <Loading />
    ) : (
      <ErrorState error={accounts.error} retry={() => void accounts.refetch()} />
    )
  return (
    <>
      <section className="card">
        <h2>API keys</h2>
        <p className="dim">
          A program has an account that cannot sign in, and keys with the scopes you choose. Whatever the scopes, a key
          never decides, reviews, releases or approves. How to use one: docs/api.md; the interface describes itself at{' '}
          <a href="/api/openapi.json">/api/openapi.json</a>.
        </p>
        <NewAccount />
      </section>
      {accounts.data.accounts.length === 0 && (
        <EmptyState
          title="No program has an account."
          proof="Nobody but people who sign in, and providers with their own keys, can reach anything here."
        />
      )}
      {accounts.data.accounts.map((account) => (
        <Account key={account.id} account={account} />
      ))}
    </>
  )
}

function NewAccount() {
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [role, setRole] = useState<(typeof serviceRoles)[number]>('analyst')
  const make = useMutation({
    mutationFn: () => call('POST /api/service-accounts', { body: { name, role } }),
    onSuccess: () => setName(''),
    onSettled: () => client.invalidateQueries({ queryKey: keysQuery.queryKey }),
  })
  return (
    <form
      className="row wrap key-form"
      onSubmit={(event) => {
        event.preventDefault()
        make.mutate()
      }}
    >
      <TextInput
        className="grow"
        label="Which program"
        placeholder="CMDB sync"
        maxLength={100}
        value={name}
        error={fieldProblem(make.error, 'name')}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Select
        label="Works as"
        data={roles}
        value={role}
        allowDeselect={false}
        onChange={(value) => value !== null && setRole(value as typeof role)}
      />
      <Button type="submit" variant="default" disabled={name.trim() === ''} loading={make.isPending}>
        Make the account
      </Button>
      <Problem error={make.error} />
    </form>
  )
}

function Account({ account }: { readonly account: ServiceAccountRow }) {
  const client = useQueryClient()
  const [making, setMaking] = useState(false)
  const change = useMutation({
    mutationFn: (disabled: boolean) => call('PATCH /api/users/:id', { params: { id: account.id }, body: { disabled } }),
    onSuccess: (_done, disabled) =>
      say(disabled ? 'Shut: its keys stopped working.' : 'Open again: its keys work as before.'),
    onSettled: () => client.invalidateQueries({ queryKey: keysQuery.queryKey }),
  })
  return (
    <section className="card" aria-label={account.name}>
      <div className="row between wrap">
        <h2>
          {account.name} <span className="dim">· {roleWords[account.role]}</span>{' '}
          {account.disabled && <span className="tag warn">Shut</span>}
        </h2>
        <div className="row tight">
          {!account.disabled && (
            <Button size="compact-sm" variant="default" aria-expanded={making} onClick={() => setMaking(!making)}>
              {making ? 'Put away' : 'Make a key…'}
            </Button>
          )}
          <Button
            size="compact-sm"
            variant="default"
            aria-label={`${account.disabled ? 'Open' : 'Shut'} the account ${account.name}`}
            onClick={() => change.mutate(!account.disabled)}
          >
            {account.disabled ? 'Open again' : 'Shut'}
          </Button>
        </div>
      </div>
      <Problem error={change.error} />
      {making && (
        <KeyForm
          what={{ label: 'What uses it', placeholder: 'nightly import' }}
          scopes={account.scopes}
          chosen={[]}
          from={{ label: 'Only from these addresses and ranges (none: from anywhere)', needed: false }}
          make={(body) => call('POST /api/service-accounts/:id/keys', { params: { id: account.id }, body })}
          shownBy={keysQuery.queryKey}
        />
      )}
      {account.keys.length === 0 ? (
        <p className="dim">It has no key yet.</p>
      ) : (
        <Keys
          keys={account.keys}
          takeBack={(id) => call('POST /api/api-keys/:id/revoke', { params: { id } })}
          shownBy={keysQuery.queryKey}
        />
      )}
    </section>
  )
}

function stateOf(key: ApiKeyRow): { readonly word: string; readonly tag: string } {
  if (key.revokedAt !== null) return { word: 'Taken back', tag: 'tag' }
  return Date.parse(key.expiresAt) <= Date.now() ? { word: 'Over', tag: 'tag' } : { word: 'Works', tag: 'tag good' }
}

/** Keys, each with where it stands; without `takeBack` there is nothing to press. */
export function Keys({
  keys,
  takeBack,
  shownBy,
}: {
  readonly keys: readonly ApiKeyRow[]
  readonly takeBack: ((id: string) => Promise<unknown>) | null
  readonly shownBy: readonly string[]
}) {
  const client = useQueryClient()
  const revoke = useMutation({
    mutationFn: async (id: string) => takeBack?.(id),
    onSuccess: () => say('Taken back: the key does not work any more.'),
    onSettled: () => client.invalidateQueries({ queryKey: shownBy }),
  })
  return (
    <>
      <div className="scroll-x">
        <table className="plain cards">
          <thead>
            <tr>
              <th>Key</th>
              <th>May</th>
              <th>From</th>
              <th>Until</th>
              <th>Last used</th>
              <th>State</th>
            </tr>
          </thead>
          <tbody>
            {keys.map((key) => {
              const { word, tag } = stateOf(key)
              return (
                <tr key={key.id}>
                  <td>
                    {key.name}
                    <div className="mono dim">{key.prefix}…</div>
                  </td>
                  <td data-label="May">{key.scopes.map((scope) => scopeWords[scope as Scope] ?? scope).join(', ')}</td>
                  <td data-label="From" className="mono">
                    {key.allowFrom.join(' ') || <span className="dim">anywhere</span>}
                  </td>
                  <td data-label="Until">
                    <When at={key.expiresAt} ago />
                  </td>
                  <td data-label="Last used">
                    {key.lastUsedAt === null ? (
                      <span className="dim">never</span>
                    ) : (
                      <>
                        <When at={key.lastUsedAt} ago /> <span className="mono dim">{key.lastUsedFrom}</span>
                      </>
                    )}
                  </td>
                  <td data-label="State">
                    <div className="row tight">
                      <span className={tag}>{word}</span>
                      {word === 'Works' && takeBack !== null && (
                        <Button
                          size="compact-xs"
                          variant="default"
                          aria-label={`Take back the key ${key.name}`}
                          onClick={() => revoke.mutate(key.id)}
                        >
                          Take back
                        </Button>
                      )}
                    </div>
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
      <Problem error={revoke.error} />
    </>
  )
}

/** What a new key is for, what it may, until when, and from where; then the key, this once. */
export function KeyForm<S extends Scope>({
  what,
  scopes,
  chosen,
  from,
  make,
  shownBy,
}: {
  readonly what: { readonly label: string; readonly placeholder: string }
  readonly scopes: readonly S[]
  readonly chosen: readonly S[]
  readonly from: { readonly label: string; readonly description?: string; readonly needed: boolean }
  readonly make: (key: {
    name: string
    scopes: S[]
    days: number
    allowFrom: string[]
  }) => Promise<{ readonly key: string; readonly expiresAt: string }>
  readonly shownBy: readonly string[]
}) {
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [picked, setPicked] = useState<string[]>([...chosen])
  const [days, setDays] = useState<number | string>(90)
  const [addresses, setAddresses] = useState('')
  const allowFrom = addresses.split(/[\s,]+/).filter((one) => one !== '')
  const made = useMutation({
    mutationFn: () =>
      make({ name, scopes: scopes.filter((scope) => picked.includes(scope)), days: Number(days), allowFrom }),
    onSettled: () => client.invalidateQueries({ queryKey: shownBy }),
  })
  if (made.data !== undefined) return <Shown made={made.data} />
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        made.mutate()
      }}
    >
      <div className="two">
        <TextInput
          {...what}
          maxLength={100}
          value={name}
          error={fieldProblem(made.error, 'name')}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <NumberInput label="Days until it expires" min={1} max={keyDaysMax} value={days} onChange={setDays} />
      </div>
      <Checkbox.Group
        label="What it may do"
        value={picked}
        error={fieldProblem(made.error, 'scopes')}
        onChange={setPicked}
      >
        <div className="key-scopes">
          {scopes.map((scope) => (
            <Checkbox key={scope} value={scope} label={scopeWords[scope]} description={scope} />
          ))}
        </div>
      </Checkbox.Group>
      <Textarea
        label={from.label}
        description={from.description}
        placeholder="192.0.2.10 198.51.100.0/24"
        autosize
        minRows={1}
        value={addresses}
        error={fieldProblemUnder(made.error, 'allowFrom')}
        onChange={(event) => setAddresses(event.currentTarget.value)}
      />
      <Problem error={made.error} />
      <Button
        type="submit"
        style={{ alignSelf: 'flex-start' }}
        disabled={name.trim() === '' || picked.length === 0 || (from.needed && allowFrom.length === 0)}
        loading={made.isPending}
      >
        Make the key
      </Button>
    </form>
  )
}

/** A fresh key, this once. */
function Shown({ made }: { readonly made: { readonly key: string; readonly expiresAt: string } }) {
  const curl = `curl -H 'Authorization: Bearer ${made.key}' ${window.location.origin}/api/key`
  return (
    <div className="secret-shown">
      <div className="grow">
        <strong>Shown once.</strong> Keep it where the program reads it; it works until <When at={made.expiresAt} />. To
        try it:
        <pre className="mono">{curl}</pre>
      </div>
      <CopyButton value={made.key}>
        {({ copied, copy }) => (
          <Button size="compact-sm" variant="default" onClick={copy}>
            {copied ? 'Copied' : 'Copy the key'}
          </Button>
        )}
      </CopyButton>
    </div>
  )
}
