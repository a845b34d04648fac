import { Button, PasswordInput, TextInput } from '@mantine/core'
import { startAuthentication, startRegistration } from '@simplewebauthn/browser'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Me, PasskeyRow } from '../../../../src/contract/sign-in.ts'
import { call } from '../../api.ts'
import { meQuery, useMe } from '../../me.ts'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { roleWords } from '../../words.ts'
import { passkeyProblem } from '../sign-in/passkey-problem.ts'
import { PasskeyAge } from './passkey-age.tsx'

export function MePart() {
  const me = useMe()
  if (me === undefined) return <Loading />
  return (
    <>
      <section className="card">
        <h2>{me.user.name}</h2>
        <dl className="kv">
          <dt>Mail address</dt>
          <dd>{me.user.email}</dd>
          <dt>Role</dt>
          <dd>{roleWords[me.user.role]}</dd>
          <dt>Password</dt>
          <dd>{me.hasPassword ? 'set, with an authenticator' : 'none; passkeys only'}</dd>
        </dl>
      </section>
      <SsoTie />
      <Passkeys />
      <Sessions />
    </>
  )
}

/** Where an identity provider is configured: ties this account to who I am there. */
function SsoTie() {
  const me = useMe()
  const state = useQuery({ queryKey: ['sign-in'], queryFn: () => call('GET /api/sign-in') })
  const tie = useMutation({
    mutationFn: async (known: Known) => call('POST /api/me/sso', { body: { proof: await proofOf(known, me) } }),
    onSuccess: ({ url }) => window.location.assign(url),
  })
  if (state.data?.sso == null) return null
  return (
    <section className="card">
      <h2>Sign-in with {state.data.sso.title}</h2>
      <p className="dim">
        Ties this account to who you are there; from then on you may sign in that way, too. Whoever has only your
        session must not be able to, so it asks for something else that you have.
      </p>
      <Problem error={tie.error === null ? null : passkeyProblem(tie.error)} />
      <ByOwner says="Tie my account" isPending={tie.isPending} show={tie.mutate} />
    </section>
  )
}

/** A passkey of mine; a lost one is removed with another factor than itself. */
function MyPasskey({
  passkey,
  others,
  hasPassword,
}: {
  readonly passkey: PasskeyRow
  readonly others: number
  readonly hasPassword: boolean
}) {
  const [removing, setRemoving] = useState(false)
  return (
    <>
      <div className="row between wrap">
        <span>{passkey.name}</span>
        <span className="dim grow">
          <PasskeyAge passkey={passkey} />
        </span>
        <Button size="compact-sm" variant="default" aria-expanded={removing} onClick={() => setRemoving(!removing)}>
          {removing ? 'Keep it' : `Remove ${passkey.name}…`}
        </Button>
      </div>
      {removing && <RemoveMine passkey={passkey} others={others} hasPassword={hasPassword} />}
    </>
  )
}

function RemoveMine({
  passkey,
  others,
  hasPassword,
}: {
  readonly passkey: PasskeyRow
  readonly others: number
  readonly hasPassword: boolean
}) {
  const client = useQueryClient()
  const { id, name } = passkey
  const [why, setWhy] = useState('')
  const remove = useMutation({
    mutationFn: async (known: Known) => {
      const params = { id }
      const options = () => call('POST /api/me/passkeys/:id/remove-options', { params })
      const proof = known ?? (await byPasskey(options))
      return call('POST /api/me/passkeys/:id/remove', { params, body: { why, proof } })
    },
    onSuccess: () => say(`Removed: ${name} opens nothing any more. What it signed stays.`),
    // Its sessions ended, and this may have been one.
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: meQuery.queryKey }),
        client.invalidateQueries({ queryKey: ['sessions'] }),
      ]),
  })
  if (others === 0 && !hasPassword)
    return (
      <p className="notice" role="status">
        It is your only way in. Add another passkey first; if the device is gone, an administrator removes it and gives
        you a link for a new one.
      </p>
    )
  return (
    <section className="stack tight secret-shown" style={{ alignItems: 'stretch' }} aria-label={`Remove ${name}`}>
      <p>
        Sessions that it opened end. What it signed stays, and can still be verified. Show that it is you by something
        else than this passkey.
      </p>
      <TextInput
        label="What happened to it (optional)"
        maxLength={500}
        value={why}
        onChange={(event) => setWhy(event.currentTarget.value)}
      />
      {others > 0 && (
        <Button
          variant="default"
          style={{ alignSelf: 'flex-start' }}
          loading={remove.isPending}
          onClick={() => remove.mutate(null)}
        >
          Remove it, by another passkey
        </Button>
      )}
      {hasPassword && (
        <ByPassword says="Remove it, by password and code" isPending={remove.isPending} show={remove.mutate} />
      )}
      <Problem error={remove.error === null ? null : passkeyProblem(remove.error)} />
    </section>
  )
}

/** Password and code as they were typed; null: a passkey is asked for instead. */
type Known = { readonly password: string; readonly code: string } | null
type Showing<K> = {
  readonly says: string
  readonly isPending: boolean
  readonly disabled?: boolean
  readonly show: (known: K) => void
}

/** Shows by a passkey that it is me, with what the server gives for it. */
async function byPasskey(given: () => Promise<unknown>): Promise<{ readonly response: never }> {
  const response = await startAuthentication({ optionsJSON: (await given()) as never })
  return { response: response as never }
}

/** Shows by password and code that it is me. */
function ByPassword({ says, isPending, disabled = false, show }: Showing<NonNullable<Known>>) {
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  return (
    <div className="row wrap" style={{ alignItems: 'flex-end' }}>
      <PasswordInput
        label="Password"
        autoComplete="current-password"
        className="grow"
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <TextInput
        label="Six digits"
        inputMode="numeric"
        autoComplete="one-time-code"
        maxLength={7}
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
      />
      <Button
        variant="default"
        disabled={disabled || password === '' || code.trim() === ''}
        loading={isPending}
        onClick={() => show({ password, code: code.replace(/\s/g, '') })}
      >
        {says}
      </Button>
    </div>
  )
}

