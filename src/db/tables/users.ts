import type { Generated } from 'kysely'
import type { Bigint, BigintByDefault, Jsonb, OrNull, Texts, Timestamp, TimestampOrNull } from './columns.ts'

export type AppUserTable = {
  id: string
  email: string
  name: string
  role: string
  password_hash: OrNull<string>
  totp_secret_sealed: OrNull<Buffer>
  totp_last_step: BigintByDefault
  disabled: Generated<boolean>
  created_at: Timestamp
  kind: Generated<'person' | 'service'>
  coaching: Generated<boolean>
  provider_id: OrNull<string>
}

export type ApiKeyTable = {
  id: string
  account_id: string
  name: string
  prefix: string
  digest: string
  scopes: string[]
  allow_from: Texts
  made_by: string
  made_at: Timestamp
  expires_at: Timestamp
  revoked_at: TimestampOrNull
  last_used_at: TimestampOrNull
  last_used_from: OrNull<string>
}

type SsoFlowTable = {
  cookie_digest: string
  state: string
  nonce: string
  verifier: string
  user_id: OrNull<string>
  created_at: Timestamp
  expires_at: Timestamp
}

type SsoIdentityTable = {
  issuer: string
  subject: string
  user_id: string
  managed: boolean
  created_at: Timestamp
}

type SignInMissTable = {
  user_id: string
  network: string
  misses: number
  locked_until: TimestampOrNull
  last_at: Timestamp
}

type PasskeyTable = {
  credential_id: string
  user_id: string
  public_key: Buffer
  counter: Bigint
  transports: Texts
  backed_up: boolean
  attestation: Buffer
  name: string
  created_at: Timestamp
  last_used_at: TimestampOrNull
}

type SessionTable = {
  token_digest: string
  user_id: string
  created_at: Timestamp
  expires_at: Timestamp
  last_seen_at: Timestamp
  user_agent: Generated<string>
  address: Generated<string>
  method: string
  passkey_id: OrNull<string>
}

type RemovedPasskeyTable = {
  credential_id: string
  user_id: string
  name: string
  created_at: Timestamp
  removed_at: Timestamp
  removed_by: string
  why: string
}

type OneTimeLinkTable = {
  token_digest: string
  purpose: string
  payload: Jsonb
  created_at: Timestamp
  expires_at: Timestamp
  used_at: TimestampOrNull
}

type WebauthnChallengeTable = {
  challenge: string
  purpose: string
  user_id: OrNull<string>
  created_at: Timestamp
  expires_at: Timestamp
}

export type UserTables = {
  app_user: AppUserTable
  api_key: ApiKeyTable
  sso_flow: SsoFlowTable
  sso_identity: SsoIdentityTable
  sign_in_miss: SignInMissTable
  passkey: PasskeyTable
  removed_passkey: RemovedPasskeyTable
  session: SessionTable
  one_time_link: OneTimeLinkTable
  webauthn_challenge: WebauthnChallengeTable
}
