import { Button, SegmentedControl, Text, TextInput } from '@mantine/core'
import { startRegistration } from '@simplewebauthn/browser'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Welcome } from '../../../../src/contract/sign-in.ts'
import { call, fieldProblem } from '../../api.ts'
import { KeyIcon } from '../../parts/icons.tsx'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { roleWords } from '../../words.ts'
import { Gate } from './gate.tsx'
import { passkeyProblem } from './passkey-problem.ts'
import { PasswordSetUp } from './password-set-up.tsx'
import { useEnter } from './sign-in.tsx'

/** The page of a one-time link. The token stands after `#` and so never reaches a log. */
export function WelcomePage() {
  const [token] = useState(() => window.location.hash.slice(1))
  const link = useQuery({
    queryKey: ['welcome', token],
    queryFn: () => call('POST /api/welcome', { body: { token } }),
    retry: false,
  })
  const state = useQuery({ queryKey: ['sign-in'], queryFn: () => call('GET /api/sign-in') })
  if (link.isPending || state.isPending) return <Loading />
  if (link.error !== null) {
    return (
      <Gate title="This link does not open">
        <ErrorState error={link.error} />
        <a href="/sign-in">Go to the sign-in page</a>
      </Gate>
    )
  }
  if (state.error !== null) return <ErrorState error={state.error} />
  if (link.data.purpose === 'demo') return <Demo token={token} />
  if (link.data.purpose === 'renew') return <Renew token={token} email={link.data.email ?? ''} />
  return <NewUser token={token} link={link.data} passkeys={state.data.passkeys} />
}

function Demo({ token }: { readonly token: string }) {
  const [error, setError] = useState<unknown>(null)
  const enter = useEnter()
  const go = () => {
    call('POST /api/welcome/enter', { body: { token } })
      .then(enter)
      .catch((caught: unknown) => setError(caught))
  }
  return (
    <Gate title="The demonstration is ready">
      <Text size="sm">Sample alerts were mailed in, read, enriched and judged on this machine. Nothing leaves it.</Text>
      <Problem error={error} />
      <Button size="md" onClick={go}>
        Open the desk
      </Button>
    </Gate>
  )
}

/** Somebody who lost the only passkey; the account is theirs as it was. */
function Renew({ token, email }: { readonly token: string; readonly email: string }) {
  const [error, setError] = useState<unknown>(null)
  return (
    <Gate title="A new passkey for you">
      <Text size="sm">The one you had was removed. Make a new one for {email} on this device.</Text>
      <PasskeySetUp token={token} who={{ email, name: email }} ready report={setError} />
      <Problem error={error} />
    </Gate>
  )
}

type Who = { readonly email: string; readonly name: string }

function NewUser({
  token,
  link,
  passkeys,
}: {
  readonly token: string
  readonly link: Welcome
  readonly passkeys: { possible: boolean; says: string }
}) {
  const [email, setEmail] = useState(link.email ?? '')
  const [name, setName] = useState('')
  const [way, setWay] = useState<'passkey' | 'password'>(passkeys.possible ? 'passkey' : 'password')
  const [error, setError] = useState<unknown>(null)
  const who: Who = { email, name }
  const ready = /.+@.+/.test(email) && name.trim() !== ''
  return (
    <Gate title={link.purpose === 'first-run' ? 'Welcome. You are the first one here.' : 'You are invited'}>
      <Text size="sm" c="dimmed">
        {link.purpose === 'first-run'
          ? 'This makes the first administrator. You can invite the others afterwards.'
          : `Your role is ${roleWords[link.role].toLowerCase()}.`}
      </Text>
      <TextInput
        label="Your name"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        autoComplete="name"
        error={fieldProblem(error, 'name')}
      />
      <TextInput
        label="Mail address"
        type="email"
        value={email}
        readOnly={link.email !== null}
        onChange={(event) => setEmail(event.currentTarget.value)}
        autoComplete="username"
        error={fieldProblem(error, 'email')}
      />
      {passkeys.possible ? (
        <SegmentedControl
          value={way}
          onChange={(value) => setWay(value as typeof way)}
          aria-label="How you will sign in"
          data={[
            { value: 'passkey', label: 'Passkey' },
            { value: 'password', label: 'Password and code' },
          ]}
        />
      ) : (
        <Text size="sm" c="dimmed">
          {passkeys.says}
        </Text>
      )}
      {way === 'passkey' ? (
        <PasskeySetUp token={token} who={who} ready={ready} report={setError} />
      ) : (
        <PasswordSetUp token={token} who={who} ready={ready} report={setError} />
      )}
      <Problem error={error} />
    </Gate>
  )
}

function PasskeySetUp({
  token,
  who,
  ready,
  report,
}: {
  readonly token: string
  readonly who: Who
  readonly ready: boolean
  readonly report: (error: unknown) => void
}) {
  const [busy, setBusy] = useState(false)
  const enter = useEnter()
  const go = async () => {
    setBusy(true)
    report(null)
    try {
      const options = await call('POST /api/welcome/passkey-options', { body: { token, ...who } })
      const response = await startRegistration({ optionsJSON: options as never })
      await call('POST /api/welcome/passkey', { body: { token, ...who, response: response as never } })
      await enter()
    } catch (caught) {
      report(passkeyProblem(caught))
    } finally {
      setBusy(false)
    }
  }
  return (
    <div className="stack">
      <Text size="sm" c="dimmed">
        A fingerprint, a face or a PIN on this device or on a security key. It cannot be phished, and there is nothing
        to remember. It is bound to the name of this site for ever.
      </Text>
      <Button size="md" leftSection={<KeyIcon />} disabled={!ready} loading={busy} onClick={() => void go()}>
        Make a passkey and sign in
      </Button>
    </div>
  )
}
