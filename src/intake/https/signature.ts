import { createHmac, timingSafeEqual } from 'node:crypto'
import { sameSecret } from '../../kit/digest.ts'
import type { WebhookRefusal, WebhookScheme } from '../../model/webhook.ts'

/** The headers of a post, lower-case; where one came twice, as HTTP joins them. */
export type PostHeaders = Readonly<Record<string, string | string[] | undefined>>

/** Signatures of one post that are looked at: while a secret is changed there are two or three. */
const signaturesMax = 10
/** Message ids of Standard Webhooks are some thirty characters. */
const idCharactersMax = 256

type Outcome = { readonly ok: true } | { readonly ok: false; readonly reason: WebhookRefusal }
const refused = (reason: WebhookRefusal): Outcome => ({ ok: false, reason })

function header(headers: PostHeaders, ...names: string[]): string | null {
  for (const name of names) {
    const value = headers[name.toLowerCase()]
    if (typeof value === 'string' && value !== '') return value
  }
  return null
}

/** True when one of these is one of those. Every pair is compared, so that the time does not tell which. */
function anySame(given: readonly Buffer[], right: readonly Buffer[]): boolean {
  let same = false
  for (const one of given) {
    for (const other of right) if (one.length === other.length && timingSafeEqual(one, other)) same = true
  }
  return same
}

/** Bytes of text in an encoding, only where the text is nothing else. */
function bytesOf(text: string, encoding: 'hex' | 'base64'): Buffer | null {
  const isWhole =
    encoding === 'hex'
      ? /^(?:[0-9a-fA-F]{2})+$/.test(text)
      : /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
  return isWhole && text !== '' ? Buffer.from(text, encoding) : null
}

/** The key in a secret of Standard Webhooks ("whsec_" and base64); null where it is none of 16 to 64 bytes. */
export function standardKey(secret: string): Buffer | null {
  const key = bytesOf(secret.replace(/^whsec_/, ''), 'base64')
  return key !== null && key.length >= 16 && key.length <= 64 ? key : null
}

function isNear(timestamp: string, now: Date, toleranceSeconds: number): boolean {
  return /^\d{1,12}$/.test(timestamp) && Math.abs(now.getTime() / 1000 - Number(timestamp)) <= toleranceSeconds
}

type Asked = {
  readonly secrets: readonly string[]
  readonly headers: PostHeaders
  readonly bytes: Uint8Array
  readonly now: Date
}

function standard(
  { toleranceSeconds }: { toleranceSeconds: number },
  { secrets, headers, bytes, now }: Asked,
): Outcome {
  const id = header(headers, 'webhook-id', 'svix-id')
  const timestamp = header(headers, 'webhook-timestamp', 'svix-timestamp')
  const signatures = header(headers, 'webhook-signature', 'svix-signature')
  if (id === null || timestamp === null || signatures === null || id.length > idCharactersMax)
    return refused('no-signature')
  if (!isNear(timestamp, now, toleranceSeconds)) return refused('bad-time')
  const given = signatures
    .split(' ')
    .slice(0, signaturesMax)
    .flatMap((one) => (one.startsWith('v1,') ? (bytesOf(one.slice(3), 'base64') ?? []) : []))
  const right = secrets.flatMap((secret) => {
    const key = standardKey(secret)
    return key === null ? [] : [createHmac('sha256', key).update(`${id}.${timestamp}.`).update(bytes).digest()]
  })
  return anySame(given, right) ? { ok: true } : refused('bad-signature')
}

function hmac(scheme: Extract<WebhookScheme, { kind: 'hmac' }>, { secrets, headers, bytes, now }: Asked): Outcome {
  const signature = header(headers, scheme.header)
  if (signature === null) return refused('no-signature')
  const timestamp = scheme.timestampHeader === null ? null : header(headers, scheme.timestampHeader)
  if (scheme.timestampHeader !== null && timestamp === null) return refused('no-signature')
  if (timestamp !== null && !isNear(timestamp, now, scheme.toleranceSeconds)) return refused('bad-time')
  if (!signature.startsWith(scheme.prefix)) return refused('bad-signature')
  const given = bytesOf(signature.slice(scheme.prefix.length), scheme.encoding)
  const right = secrets.map((secret) =>
    createHmac(scheme.algorithm, secret)
      .update(timestamp === null ? '' : `${timestamp}.`)
      .update(bytes)
      .digest(),
  )
  return given !== null && anySame([given], right) ? { ok: true } : refused('bad-signature')
}

/** True when one of the secrets is this one; all are compared. */
const isOne = (secrets: readonly string[], given: string): boolean =>
  secrets.map((secret) => sameSecret(secret, given)).includes(true)

function basic(user: string, { secrets, headers }: Asked): Outcome {
  const given = /^Basic ([A-Za-z0-9+/=]{1,800})$/i.exec(header(headers, 'authorization') ?? '')?.[1]
  if (given === undefined) return refused('no-signature')
  const text = Buffer.from(given, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  const isUser = sameSecret(user, text.slice(0, Math.max(0, colon)))
  return isOne(secrets, text.slice(colon + 1)) && isUser ? { ok: true } : refused('bad-signature')
}

/** Whether a post is signed as agreed, over its raw bytes. Pure; never throws for what is posted. */
export function verifySignature(scheme: WebhookScheme, asked: Asked): Outcome {
  if (asked.secrets.length === 0) return refused('no-secret')
  switch (scheme.kind) {
    case 'standard':
      return standard(scheme, asked)
    case 'hmac':
      return hmac(scheme, asked)
    case 'shared-secret': {
      const given = header(asked.headers, scheme.header)
      if (given === null) return refused('no-signature')
      return isOne(asked.secrets, given) ? { ok: true } : refused('bad-signature')
    }
    case 'basic':
      return basic(scheme.user, asked)
  }
}

/** Whether a post carries what the scheme needs at all: looked at before its body is read. */
export function carriesSignature(scheme: WebhookScheme, headers: PostHeaders): boolean {
  const needs: Record<WebhookScheme['kind'], readonly (readonly string[])[]> = {
    standard: [
      ['webhook-id', 'svix-id'],
      ['webhook-timestamp', 'svix-timestamp'],
      ['webhook-signature', 'svix-signature'],
    ],
    hmac: scheme.kind === 'hmac' ? [[scheme.header]] : [],
    'shared-secret': scheme.kind === 'shared-secret' ? [[scheme.header]] : [],
    basic: [['authorization']],
  }
  return needs[scheme.kind].every((names) => header(headers, ...names) !== null)
}
