import { randomBytes } from 'node:crypto'
import { newSecret } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import type { WebhookScheme } from '../../model/webhook.ts'
import { standardKey } from './signature.ts'

/** Shorter ones can be guessed. */
const charactersMin = 16

/** Throws Trouble('input.invalid') for a secret that posts of this scheme could not be verified with. */
export function checkSecret(scheme: WebhookScheme, secret: string): void {
  const says =
    scheme.kind === 'standard'
      ? standardKey(secret) === null && 'A secret of Standard Webhooks is "whsec_" and 16 to 64 bytes as base64'
      : (secret.length < charactersMin || /[^\x20-\x7e]/.test(secret) || secret !== secret.trim()) &&
        `At least ${charactersMin} plain characters`
  if (says !== false) throw new Trouble('input.invalid', { fields: { secret: says } })
}

/** A new secret of 256 bits, as the scheme writes them. */
export function newWebhookSecret(scheme: WebhookScheme): string {
  return scheme.kind === 'standard' ? `whsec_${randomBytes(32).toString('base64')}` : newSecret()
}
