import { Button, Divider, PasswordInput, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { call } from '../../api.ts'
import { KeyIcon } from '../../parts/icons.tsx'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { signInByPasskey } from './by-passkey.ts'
import { Gate } from './gate.tsx'
import { passkeyProblem } from './passkey-problem.ts'

export function SignInPage() {
  const state = useQuery({ queryKey: ['sign-in'], queryFn: () => call('GET /api/sign-in') })
  if (state.isPending) return <Loading />
  if (state.error !== null) return <ErrorState error={state.error} retry={() => void state.refetch()} />
  if (!state.data.hasUsers) return <FirstRun />
  return (
    <Gate title="Sign in">
      <PasskeyPart possible={state.data.passkeys.possible} says={state.data.passkeys.says} />
      {state.data.sso !== null && <SsoPart title={state.data.sso.title} />}
      <Divider label="or with a password" labelPosition="center" />
      <PasswordPart />
      {state.data.sample && (
        <Text size="sm" c="dimmed">
          This is a demonstration with sample data. The link that opens it stands in the terminal.
        </Text>
      )}
    </Gate>
  )
}

function FirstRun() {
  return (
    <Gate title="Nobody signs in here yet">
      <Text size="sm">
        The first administrator is made with the one-time link that Counterfoil printed in its terminal when it started.
      </Text>
      <Text size="sm" c="dimmed">
        Lost it? Start Counterfoil again: it prints a new one, and the old one stops working.
      </Text>
      <Button variant="default" onClick={() => window.location.reload()}>
        Look again
      </Button>
    </Gate>
  )
}

/** After signing in nothing of whoever was here before may stay in memory. */
export function useEnter(): () => Promise<void> {
  const client = useQueryClient()
  const navigate = useNavigate()
  return async () => {
    client.clear()
    await navigate({ to: '/' })
  }
}

function PasskeyPart({ possible, says }: { readonly possible: boolean; readonly says: string }) {
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const enter = useEnter()
  const go = async () => {
    setBusy(true)
    setError(null)
    try {
      await signInByPasskey()
      await enter()
    } catch (caught) {
      setError(passkeyProblem(caught))
    } finally {
      setBusy(false)
    }
  }
  if (!possible) {
    return (
      <Text size="sm" c="dimmed">
        {says}
      </Text>
    )
  }
  return (
    <div className="stack">
      <Button leftSection={<KeyIcon />} onClick={() => void go()} loading={busy} size="md">
        Sign in with a passkey
      </Button>
      <Problem error={error} />
    </div>
  )
}

/** The identity provider says who it is; its answer comes back to this browser only. */
function SsoPart({ title }: { readonly title: string }) {
  const go = useMutation({
    mutationFn: () => call('POST /api/sign-in/sso'),
    onSuccess: ({ url }) => window.location.assign(url),
  })
  const refused = new URLSearchParams(window.location.search).get('sso') === 'refused'
  return (
    <div className="stack">
      <Button variant="default" size="md" loading={go.isPending} onClick={() => go.mutate()}>
        Sign in with {title}
      </Button>
      {refused && (
        <Text size="sm" role="alert">
          That sign-in opened nothing here: no invitation, no group with a role, an account that is shut, or one that
          was made another way. An administrator sees why in the ledger.
        </Text>
      )}
      <Problem error={go.error} />
    </div>
  )
}

function PasswordPart() {
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const enter = useEnter()
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    setBusy(true)
    setError(null)
    try {
      const body = {
        email: String(form.get('email')),
        password: String(form.get('password')),
        code: String(form.get('code')).replace(/\s/g, ''),
      }
      await call('POST /api/sign-in/password', { body })
      await enter()
    } catch (caught) {
      setError(caught)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      <TextInput name="email" type="email" label="Mail address" autoComplete="username" required withAsterisk={false} />
      <PasswordInput name="password" label="Password" autoComplete="current-password" required withAsterisk={false} />
      <TextInput
        name="code"
        label="Six digits from your authenticator"
        inputMode="numeric"
        autoComplete="one-time-code"
        maxLength={7}
        required
        withAsterisk={false}
      />
      <Problem error={error} />
      <Button type="submit" variant="default" loading={busy}>
        Sign in with the password
      </Button>
    </form>
  )
}
