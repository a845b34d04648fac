import { startAuthentication } from '@simplewebauthn/browser'
import { call } from '../../api.ts'

/** Signs in whoever holds the passkey that the browser offers. */
export async function signInByPasskey(): Promise<void> {
  const options = await call('POST /api/sign-in/passkey-options')
  const response = await startAuthentication({ optionsJSON: options as never })
  await call('POST /api/sign-in/passkey', { body: { response: response as never } })
}
