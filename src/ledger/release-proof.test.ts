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
import { canonicalJson, type Json } from '../kit/canonical-json.ts'
import { sha256Hex } from '../kit/digest.ts'
import type { LedgerLine } from '../model/ledger.ts'

let forged: Awaited<ReturnType<typeof forgery>>
beforeAll(async () => {
  forged = await forgery()
})
afterAll(() => forged.stop())

const reply = '44444444-4444-4444-8444-444444444444'
const alert = '55555555-5555-4555-8555-555555555555'
const mail = sha256Hex('the mail')
const file = { name: 'log.txt', type: 'text/plain', sha256: sha256Hex('a log'), sizeBytes: 5 }
const machine = { name: 'counterfoil.json', type: 'application/json', sha256: sha256Hex('{}'), sizeBytes: 2 }
const because = ['it speaks of somebody’s health']

type Bend = {
  readonly wrongly?: Wrongly
  readonly statement?: Statement
  readonly change?: (body: Record<string, unknown>, line: { kind: string; subject: string; actor: string }) => void
}

/** A signed second release as the product keeps it; `change` bends the record afterwards, as a forger who holds the ledger's key would. */
function release(passkey: SoftPasskey, bend: Bend = {}): LedgerLine {
  const statement = canonicalJson({
    ...{ statement: 'counterfoil/release/1', reply, alert, version: 4, release: 'second' },
    nonce: createHash('sha256').update(String(passkey.counter)).digest('base64url'),
    who: { user: person, email: 'ana@example.com', name: 'Ana Ruiz', role: 'approver' },
    subject: { kind: 'mail', sha256: mail, sizeBytes: 8, messageId: 'a@example.com', title: 'Re: [NW-1]' },
    ...{ clearSha256: null, protection: null },
    ...{ text: { sha256: sha256Hex('the text') }, files: [machine, file], provider: 'acme', dryRun: false },
    ...{ to: ['soc@provider.example'], rule: 'Every sensitive place reviewed', because },
    first: { by: `user:${other}`, at: '2026-11-20T02:50:00.000Z' },
    ...{ at: forgedAt.toISOString(), expiresAt: '2026-11-20T03:05:00.000Z', origin, rpId: 'desk.example.com' },
    ...bend.statement,
  } as Json)
  const counter = passkey.counter
  const challenge = createHash('sha256').update(statement).digest('base64url')
  const { response } = passkey.sign({ challenge, rpId: 'desk.example.com' }, origin, bend.wrongly)
  const signed = {
    ...{ statement, credential: passkey.id, counter, publicKey: passkey.publicKey.toString('base64url') },
    ...{ authenticatorData: response.authenticatorData, clientData: response.clientDataJSON },
    signature: response.signature,
  }
  const body: Record<string, unknown> = {
    ...{ replyId: reply, alertId: alert, messageId: 'a@example.com', to: ['soc@provider.example'], sha256: mail },
    ...{ sizeBytes: 8, dryRun: false, files: [file], first: `user:${other}`, because, signed },
  }
  const line = { kind: 'reply.released' as const, actor: `user:${person}`, subject: `reply:${reply}`, body }
  bend.change?.(body, line)
  return line
}

/** The first release, in whose record no recipients stand. */
const first = (passkey: SoftPasskey, change: Bend['change'] = () => undefined): LedgerLine =>
  release(passkey, {
    statement: { release: 'first', first: null },
    change: (body, line) => {
      line.kind = 'reply.second-asked'
      for (const key of ['to', 'files', 'first', 'dryRun', 'sizeBytes']) delete body[key]
      change(body, line)
    },
  })

function one(bend: Bend, role = 'approver'): LedgerLine[] {
  const passkey = new SoftPasskey()
  return [account(person, role), registered(passkey), release(passkey, bend)]
}
const signedOf = (body: Record<string, unknown>) => body['signed'] as Record<string, string>

test('right signatures of a first and a second release hold for the product and for the script without our code', async () => {
  const passkey = new SoftPasskey()
  const said = await forged.saidOf([account(), registered(passkey), first(passkey), release(passkey)])
  expect(said).toEqual({ product: '', script: '', approvals: 0, releases: 2 })
})

