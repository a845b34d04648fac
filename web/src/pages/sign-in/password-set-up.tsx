import { Button, PasswordInput, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { encode } from 'uqr'
import { call } from '../../api.ts'
import { useEnter } from './sign-in.tsx'

/** As the server has it (contract/sign-in.ts passwordCharactersMin); it checks again. */
const charactersMin = 12

type Props = {
  readonly token: string
  readonly who: { readonly email: string; readonly name: string }
  readonly ready: boolean
  readonly report: (error: unknown) => void
}

/** First the password, then the authenticator, which shows that it works with a first code. */
export function PasswordSetUp({ token, who, ready, report }: Props) {
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [secret, setSecret] = useState<{ secret: string; uri: string } | null>(null)
  const enter = useEnter()
  const begin = () => {
    report(null)
    call('POST /api/welcome/code', { body: { token, email: who.email } }).then(setSecret, report)
  }
  const finish = () => {
    report(null)
    call('POST /api/welcome/password', { body: { token, ...who, password, code: code.replace(/\s/g, '') } }).then(
      enter,
      report,
    )
  }
  return (
    <div className="stack">
      <PasswordInput
        label="Password"
        description={`At least ${charactersMin} characters; four words do well.`}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        autoComplete="new-password"
      />
      {secret === null ? (
        <Button disabled={!ready || password.length < charactersMin} onClick={begin}>
          Set up the authenticator
        </Button>
      ) : (
        <>
          <div className="row" style={{ alignItems: 'flex-start', gap: '1rem', flexWrap: 'wrap' }}>
            <QrCode text={secret.uri} />
            <div className="stack grow tight">
              <Text size="sm">Scan this with an authenticator application, or type the secret:</Text>
              <code className="secret">{secret.secret.replace(/(.{4})/g, '$1 ').trim()}</code>
              <a href={secret.uri}>Open it on this device</a>
            </div>
          </div>
          <TextInput
            label="Six digits that it shows now"
            inputMode="numeric"
            autoComplete="one-time-code"
            maxLength={7}
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
          />
          <Button size="md" disabled={!/^\d{3}\s?\d{3}$/.test(code.trim())} onClick={finish}>
            Finish and sign in
          </Button>
        </>
      )}
    </div>
  )
}

function QrCode({ text }: { readonly text: string }) {
  const rows = encode(text, { ecc: 'M', border: 0 }).data
  const path = rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join('')
  return (
    <svg
      className="qr"
      viewBox={`0 0 ${rows.length} ${rows.length}`}
      role="img"
      aria-label="QR code of the authenticator secret"
      shapeRendering="crispEdges"
    >
      <path d={path} fill="#000" />
    </svg>
  )
}
