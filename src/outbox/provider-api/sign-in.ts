import { z } from 'zod'
import type { Clock } from '../../kit/clock.ts'
import type { Called, SystemSettings } from '../../model/elsewhere.ts'
import type { ProviderApi } from '../../model/provider-api.ts'
import { type CallOut, readJson } from '../call-out.ts'
import { passTokenAsk } from '../gate.ts'

/** Tokens are renewed this long before they end, so that none ends on the way. */
const renewBeforeMs = 60_000
/** RFC 6749 only recommends `expires_in`; no vendor described here gives less than half an hour. */
const tokenSecondsDefault = 300
/** As long as a header of ours may get; theirs have 1 to 3 KB. */
const tokenCharsMax = 12_000

type Token = { readonly token: string; readonly untilMs: number }
/** Tokens that were given out, by a digest of where and to whom; kept while the process lives, and written nowhere. */
export type Tokens = Map<string, Token>

const Given = z.object({ access_token: z.string().min(1).max(tokenCharsMax), expires_in: z.coerce.number().nullish() })

/** The token for this place: held, or asked for with client credentials (RFC 6749, 4.4). `isNew`: it was given out just now. */
export async function tokenFor(
  by: { readonly out: CallOut; readonly clock: Clock; readonly tokens: Tokens; readonly key: string },
  signIn: Extract<ProviderApi['signIn'], { kind: 'oauth2' }>,
  place: { readonly settings: SystemSettings; readonly secret: string },
): Promise<Called<{ readonly token: string; readonly isNew: boolean }>> {
  const now = by.clock.now().getTime()
  const held = by.tokens.get(by.key)
  if (held !== undefined && held.untilMs > now) return { kind: 'done', value: { token: held.token, isNew: false } }
  const { settings, secret } = place
  const { origin } = new URL(settings.baseUrl)
  const url = settings.signInUrl === '' ? `${origin}${signIn.path ?? ''}` : settings.signInUrl
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: settings.user,
    client_secret: secret,
    ...(signIn.scope === null ? {} : { scope: signIn.scope(origin) }),
  }).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }
  const given = readJson(await by.out.tell(passTokenAsk(body), { method: 'POST', url, headers, body }), Given)
  if (given.kind === 'unknown') return { kind: 'later', why: `Signing in: ${given.why}`, afterMs: null }
  if (given.kind !== 'done') return { ...given, why: `Signing in: ${given.why}` }
  const seconds = given.value.expires_in ?? tokenSecondsDefault
  by.tokens.set(by.key, {
    token: given.value.access_token,
    untilMs: now + Math.max(0, seconds * 1_000 - renewBeforeMs),
  })
  return { kind: 'done', value: { token: given.value.access_token, isNew: true } }
}
