import { Button, TextInput } from '@mantine/core'
import { startRegistration } from '@simplewebauthn/browser'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../../api.ts'
import { meQuery, useMe } from '../../me.ts'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { roleWords } from '../../words.ts'
import { passkeyProblem } from '../sign-in/passkey-problem.ts'

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
  const state = useQuery({ queryKey: ['sign-in'], queryFn: () => call('GET /api/sign-in') })
  const tie = useMutation({
    mutationFn: () => call('POST /api/me/sso'),
    onSuccess: ({ url }) => window.location.assign(url),
  })
  if (state.data?.sso == null) return null
  return (
    <section className="card">
      <h2>Sign-in with {state.data.sso.title}</h2>
      <p className="dim">Ties this account to who you are there; from then on you may sign in that way, too.</p>
      <Problem error={tie.error} />
      <Button
        variant="default"
        style={{ alignSelf: 'flex-start' }}
        loading={tie.isPending}
        onClick={() => tie.mutate()}
      >
        Tie my account
      </Button>
    </section>
  )
}

function Passkeys() {
  const me = useMe()
  const client = useQueryClient()
  const [name, setName] = useState('')
  const add = useMutation({
    mutationFn: async () => {
      const options = await call('POST /api/me/passkey-options')
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
        <div key={key.id} className="row between">
          <span>{key.name}</span>
          <span className="dim">
            since <When at={key.createdAt} ago />
            {key.lastUsedAt !== null && (
              <>
                , last used <When at={key.lastUsedAt} ago />
              </>
            )}
          </span>
        </div>
      ))}
      <div className="row wrap" style={{ alignItems: 'flex-end' }}>
        <TextInput
          label="Name of the new one"
          placeholder="Work laptop"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button variant="default" disabled={name.trim() === ''} loading={add.isPending} onClick={() => add.mutate()}>
          Add a passkey
        </Button>
      </div>
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
                <td data-label="By">{session.method}</td>
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
