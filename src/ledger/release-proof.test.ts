import {
  account,
  type Bend,
  bentLines,
  forgeriesOfAny,
  other,
  person,
  registered,
  signed,
  testForgeries,
} from '../../test/forged-export.ts'
import { SoftPasskey } from '../../test/soft-passkey.ts'
import { sha256Hex } from '../kit/digest.ts'
import type { LedgerLine } from '../model/ledger.ts'

const reply = '44444444-4444-4444-8444-444444444444'
const alert = '55555555-5555-4555-8555-555555555555'
const mail = sha256Hex('the mail')
const file = { name: 'log.txt', type: 'text/plain', sha256: sha256Hex('a log'), sizeBytes: 5 }
const machine = { name: 'counterfoil.json', type: 'application/json', sha256: sha256Hex('{}'), sizeBytes: 2 }
const because = ['it speaks of somebody’s health']

/** A signed second release as the product keeps it. */
function release(passkey: SoftPasskey, bend: Bend = {}): LedgerLine {
  const statement = {
    ...{ statement: 'counterfoil/release/1', reply, alert, version: 4, release: 'second' },
    who: { user: person, email: 'ana@example.com', name: 'Ana Ruiz', role: 'approver' },
    subject: { kind: 'mail', sha256: mail, sizeBytes: 8, messageId: 'a@example.com', title: 'Re: [NW-1]' },
    ...{ clearSha256: null, protection: null },
    ...{ text: { sha256: sha256Hex('the text') }, files: [machine, file], provider: 'acme', dryRun: false },
    ...{ to: ['soc@provider.example'], rule: 'Every sensitive place reviewed', because },
    first: { by: `user:${other}`, at: '2026-11-20T02:50:00.000Z' },
    expiresAt: '2026-11-20T03:05:00.000Z',
  }
  const body: Record<string, unknown> = {
    ...{ replyId: reply, alertId: alert, messageId: 'a@example.com', to: ['soc@provider.example'], sha256: mail },
    ...{ sizeBytes: 8, dryRun: false, files: [file], first: `user:${other}`, because },
    signed: signed(passkey, statement, bend),
  }
  const line = { kind: 'reply.released' as const, actor: `user:${person}`, subject: `reply:${reply}`, body }
  bend.change?.(body, line)
  return line
}

/** The first release, in whose record no recipients stand. */
const first = (passkey: SoftPasskey): LedgerLine =>
  release(passkey, {
    statement: { release: 'first', first: null },
    change: (body, line) => {
      line.kind = 'reply.second-asked'
      for (const key of ['to', 'files', 'first', 'dryRun', 'sizeBytes']) delete body[key]
    },
  })

const one = (bend: Bend, role?: string) => () => bentLines(release, bend, role)
const signedOf = (body: Record<string, unknown>) => body['signed'] as Record<string, unknown>

const differs = /something else than/
const passkey = new SoftPasskey()
await testForgeries(
  { lines: [account(), registered(passkey), first(passkey), release(passkey)], approvals: 0, releases: 2 },
  [
    [
      'a statement that was changed by one byte',
      /another statement was signed|not the one that was signed/,
      one({
        change: (body) =>
          void (signedOf(body)['statement'] = String(signedOf(body)['statement']).replace('NW-1', 'NW-2')),
      }),
    ],
    ['another mail', differs, one({ change: (body) => void (body['sha256'] = sha256Hex('another mail')) })],
    ['another recipient', differs, one({ change: (body) => void (body['to'] = ['thief@example.net']) })],
    [
      'one recipient more',
      differs,
      one({ change: (body) => void (body['to'] = ['soc@provider.example', 'x@example.net']) }),
    ],
    ['a dry run that was none', differs, one({ change: (body) => void (body['dryRun'] = true) })],
    [
      'other keys that it was encrypted to',
      differs,
      one({ change: (body) => void (body['protection'] = { method: 'smime', signedBy: 'a', encryptedTo: ['b'] }) }),
    ],
    ['another reason', differs, one({ change: (body) => void (body['because'] = []) })],
    ['another first person', differs, one({ change: (body) => void (body['first'] = `user:${person}`) })],
    ['no first person', differs, one({ change: (body) => void delete body['first'] })],
    [
      'a file that was not signed',
      /not signed|something else than/,
      one({ change: (body) => void (body['files'] = [{ ...file, sha256: sha256Hex('another log') }]) }),
    ],
    [
      'the signature of a first release under the second',
      /release/,
      one({ statement: { release: 'first', first: null } }),
    ],
    [
      'one person who released it twice',
      /one person released it twice/,
      one({
        statement: { first: { by: `user:${person}`, at: '2026-11-20T02:50:00.000Z' } },
        change: (body) => void (body['first'] = `user:${person}`),
      }),
    ],
    [
      'a record about another answer',
      /another person or answer/,
      one({ change: (_, line) => void (line.subject = `reply:${alert}`) }),
    ],
    [
      'the signature of an approval under a release',
      /malformed|of another kind/,
      one({ statement: { statement: 'counterfoil/approval/1' } }),
    ],
    [
      'a role that may release nothing',
      /may sign/,
      one(
        { statement: { who: { user: person, email: 'o@example.com', name: 'O', role: 'asset-owner' } } },
        'asset-owner',
      ),
    ],
    ...forgeriesOfAny(release, signedOf),
  ],
)
