import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { simpleParser } from 'mailparser'
import type { ApprovalPage } from '../src/contract/approvals.ts'
import { append } from '../src/ledger/append.ts'
import type { Role } from '../src/model/user.ts'
import { type Desk, signedIn, until } from './desk.ts'
import { SoftPasskey, type Wrongly } from './soft-passkey.ts'

/** A folder with one playbook that asks for an approval at once; `approval` and what stands beside it are YAML lines of that step. */
export async function approvalPlaybook(
  approval: string,
  rest = 'expires: 4h',
  when = 'alert.severity == "critical"',
): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'counterfoil-approval-'))
  const indented = approval
    .split('\n')
    .map((line) => `      ${line}`)
    .join('\n')
  await writeFile(
    path.join(folder, 'isolate.yaml'),
    `playbook: 1
id: isolate
version: 3
title: Take a machine off the net
on: alert
when: ${when}
priority: 1
steps:
  - id: sign-off
    step: wait-for-person
    title: Sign-off for the isolation
    csf: RS.MA-04
    phase: containment
    for: approval
    ${rest}
    approval:
${indented}
  - id: isolated
    step: checklist
    title: Isolate it by hand
    csf: RS.MI-01
    phase: containment
    when: choices["sign-off"] == "approved"
    items:
      - id: cut
        text: Take {{ alert.host }} off the net
  - id: watched
    step: checklist
    title: Watch it instead
    csf: RS.MI-01
    phase: containment
    when: choices["sign-off"] != "approved"
    items:
      - id: watch
        text: Watch {{ alert.host }}
`,
  )
  return folder
}

export const fiveAnswers = `what: Take {{ alert.host }} off the net
about: "{{ alert.host }} (payroll), {{ alert.title }}"
why: It speaks to a known control server.
changes: Nobody can run payroll until it is back.
ifSilent: It stays on the net and is watched.
alternatives: [Block the address only, Watch for a day]`

export type Signer = {
  readonly id: string
  readonly email: string
  readonly cookie: string
  readonly token: string
  readonly key: SoftPasskey
}

/** Somebody with an account (as the ledger knows it), a passkey and a session. */
export async function signer(desk: Desk, role: Role, name: string, email: string): Promise<Signer> {
  const { db } = desk.running.database
  const { user, cookie, token } = await signedIn(desk, role, name)
  await db.updateTable('app_user').set({ email }).where('id', '=', user.id).execute()
  const who = `user:${user.id}`
  await append(db, { kind: 'user.created', actor: who, subject: who, body: { role } }, desk.running.house.clock)
  return { id: user.id, email, cookie, token, key: await new SoftPasskey().register(db, user.id) }
}

/** Calls without a cookie, as the holder of a link does. */
export async function byLink(desk: { readonly origin: string }, method: 'GET' | 'POST', url: string, body?: unknown) {
  const response = await fetch(`${desk.origin}/api/approve/${url}`, {
    method,
    headers: { origin: desk.origin, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, json: (await response.json()) as Record<string, unknown> & Partial<ApprovalPage> }
}

/** The token in the newest mail to this person that has one. */
export async function mailedToken(desk: Desk, email: string, nth = 1): Promise<string> {
  return until(`mail ${nth} with a link to ${email}`, async () => {
    const { rows } = await desk.running.database.db
      .selectFrom('notice')
      .select(['bytes', 'recipients'])
      .where('kind', '=', 'approval')
      .orderBy('created_at')
      .execute()
      .then((found) => ({ rows: found.filter(({ recipients }) => recipients.includes(email)) }))
    const mail = rows[nth - 1]
    if (mail === undefined) return null
    return /\/approve\/([A-Za-z0-9_-]{43})/.exec((await simpleParser(mail.bytes)).text ?? '')?.[1]
  })
}

/** Statement, signature, answer: the whole round of one person. The status of the last call. */
export async function signAs(
  desk: { readonly origin: string },
  token: string,
  key: SoftPasskey,
  said: { readonly verdict: 'approve' | 'refuse'; readonly reason?: string } = { verdict: 'approve' },
  wrongly: Wrongly = {},
): Promise<number> {
  const given = await byLink(desk, 'POST', `${token}/statement`, said)
  if (given.status !== 200) return given.status
  const options = given.json['options'] as { challenge: string; rpId: string }
  const response = key.sign(options, desk.origin, wrongly)
  return (await byLink(desk, 'POST', `${token}/signature`, { response })).status
}
