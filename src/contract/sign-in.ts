import { z } from 'zod'
import { Role, User } from '../model/user.ts'
import { Done, endpoint } from './endpoint.ts'

/** Long enough for a passphrase; argon2id over more than this is only a way to burn our CPU. */
export const passwordCharactersMax = 256
/** NIST SP 800-63B-4 asks for 15 where a password is alone and 8 where a second factor follows; we take the middle. */
export const passwordCharactersMin = 12

const Password = z.string().min(passwordCharactersMin).max(passwordCharactersMax)
/** 256 bits as base64url (kit/digest.ts newSecret). */
export const Token = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'This is not a link of ours')
const Email = z
  .email()
  .max(320)
  .transform((value) => value.toLowerCase())
const Code = z.string().regex(/^\d{6}$/, 'Six digits')
/** The provider of one of its analysts; without meaning for other roles. */
const BoundTo = z.string().max(64).nullable().default(null)
const Name = z.string().trim().min(1).max(200)
const WebAuthnAnswer = z.looseObject({ id: z.string().max(2000), type: z.literal('public-key') })
/** What shows that it is the owner of the account, besides the session: a passkey, or password and one-time code. */
export const Factor = z.union([
  z.strictObject({ response: WebAuthnAnswer }),
  z.strictObject({ password: z.string().min(1).max(passwordCharactersMax), code: Code }),
])
/** The options object goes to the browser as the WebAuthn library made it. */
const WebAuthnOptions = z.looseObject({ challenge: z.string() })

export const SignInState = z.object({
  /** False on an empty installation: the first administrator is made by the link printed in the terminal. */
  hasUsers: z.boolean(),
  passkeys: z.object({ possible: z.boolean(), says: z.string() }),
  sample: z.boolean(),
  /** Sign-in by an identity provider; null while none is configured. */
  sso: z.object({ title: z.string() }).nullable(),
})
export type SignInState = z.infer<typeof SignInState>

const PasskeyRow = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable(),
})
export type PasskeyRow = z.infer<typeof PasskeyRow>

/** A credential id of WebAuthn has 1023 bytes at most, as base64url. */
const PasskeyId = z.string().regex(/^[A-Za-z0-9_-]{1,1364}$/)

export const Me = z.object({
  user: User,
  permissions: z.array(z.string()),
  method: z.string(),
  passkeys: z.array(PasskeyRow),
  hasPassword: z.boolean(),
  timeZone: z.string(),
  alerts: z.int(),
  sample: z.boolean(),
  /** Whether the pages explain themselves to me. */
  coaching: z.boolean(),
})
export type Me = z.infer<typeof Me>

export const SessionRow = z.object({
  id: z.string(),
  userName: z.string(),
  userEmail: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime(),
  userAgent: z.string(),
  address: z.string(),
  method: z.string(),
  current: z.boolean(),
})
export type SessionRow = z.infer<typeof SessionRow>

export const UserRow = User.extend({
  methods: z.array(z.string()),
  lastSeenAt: z.iso.datetime().nullable(),
  lockedUntil: z.iso.datetime().nullable(),
})
export type UserRow = z.infer<typeof UserRow>

export const InvitationRow = z.object({
  id: z.string(),
  email: z.string(),
  role: Role,
  invitedBy: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
})
export type InvitationRow = z.infer<typeof InvitationRow>

export const Welcome = z.object({
  purpose: z.enum(['first-run', 'invite', 'demo', 'renew']),
  email: z.string().nullable(),
  role: Role,
  expiresAt: z.iso.datetime(),
})
export type Welcome = z.infer<typeof Welcome>

const SignedIn = z.object({ user: User })
const Reason = z.string().trim().min(1, 'Say why, in a sentence').max(500)
const PasskeyLink = z.object({ address: z.string(), expiresAt: z.iso.datetime() })

