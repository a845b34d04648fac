import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Claims = Record<string, unknown>
type Token = { readonly claims: Claims; readonly alg?: 'RS256' | 'none'; readonly key?: 'known' | 'unknown' | 'next' }

/** An identity provider that says whatever a test has it say, signed or not: what a real one never does. */
export async function startRogueIdp() {
  const make = () => generateKeyPairSync('rsa', { modulusLength: 2048 })
  const keys = { known: make(), unknown: make(), next: make() }
  const published: ('known' | 'next')[] = ['known']
  let token: Token = { claims: {} }
  let asked = 0
  const answers: Record<string, () => unknown> = {
    '/.well-known/openid-configuration': () => ({
      ...{
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
      },
      ...{ response_types_supported: ['code'], subject_types_supported: ['public'] },
      id_token_signing_alg_values_supported: ['RS256'],
      authorization_response_iss_parameter_supported: true,
      code_challenge_methods_supported: ['S256'],
    }),
    '/jwks': () => ({
      keys: published.map((kid) => ({
        ...keys[kid].publicKey.export({ format: 'jwk' }),
        kid,
        alg: 'RS256',
        use: 'sig',
      })),
    }),
    '/token': () => {
      asked += 1
      return { access_token: 'opaque', token_type: 'Bearer', expires_in: 60, id_token: signed(token, keys) }
    },
  }
  const server = createServer((request, response) => {
    const answer = answers[new URL(request.url ?? '/', 'http://x').pathname]
    request.resume()
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer?.() ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    say: (next: Token): void => {
      token = next
    },
    /** The key of before is gone, another signs. */
    rotate: (): void => {
      published.splice(0, published.length, 'next')
    },
    tokensAsked: () => asked,
    stop: () => new Promise((resolve) => server.close(resolve)),
  }
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function signed(
  { claims, alg = 'RS256', key = 'known' }: Token,
  keys: Record<string, { privateKey: KeyObject }>,
): string {
  const head = `${part(alg === 'none' ? { alg } : { alg, kid: key === 'unknown' ? 'known' : key })}.${part(claims)}`
  const signer = keys[key]?.privateKey
  if (alg === 'none' || signer === undefined) return `${head}.`
  return `${head}.${createSign('RSA-SHA256').update(head).sign(signer, 'base64url')}`
}