/** What is shown before a way in is added: a passkey where there is one, or password and code; nothing where there is neither. */
async function proofOf(known: Known, me: Me | undefined) {
  if (known !== null || me === undefined || me.passkeys.length === 0) return known
  return byPasskey(() => call('POST /api/me/passkeys/add-options'))
}

/** A button for each way in which I can show that it is me. */
function ByOwner({ says, isPending, disabled = false, show }: Showing<Known>) {
  const me = useMe()
  if (me === undefined) return null
  const hasOne = me.passkeys.length > 0
  return (
    <>
      {(hasOne || !me.hasPassword) && (
        <Button
          variant="default"
          style={{ alignSelf: 'flex-start' }}
          disabled={disabled}
          loading={isPending}
          onClick={() => show(null)}
        >
          {says}
        </Button>
      )}
      {me.hasPassword && (
        <ByPassword
          says={hasOne ? `${says}, by password and code` : says}
          disabled={disabled}
          isPending={isPending}
          show={show}
        />
      )}
    </>
  )
}

function Passkeys() {
  const me = useMe()
  const client = useQueryClient()
  const [name, setName] = useState('')
  const add = useMutation({
    mutationFn: async (known: Known) => {
      const options = await call('POST /api/me/passkey-options', { body: { proof: await proofOf(known, me) } })
      const response = await startRegistration({ optionsJSON: options as never })
      await call('POST /api/me/passkeys', { body: { name, response: response as never } })
    },
    onSuccess: () => setName(''),
    onSettled: () => client.invalidateQueries({ queryKey: meQuery.queryKey }),
  })
  return (
    <section className="card">
      <h2>Passkeys</h2>
      {me?.passkeys.length === 0 && <p className="dim">None. A passkey cannot be phished; add one for each device.</p>}
      {me?.passkeys.map((key) => (
        <MyPasskey key={key.id} passkey={key} others={me.passkeys.length - 1} hasPassword={me.hasPassword} />
      ))}
      <TextInput
        label="Name of the new one"
        placeholder="Work laptop"
        style={{ alignSelf: 'flex-start' }}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      {me !== undefined && me.passkeys.length > 0 && (
        <p className="dim">It asks for a passkey that you have first, then for the new one.</p>
      )}
      <ByOwner says="Add a passkey" disabled={name.trim() === ''} isPending={add.isPending} show={add.mutate} />
      <Problem error={add.error === null ? null : passkeyProblem(add.error)} />
    </section>
  )
}

function Sessions() {
  const client = useQueryClient()
  const sessions = useQuery({ queryKey: ['sessions'], queryFn: () => call('GET /api/sessions') })
  const end = useMutation({
    mutationFn: (id: string) => call('POST /api/sessions/:id/revoke', { params: { id } }),
    onSettled: () => client.invalidateQueries({ queryKey: ['sessions'] }),
  })
  const here = useMutation({
    mutationFn: () => call('POST /api/sign-out'),
    onSuccess: () => window.location.assign('/sign-in'),
  })
  const everywhere = useMutation({
    mutationFn: () => call('POST /api/sign-out/everywhere'),
    onSuccess: () => window.location.assign('/sign-in'),
  })
  if (sessions.data === undefined)
    return sessions.error === null ? <Loading lines={3} /> : <ErrorState error={sessions.error} />
  return (
    <section className="card">
      <h2>Sessions</h2>
      <div className="scroll-x">
        <table className="plain cards">
          <thead>
            <tr>
              <th>Who</th>
              <th>Since</th>
              <th>Last seen</th>
              <th>By</th>
              <th>From</th>
              <th>Browser</th>
              <th>End</th>
            </tr>
          </thead>
          <tbody>
            {sessions.data.sessions.map((session) => (
              <tr key={session.id}>
                <td>{session.userName}</td>
                <td data-label="Since">
                  <When at={session.createdAt} ago />
                </td>
                <td data-label="Last seen">
                  <When at={session.lastSeenAt} ago />
                </td>
                <td data-label="By">{wayWords[session.method] ?? session.method}</td>
                <td data-label="From" className="mono">
                  {session.address}
                </td>
                <td data-label="Browser" className="dim" title={session.userAgent}>
                  {browserOf(session.userAgent)}
                </td>
                <td data-label="End">
                  {session.current ? (
                    <span className="tag good">This one</span>
                  ) : (
                    <Button size="compact-sm" variant="default" onClick={() => end.mutate(session.id)}>
                      End it
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Problem error={end.error ?? here.error ?? everywhere.error} />
      <div className="row wrap">
        <Button variant="default" loading={here.isPending} onClick={() => here.mutate()}>
          Sign out here
        </Button>
        <Button variant="default" loading={everywhere.isPending} onClick={() => everywhere.mutate()}>
          Sign out everywhere
        </Button>
      </div>
    </section>
  )
}

function browserOf(agent: string): string {
  const name = /(Firefox|Edg|Chrome|Safari)\/\d+/.exec(agent)?.[0].replace('Edg/', 'Edge/') ?? 'unknown'
  const system = /(Windows|Mac OS X|Android|iPhone|Linux)/.exec(agent)?.[0] ?? ''
  return `${name.replace('/', ' ')}${system === '' ? '' : `, ${system}`}`
}

/** How somebody came in. */
const wayWords: Readonly<Record<string, string>> = {
  password: 'Password',
  passkey: 'Passkey',
  link: 'One-time link',
  sso: 'Single sign-on',
}