const differs = /something else than/
const forgeries: readonly [string, RegExp, () => LedgerLine[]][] = [
  [
    'a statement that was changed by one byte',
    /another statement was signed|not the one that was signed/,
    () =>
      one({
        change: (body) =>
          void (signedOf(body)['statement'] = signedOf(body)['statement']?.replace('NW-1', 'NW-2') ?? ''),
      }),
  ],
  ['another mail', differs, () => one({ change: (body) => void (body['sha256'] = sha256Hex('another mail')) })],
  ['another recipient', differs, () => one({ change: (body) => void (body['to'] = ['thief@example.net']) })],
  [
    'one recipient more',
    differs,
    () => one({ change: (body) => void (body['to'] = ['soc@provider.example', 'x@example.net']) }),
  ],
  ['a dry run that was none', differs, () => one({ change: (body) => void (body['dryRun'] = true) })],
  [
    'other keys that it was encrypted to',
    differs,
    () => one({ change: (body) => void (body['protection'] = { method: 'smime', signedBy: 'a', encryptedTo: ['b'] }) }),
  ],
  ['another reason', differs, () => one({ change: (body) => void (body['because'] = []) })],
  ['another first person', differs, () => one({ change: (body) => void (body['first'] = `user:${person}`) })],
  ['no first person', differs, () => one({ change: (body) => void delete body['first'] })],
  [
    'a file that was not signed',
    /not signed|something else than/,
    () => one({ change: (body) => void (body['files'] = [{ ...file, sha256: sha256Hex('another log') }]) }),
  ],
  [
    'the signature of a first release under the second',
    /release/,
    () => one({ statement: { release: 'first', first: null } }),
  ],
  [
    'one person who released it twice',
    /one person released it twice/,
    () => {
      const statement = { first: { by: `user:${person}`, at: '2026-11-20T02:50:00.000Z' } }
      return one({ statement, change: (body) => void (body['first'] = `user:${person}`) })
    },
  ],
  [
    'a record about another answer',
    /another person or answer/,
    () => one({ change: (_, line) => void (line.subject = `reply:${alert}`) }),
  ],
  [
    'a record of another person',
    /another person/,
    () => one({ change: (_, line) => void (line.actor = `user:${other}`) }),
  ],
  [
    'the signature of an approval under a release',
    /malformed|of another kind/,
    () => one({ statement: { statement: 'counterfoil/approval/1' } }),
  ],
  [
    'the key of somebody else under it',
    /not of this key/,
    () =>
      one({ change: (body) => void (signedOf(body)['publicKey'] = new SoftPasskey().publicKey.toString('base64url')) }),
  ],
  ['a key that was never registered', /no record before/, () => [account(), release(new SoftPasskey())]],
  [
    'a passkey of another person',
    /passkey is of another person/,
    () => {
      const passkey = new SoftPasskey()
      return [account(), account(other), registered(passkey, other), release(passkey)]
    },
  ],
  [
    'a signature that is played again',
    /played again/,
    () => {
      const passkey = new SoftPasskey()
      const once = release(passkey)
      return [account(), registered(passkey), once, once]
    },
  ],
  [
    'a role that may release nothing',
    /may sign/,
    () => {
      const who = { user: person, email: 'o@example.com', name: 'O', role: 'asset-owner' }
      return one({ statement: { who } }, 'asset-owner')
    },
  ],
  ['a role that the person did not have then', /role was "?analyst/, () => one({}, 'analyst')],
  [
    'a person who was not verified',
    /person was not verified|did not verify the person/,
    () => one({ wrongly: { unverified: true } }),
  ],
  [
    'a page that is not ours',
    /signed on https:\/\/desk\.example\.net/,
    () => one({ wrongly: { origin: 'https://desk.example.net' } }),
  ],
]

test.each(forgeries)('%s is found, by the product and by the script', async (_name, says, lines) => {
  const said = await forged.saidOf(lines())
  expect(said.product).toMatch(says)
  expect(said.script).toMatch(says)
})
