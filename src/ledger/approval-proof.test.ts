import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  account,
  forgedAt,
  forgery,
  origin,
  other,
  person,
  registered,
  type Statement,
} from '../../test/forged-export.ts'
import { SoftPasskey, type Wrongly } from '../../test/soft-passkey.ts'
import { canonicalJson } from '../kit/canonical-json.ts'
import { sha256Hex } from '../kit/digest.ts'
import type { LedgerLine } from '../model/ledger.ts'

let forged: Awaited<ReturnType<typeof forgery>>
beforeAll(async () => {
  forged = await forgery()
})
afterAll(() => forged.stop())

/** A signed approval as the product keeps it; `change` bends the body afterwards, as a forger who holds the ledger's key would. */
function approval(
  passkey: SoftPasskey,
  bend: {
    readonly wrongly?: Wrongly
    readonly statement?: Statement
    readonly change?: (body: Record<string, unknown>) => void
  } = {},
): LedgerLine {
  const id = '33333333-3333-4333-8333-333333333333'
  const subject = canonicalJson({ approval: id, what: 'Take pay-1 off the net' })
  const statement = canonicalJson({
    ...{
      statement: 'counterfoil/approval/1',
      approval: id,
      nonce: createHash('sha256').update(String(passkey.counter)).digest('base64url'),
    },
    who: {
      user: person,
      email: 'dpo@example.com',
      name: 'Dora Data',
      role: 'approver',
      place: 'DPO',
      standsFor: null,
      deputy: false,
    },
    ...{
      verdict: 'approve',
      reason: '',
      subject: { kind: 'action', sha256: sha256Hex(subject) },
      what: 'Take pay-1 off the net',
    },
    ...{
      alternatives: ['Watch it'],
      rule: 'isolate version 3; DPO: 1 of dpo@example.com',
      ifSilent: 'It stays on the net.',
    },
    ...{
      askedAt: forgedAt.toISOString(),
      at: forgedAt.toISOString(),
      expiresAt: '2026-11-20T07:00:00.000Z',
      origin,
      rpId: 'desk.example.com',
    },
    ...bend.statement,
  })
  const before = passkey.counter
  const challenge = createHash('sha256').update(statement).digest('base64url')
  const { response } = passkey.sign({ challenge, rpId: 'desk.example.com' }, origin, bend.wrongly)
  const body: Record<string, unknown> = {
    ...{
      alertId: id,
      runId: id,
      approval: id,
      verdict: 'approve',
      subject,
      statement,
      credential: passkey.id,
      counter: before,
    },
    ...{ publicKey: passkey.publicKey.toString('base64url'), authenticatorData: response.authenticatorData },
    ...{ clientData: response.clientDataJSON, signature: response.signature },
  }
  bend.change?.(body)
  return { kind: 'approval.signed', actor: `user:${person}`, subject: `approval:${id}`, body }
}

test('a right approval holds for the product and for the script without our code', async () => {
  const passkey = new SoftPasskey()
  const said = await forged.saidOf([account(), registered(passkey), approval(passkey), approval(passkey)])
  expect(said).toEqual({ product: '', script: '', approvals: 2, releases: 0 })
})

const altered = (field: string, from: string, to: string) => (body: Record<string, unknown>) => {
  body[field] = String(body[field]).replaceAll(from, to)
}
const forgeries: readonly [string, RegExp, () => LedgerLine[]][] = [
  [
    'a changed statement',
    /another statement was signed|not the one that was signed/,
    () => one({ change: altered('statement', 'Watch it', 'Block it') }),
  ],
  ['a changed action', /not what the statement names/, () => one({ change: altered('subject', 'pay-1', 'pay-2') })],
  ['a yes that was a no', /something else than/, () => one({ change: altered('verdict', 'approve', 'refuse') })],
  [
    'the key of somebody else under it',
    /not of this key/,
    () => {
      const stranger = new SoftPasskey()
      return one({ change: (body) => void (body['publicKey'] = stranger.publicKey.toString('base64url')) })
    },
  ],
  ['a key that was never registered', /no record before/, () => [account(), approval(new SoftPasskey())]],
  [
    'another key than the one that was registered under this name',
    /not the one that was registered/,
    () => {
      const passkey = new SoftPasskey()
      return [account(), registered(passkey, person, new SoftPasskey().publicKey), approval(passkey)]
    },
  ],
  [
    'a passkey of another person',
    /passkey is of another person/,
    () => {
      const passkey = new SoftPasskey()
      return [account(), account(other), registered(passkey, other), approval(passkey)]
    },
  ],
  [
    'a signature that is played again',
    /played again/,
    () => {
      const passkey = new SoftPasskey()
      const first = approval(passkey)
      return [account(), registered(passkey), first, first]
    },
  ],
  [
    'a page that is not ours',
    /signed on https:\/\/desk\.example\.net/,
    () => one({ wrongly: { origin: 'https://desk.example.net' } }),
  ],
  ['a passkey of another site', /not of desk\.example\.com/, () => one({ wrongly: { rpId: 'example.net' } })],
  [
    'a person who was not verified',
    /person was not verified|did not verify the person/,
    () => one({ wrongly: { unverified: true } }),
  ],
  [
    'a counter that stood still',
    /counter/,
    () => {
      const passkey = new SoftPasskey()
      return [account(), registered(passkey), approval(passkey), approval(passkey, { wrongly: { counter: 1 } })]
    },
  ],
  [
    'a role that the person did not have then',
    /role was "?analyst/,
    () => {
      const passkey = new SoftPasskey()
      return [account(person, 'analyst'), registered(passkey), approval(passkey)]
    },
  ],
  [
    'a role that may sign nothing',
    /may sign/,
    () => {
      const passkey = new SoftPasskey()
      const who = {
        user: person,
        email: 'a@example.com',
        name: 'A',
        role: 'auditor',
        place: 'DPO',
        standsFor: null,
        deputy: false,
      }
      return [account(person, 'auditor'), registered(passkey), approval(passkey, { statement: { who } })]
    },
  ],
  [
    'an account that was shut',
    /account was shut/,
    () => {
      const passkey = new SoftPasskey()
      const shut: LedgerLine = { ...account(), kind: 'user.changed', body: { disabled: true } }
      return [account(), registered(passkey), shut, approval(passkey)]
    },
  ],
  [
    'a record under another name',
    /another person/,
    () => {
      const passkey = new SoftPasskey()
      return [account(), registered(passkey), { ...approval(passkey), actor: `user:${other}` }]
    },
  ],
]
function one(bend: Parameters<typeof approval>[1]): LedgerLine[] {
  const passkey = new SoftPasskey()
  return [account(), registered(passkey), approval(passkey, bend)]
}

test.each(forgeries)('%s is found, by the product and by the script', async (_name, says, lines) => {
  const said = await forged.saidOf(lines())
  expect(said.product).toMatch(says)
  expect(said.script).toMatch(says)
})
