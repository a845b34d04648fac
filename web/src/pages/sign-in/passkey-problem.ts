import { Refused } from '../../api.ts'

/** What the browser's own words mean for a person. */
export function passkeyProblem(caught: unknown): unknown {
  if (caught instanceof Refused || !(caught instanceof Error)) return caught
  const said: Record<string, [string, string]> = {
    NotAllowedError: [
      'No passkey was used.',
      'The dialog was closed, timed out, or this device has no passkey for this site. Try again, or use a password.',
    ],
    InvalidStateError: ['This device has a passkey for you already.', 'Use it to sign in.'],
    SecurityError: [
      'The browser refuses passkeys at this address.',
      'Open this page by its proper name; an address such as 127.0.0.1 does not do. On this machine: http://localhost.',
    ],
  }
  const [says, next] = said[caught.name] ?? [
    `The browser could not do it: ${caught.message}`,
    'Use a password, or another browser.',
  ]
  return new Refused(0, { code: caught.name, says, next, details: [] })
}
