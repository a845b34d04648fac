import { Button, Checkbox, CopyButton, NumberInput, Select, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type ApiKeyRow, keyDaysMax, type ServiceAccountRow } from '../../../../src/contract/access.ts'
import { type Scope, serviceRoles } from '../../../../src/contract/permissions.ts'
import { call, fieldProblem } from '../../api.ts'
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
      {making && <MakeKey account={account} />}
      {account.keys.length === 0 ? <p className="dim">It has no key yet.</p> : <Keys keys={account.keys} />}
    </section>
  )
}

function stateOf(key: ApiKeyRow): { readonly word: string; readonly tag: string } {
  if (key.revokedAt !== null) return { word: 'Taken back', tag: 'tag' }
  return Date.parse(key.expiresAt) <= Date.now() ? { word: 'Over', tag: 'tag' } : { word: 'Works', tag: 'tag good' }
}

function Keys({ keys }: { readonly keys: readonly ApiKeyRow[] }) {
  const client = useQueryClient()
  const revoke = useMutation({
    mutationFn: (id: string) => call('POST /api/api-keys/:id/revoke', { params: { id } }),
    onSuccess: () => say('Taken back: the key does not work any more.'),
    onSettled: () => client.invalidateQueries({ queryKey: keysQuery.queryKey }),
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
                      {word === 'Works' && (
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

function MakeKey({ account }: { readonly account: ServiceAccountRow }) {
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState<Scope[]>([])
  const [days, setDays] = useState<number | string>(90)
  const [from, setFrom] = useState('')
  const make = useMutation({
    mutationFn: () =>
      call('POST /api/service-accounts/:id/keys', {
        params: { id: account.id },
        body: { name, scopes, days: Number(days), allowFrom: from.split(/[\s,]+/).filter((one) => one !== '') },
      }),
    onSettled: () => client.invalidateQueries({ queryKey: keysQuery.queryKey }),
  })
  const badFrom = [0, 1, 2, 3, 4]
    .map((n) => fieldProblem(make.error, `allowFrom.${n}`))
    .find((one) => one !== undefined)
  if (make.data !== undefined) return <Shown made={make.data} />
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        make.mutate()
      }}
    >
      <div className="two">
        <TextInput
          label="What uses it"
          placeholder="nightly import"
          maxLength={100}
          value={name}
          error={fieldProblem(make.error, 'name')}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <NumberInput label="Days until it expires" min={1} max={keyDaysMax} value={days} onChange={setDays} />
      </div>
      <Checkbox.Group
        label="What it may do"
        value={scopes}
        error={fieldProblem(make.error, 'scopes')}
        onChange={(value) => setScopes(value as Scope[])}
      >
        <div className="key-scopes">
          {account.scopes.map((scope) => (
            <Checkbox key={scope} value={scope} label={scopeWords[scope]} description={scope} />
          ))}
        </div>
      </Checkbox.Group>
      <Textarea
        label="Only from these addresses and ranges (none: from anywhere)"
        placeholder="192.0.2.10 198.51.100.0/24"
        autosize
        minRows={1}
        value={from}
        error={badFrom}
        onChange={(event) => setFrom(event.currentTarget.value)}
      />
      <Problem error={make.error} />
      <Button
        type="submit"
        style={{ alignSelf: 'flex-start' }}
        disabled={name.trim() === '' || scopes.length === 0}
        loading={make.isPending}
      >
        Make the key
      </Button>
    </form>
  )
}

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
