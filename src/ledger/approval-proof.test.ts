import {
  account,
  type Bend,
  bentLines,
  forgedAt,
  forgeriesOfAny,
  person,
  registered,
  signed,
  testForgeries,
} from '../../test/forged-export.ts'
import { SoftPasskey } from '../../test/soft-passkey.ts'
import { canonicalJson } from '../kit/canonical-json.ts'
import { sha256Hex } from '../kit/digest.ts'
import type { LedgerLine } from '../model/ledger.ts'

const id = '33333333-3333-4333-8333-333333333333'
const dpo = {
  ...{ user: person, email: 'dpo@example.com', name: 'Dora Data', role: 'approver' },
  ...{ place: 'DPO', standsFor: null, deputy: false },
}

/** A signed approval as the product keeps it. */
function approval(passkey: SoftPasskey, bend: Bend = {}): LedgerLine {
  const subject = canonicalJson({ approval: id, what: 'Take pay-1 off the net' })
  const statement = {
    ...{ statement: 'counterfoil/approval/1', approval: id, who: dpo, verdict: 'approve', reason: '' },
    ...{ subject: { kind: 'action', sha256: sha256Hex(subject) }, what: 'Take pay-1 off the net' },
    ...{ alternatives: ['Watch it'], rule: 'isolate version 3; DPO: 1 of dpo@example.com' },
    ...{ ifSilent: 'It stays on the net.', askedAt: forgedAt.toISOString(), expiresAt: '2026-11-20T07:00:00.000Z' },
  }
  const ids = { alertId: id, runId: id, approval: id }
  const body = { ...ids, verdict: 'approve', subject, ...signed(passkey, statement, bend) }
  const line = { kind: 'approval.signed' as const, actor: `user:${person}`, subject: `approval:${id}`, body }
  bend.change?.(body, line)
  return line
}

const one = (bend: Bend, role?: string) => () => bentLines(approval, bend, role)
const altered = (field: string, from: string, to: string): Bend => ({
  change: (body) => void (body[field] = String(body[field]).replaceAll(from, to)),
})

const removed = (key: SoftPasskey): LedgerLine => ({
  ...account(),
  kind: 'user.changed',
  body: { passkeyRemoved: key.id },
})

const passkey = new SoftPasskey()
await testForgeries(
  {
    lines: [
      ...[account(), registered(passkey), approval(passkey), approval(passkey)],
      // What was signed before its passkey was removed holds, and so does what it signs once it is registered again.
      ...[removed(passkey), registered(passkey), approval(passkey)],
    ],
    ...{ approvals: 3, releases: 0 },
  },
  [
    [
      'a changed statement',
      /another statement was signed|not the one that was signed/,
      one(altered('statement', 'Watch it', 'Block it')),
    ],
    ['a changed action', /not what the statement names/, one(altered('subject', 'pay-1', 'pay-2'))],
    ['a yes that was a no', /something else than/, one(altered('verdict', 'approve', 'refuse'))],
    ['a role that may sign nothing', /may sign/, one({ statement: { who: { ...dpo, role: 'auditor' } } }, 'auditor')],
    [
      'a passkey that was removed before',
      /passkey was removed/,
      () => {
        const lost = new SoftPasskey()
        return [account(), registered(lost), removed(lost), approval(lost)]
      },
    ],
    ...forgeriesOfAny(approval, (body) => body),
  ],
)