export const signInApi = {
  'GET /api/sign-in': endpoint({ permission: 'public', says: 'How one may sign in here', answer: SignInState }),
  'POST /api/sign-in/password': endpoint({
    permission: 'public',
    says: 'Sign in with password and one-time code',
    body: z.object({ email: Email, password: z.string().min(1).max(passwordCharactersMax), code: Code }),
    answer: SignedIn,
  }),
  'POST /api/sign-in/passkey-options': endpoint({
    permission: 'public',
    says: 'A challenge for a passkey',
    answer: WebAuthnOptions,
  }),
  'POST /api/sign-in/passkey': endpoint({
    permission: 'public',
    says: 'Sign in with a passkey',
    body: z.object({ response: WebAuthnAnswer }),
    answer: SignedIn,
  }),
  'POST /api/sign-in/sso': endpoint({
    permission: 'public',
    says: 'Where to sign in at the identity provider; ties the way back to this browser',
    answer: z.object({ url: z.url() }),
  }),
  'GET /api/sign-in/sso/callback': endpoint({
    permission: 'public',
    says: 'Where the identity provider sends the browser back to',
  }),
  'POST /api/me/sso': endpoint({
    permission: 'self.manage',
    says: 'Tie my account to who I am at the identity provider, with a factor of it; null only where it has none',
    body: z.object({ proof: Factor.nullable() }),
    answer: z.object({ url: z.url() }),
  }),
  'POST /api/sign-out': endpoint({ permission: 'self.manage', says: 'End this session', answer: Done }),
  'POST /api/sign-out/everywhere': endpoint({
    permission: 'self.manage',
    says: 'End all my sessions, this one too',
    answer: Done,
  }),

  'POST /api/welcome': endpoint({
    permission: 'one-time-link',
    says: 'What a first-run or invitation link is for; does not use it up',
    body: z.object({ token: Token }),
    answer: Welcome,
  }),
  'POST /api/welcome/enter': endpoint({
    permission: 'one-time-link',
    says: 'Enter a demo by its link',
    body: z.object({ token: Token }),
    answer: SignedIn,
  }),
  'POST /api/welcome/code': endpoint({
    permission: 'one-time-link',
    says: 'A new secret for an authenticator application',
    body: z.object({ token: Token, email: Email }),
    answer: z.object({ secret: z.string(), uri: z.string() }),
  }),
  'POST /api/welcome/password': endpoint({
    permission: 'one-time-link',
    says: 'Make the user with password and one-time codes',
    body: z.object({ token: Token, email: Email, name: Name, password: Password, code: Code }),
    answer: SignedIn,
  }),
  'POST /api/welcome/passkey-options': endpoint({
    permission: 'one-time-link',
    says: 'A challenge for a new passkey',
    body: z.object({ token: Token, email: Email, name: Name }),
    answer: WebAuthnOptions,
  }),
  'POST /api/welcome/passkey': endpoint({
    permission: 'one-time-link',
    says: 'Make the user with a passkey',
    body: z.object({ token: Token, email: Email, name: Name, response: WebAuthnAnswer }),
    answer: SignedIn,
  }),

  'GET /api/me': endpoint({ permission: 'self.manage', says: 'Who I am and what I may do', answer: Me }),
  'POST /api/me/passkey-options': endpoint({
    permission: 'self.manage',
    says: 'A challenge for one more passkey, for whoever shows a factor of the account; null only where it has none',
    body: z.object({ proof: Factor.nullable() }),
    answer: WebAuthnOptions,
  }),
  'POST /api/me/passkeys/add-options': endpoint({
    permission: 'self.manage',
    says: 'A challenge for a passkey of mine, which shows that it is me who adds a way in',
    answer: WebAuthnOptions,
  }),
  'POST /api/me/passkeys': endpoint({
    permission: 'self.manage',
    says: 'Keep one more passkey',
    body: z.object({ name: Name, response: WebAuthnAnswer }),
    answer: Done,
  }),
  'POST /api/me/passkeys/:id/remove-options': endpoint({
    permission: 'self.manage',
    says: 'A challenge for another passkey of mine than the one that is to be removed',
    params: z.object({ id: PasskeyId }),
    answer: WebAuthnOptions,
  }),
  'POST /api/me/passkeys/:id/remove': endpoint({
    permission: 'self.manage',
    says: 'Remove a passkey of mine that is lost, with another factor: another passkey, or password and one-time code. Sessions it opened end',
    params: z.object({ id: PasskeyId }),
    body: z.object({
      why: z.string().trim().max(500).default(''),
      proof: Factor,
    }),
    answer: Done,
  }),
  'GET /api/users/:id/passkeys': endpoint({
    permission: 'user.manage',
    says: 'The passkeys of a user, by name',
    params: z.object({ id: z.uuid() }),
    // `mayHaveLink`: they have no way in of their own, and can be given a link for a new passkey.
    answer: z.object({ passkeys: z.array(PasskeyRow), mayHaveLink: z.boolean() }),
  }),
  'POST /api/users/:id/passkeys/:passkey/remove': endpoint({
    permission: 'user.manage',
    says: 'Remove a passkey that a user lost, with the reason; where no way in is left, a link for a new one comes back',
    params: z.object({ id: z.uuid(), passkey: PasskeyId }),
    body: z.object({ reason: Reason }),
    answer: z.object({ link: PasskeyLink.nullable() }),
  }),
  'POST /api/users/:id/passkey-link': endpoint({
    permission: 'user.manage',
    says: 'A new link for a passkey, for a user who has no way in; the one before ends',
    params: z.object({ id: z.uuid() }),
    body: z.object({ reason: Reason }),
    answer: z.object({ link: PasskeyLink }),
  }),
  'GET /api/sessions': endpoint({
    permission: 'self.manage',
    says: 'Sessions: my own, or everybody’s for who manages users',
    answer: z.object({ sessions: z.array(SessionRow) }),
  }),
  'POST /api/sessions/:id/revoke': endpoint({
    permission: 'self.manage',
    says: 'End a session',
    params: z.object({ id: z.string().regex(/^[0-9a-f]{32}$/) }),
    answer: Done,
  }),
  'GET /api/users': endpoint({
    permission: 'user.manage',
    says: 'People who sign in',
    answer: z.object({ users: z.array(UserRow) }),
  }),
  'POST /api/users/invite': endpoint({
    permission: 'user.manage',
    says: 'A one-time link for a new user',
    body: z.object({ email: Email, role: Role, providerId: BoundTo }),
    answer: z.object({ link: z.string(), expiresAt: z.iso.datetime() }),
  }),
  'GET /api/invitations': endpoint({
    permission: 'user.manage',
    says: 'Invitations that still work',
    answer: z.object({ invitations: z.array(InvitationRow) }),
  }),
  'POST /api/invitations/:id/revoke': endpoint({
    permission: 'user.manage',
    says: 'Take an open invitation back',
    params: z.object({ id: z.string().regex(/^[0-9a-f]{32}$/) }),
    answer: Done,
  }),
  'PATCH /api/users/:id': endpoint({
    permission: 'user.manage',
    says: 'Change a user’s role, or shut the account',
    params: z.object({ id: z.uuid() }),
    body: z.object({ role: Role.optional(), disabled: z.boolean().optional(), providerId: BoundTo }),
    answer: Done,
  }),
} as const
