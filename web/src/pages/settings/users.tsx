import { Button, Select, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { UserRow } from '../../../../src/contract/sign-in.ts'
import type { Role } from '../../../../src/model/user.ts'
import { call, fieldProblem } from '../../api.ts'
import { useMe } from '../../me.ts'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { roleWords } from '../../words.ts'
import { ShownOnce } from './shown-once.tsx'
import { UserPasskeys } from './user-passkeys.tsx'

const roles = Object.entries(roleWords).map(([value, label]) => ({ value, label }))

export function UsersPart() {
  const users = useQuery({ queryKey: ['users'], queryFn: () => call('GET /api/users') })
  if (users.data === undefined)
    return users.error === null ? <Loading /> : <ErrorState error={users.error} retry={() => void users.refetch()} />
  return (
    <>
      <section className="card">
        <h2>Users</h2>
        <div className="scroll-x">
          <table className="plain cards">
            <thead>
              <tr>
                <th>Name</th>
                <th>Mail address</th>
                <th>Role</th>
                <th>Signs in by</th>
                <th>Last seen</th>
                <th>Account</th>
              </tr>
            </thead>
            <tbody>
              {users.data.users.map((user) => (
                <Row key={user.id} user={user} />
              ))}
            </tbody>
          </table>
        </div>
      </section>
      <Invite />
      <Invitations />
    </>
  )
}

/** Whose analyst somebody is. */
function ProviderSelect({
  label,
  value,
  choose,
}: {
  readonly label: string
  readonly value: string | null
  readonly choose: (id: string) => void
}) {
  const providers = useQuery({ queryKey: ['providers'], queryFn: () => call('GET /api/providers') })
  const data = (providers.data?.providers ?? []).map(({ provider }) => ({ value: provider.id, label: provider.name }))
  return (
    <Select
      size="xs"
      aria-label={label}
      placeholder="Of which provider?"
      data={data}
      value={value}
      allowDeselect={false}
      onChange={(id) => id !== null && choose(id)}
    />
  )
}

function Row({ user }: { readonly user: UserRow }) {
  const client = useQueryClient()
  const me = useMe()
  const [wanted, setWanted] = useState<Role | null>(null)
  const [passkeys, setPasskeys] = useState(false)
  const change = useMutation({
    mutationFn: (body: { role?: Role; disabled?: boolean; providerId?: string | null }) =>
      call('PATCH /api/users/:id', { params: { id: user.id }, body }),
    onError: (error) =>
      say(`Not changed: ${fieldProblem(error, 'role') ?? fieldProblem(error, 'providerId') ?? error.message}`, {
        bad: true,
      }),
    // Who may invite no more takes their open invitations along.
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['users'] }),
        client.invalidateQueries({ queryKey: ['invitations'] }),
      ]),
  })
  return (
    <tr>
      <td>{user.name}</td>
      <td>{user.email}</td>
      <td data-label="Role">
        <Select
          size="xs"
          aria-label={`Role of ${user.name}`}
          data={roles}
          value={wanted ?? user.role}
          allowDeselect={false}
          onChange={(role) => {
            // Which provider has to be said first.
            setWanted(role === 'provider-analyst' ? role : null)
            if (role !== null && role !== 'provider-analyst') change.mutate({ role: role as Role })
          }}
        />
        {(wanted ?? user.role) === 'provider-analyst' && (
          <ProviderSelect
            label={`Provider of ${user.name}`}
            value={user.providerId}
            choose={(providerId) => {
              change.mutate({ role: 'provider-analyst', providerId })
              setWanted(null)
            }}
          />
        )}
      </td>
      <td data-label="Signs in by">{user.methods.join(', ') || 'nothing yet'}</td>
      <td data-label="Last seen">
        {user.lastSeenAt === null ? <span className="dim">never</span> : <When at={user.lastSeenAt} ago />}
      </td>
      <td>
        <span className="row tight">
          <Button size="compact-sm" variant="default" onClick={() => change.mutate({ disabled: !user.disabled })}>
            {user.disabled ? 'Open again' : 'Shut'}
          </Button>
          {user.methods.includes('passkey') && user.id !== me?.user.id && (
            <Button
              size="compact-sm"
              variant="default"
              aria-label={`Passkeys of ${user.name}`}
              onClick={() => setPasskeys(true)}
            >
              Passkeys…
            </Button>
          )}
        </span>
        {passkeys && <UserPasskeys user={user} close={() => setPasskeys(false)} />}
      </td>
    </tr>
  )
}

/** Invitations nobody has used yet. An empty list is not shown. */
function Invitations() {
  const client = useQueryClient()
  const open = useQuery({ queryKey: ['invitations'], queryFn: () => call('GET /api/invitations') })
  const revoke = useMutation({
    mutationFn: (id: string) => call('POST /api/invitations/:id/revoke', { params: { id } }),
    onSuccess: () => say('Taken back: the link does not work any more.'),
    onSettled: () => client.invalidateQueries({ queryKey: ['invitations'] }),
  })
  if (open.data === undefined || open.data.invitations.length === 0) return null
  return (
    <section className="card">
      <h2>Open invitations</h2>
      {open.data.invitations.map((one) => (
        <div className="row wrap" key={one.id}>
          <span className="grow">
            {one.email}, {roleWords[one.role]}
            <span className="dim">
              {one.invitedBy === '' ? '' : ` · invited by ${one.invitedBy}`} · works until <When at={one.expiresAt} />
            </span>
          </span>
          <Button
            size="compact-sm"
            variant="default"
            aria-label={`Take back the invitation of ${one.email}`}
            onClick={() => revoke.mutate(one.id)}
          >
            Take back
          </Button>
        </div>
      ))}
      <Problem error={revoke.error} />
    </section>
  )
}

function Invite() {
  const client = useQueryClient()
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('analyst')
  const [providerId, setProviderId] = useState<string | null>(null)
  const invite = useMutation({
    mutationFn: () => call('POST /api/users/invite', { body: { email, role, providerId } }),
    onSettled: () => client.invalidateQueries({ queryKey: ['invitations'] }),
  })
  return (
    <section className="card">
      <h2>Invite somebody</h2>
      <div className="two">
        <TextInput
          label="Mail address"
          type="email"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          error={fieldProblem(invite.error, 'email')}
        />
        <Select
          label="Role"
          data={roles}
          value={role}
          allowDeselect={false}
          onChange={(value) => value !== null && setRole(value as Role)}
        />
        {role === 'provider-analyst' && <ProviderSelect label="Provider" value={providerId} choose={setProviderId} />}
      </div>
      <Problem error={invite.error} />
      <Button
        style={{ alignSelf: 'flex-start' }}
        disabled={!/.+@.+\..+/.test(email) || (role === 'provider-analyst' && providerId === null)}
        loading={invite.isPending}
        onClick={() => invite.mutate()}
      >
        Make a one-time link
      </Button>
      {invite.data !== undefined && (
        <ShownOnce text={invite.data.link}>
          Give it to them by a way you trust; it works until <When at={invite.data.expiresAt} />.
        </ShownOnce>
      )}
    </section>
  )
}
