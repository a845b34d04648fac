import { z } from 'zod'
import { ApprovalState, ApprovalVerdict } from '../model/approval.ts'
import { Offices } from '../model/office.ts'
import { Done, endpoint } from './endpoint.ts'
import { SignOffProblem } from './playbooks.ts'

const when = z.iso.datetime()
const token = z.object({ token: z.string().max(100) })

/** Somebody at a place, as those who are asked together may see it. */
const ApprovalSeat = z.object({
  userId: z.uuid(),
  name: z.string(),
  deputy: z.boolean(),
  /** In whose place they are asked: away, or handed over. */
  standsFor: z.string().nullable(),
  asked: z.boolean(),
  handedOver: z.boolean(),
  verdict: ApprovalVerdict.nullable(),
  reason: z.string(),
  signedAt: when.nullable(),
  ledgerIndex: z.int().nullable(),
})

/** A question before signing, or the desk's answer. */
export const ApprovalTalk = z.array(z.object({ byName: z.string(), at: when, text: z.string(), isAnswer: z.boolean() }))
export type ApprovalTalk = z.infer<typeof ApprovalTalk>

/** What is asked, how far it is, and who has signed. */
export const ApprovalRow = z.object({
  id: z.uuid(),
  alertId: z.uuid(),
  alertNumber: z.int(),
  /** Of a step of a run; of the release of an answer `replyId`. */
  runId: z.uuid().nullable(),
  stepPath: z.string().nullable(),
  replyId: z.uuid().nullable(),
  what: z.string(),
  about: z.string(),
  why: z.string(),
  changes: z.string(),
  ifSilent: z.string(),
  alternatives: z.array(z.string()),
  rule: z.string(),
  subjectSha256: z.string(),
  askedAt: when,
  expiresAt: when,
  state: ApprovalState,
  placeNow: z.int(),
  talk: ApprovalTalk,
  places: z.array(
    z.object({
      title: z.string(),
      quorum: z.int(),
      signed: z.int(),
      /** Its turn is now; several are asked at the same time where the playbook says so. */
      now: z.boolean(),
      seats: z.array(ApprovalSeat),
    }),
  ),
})
export type ApprovalRow = z.infer<typeof ApprovalRow>

/** What somebody signed, and what became of it. */
const SignedRow = z.object({
  approval: ApprovalRow,
  mine: z.object({
    place: z.string(),
    verdict: ApprovalVerdict,
    reason: z.string(),
    at: when,
    ledgerIndex: z.int().nullable(),
  }),
})
export type SignedRow = z.infer<typeof SignedRow>

/** The page behind a link: what it is about, who looks, and what they can do now. */
export const ApprovalPage = z.object({
  approval: ApprovalRow,
  /** Of an answer that waits for its second release: what leaves, and to whom. Its words are told only to whoever is signed in. */
  release: z
    .object({
      replyId: z.uuid(),
      sha256: z.string(),
      sizeBytes: z.int(),
      to: z.array(z.string()),
      files: z.int(),
      dryRun: z.boolean(),
      firstBy: z.string(),
    })
    .nullable(),
  me: z.object({
    userId: z.uuid(),
    name: z.string(),
    place: z.int(),
    /** How many passkeys they have; without one they sign in with password and code first, and register one. */
    passkeys: z.int(),
    questionsLeft: z.int(),
    /** In whose place they are asked. */
    standsFor: z.object({ name: z.string(), away: z.boolean() }).nullable(),
    /** Who was asked in their place, since the calendar has them away. */
    standIn: z.string().nullable(),
    /** Places of this chain that they signed before: one person counts once, where others can sign. */
    alsoSigned: z.array(z.string()),
    receipt: z
      .object({ verdict: ApprovalVerdict, at: when, recordId: z.string(), ledgerIndex: z.int().nullable() })
      .nullable(),
  }),
  state: z.enum(['open', 'signed', 'handed-over', 'later', 'over', 'expired', 'not-allowed', 'counted']),
  deputies: z.array(z.object({ userId: z.uuid(), name: z.string() })),
})
export type ApprovalPage = z.infer<typeof ApprovalPage>

/** Who signs for what in this house, and what of the playbooks that could not be signed as things are. */
export const OfficesPage = z.object({
  version: z.int(),
  offices: Offices,
  /** Playbooks that name an office, by its id. */
  uses: z.record(z.string(), z.array(z.string())),
  /** Chains that ask more than one office, by the id of each. */
  chains: z.array(
    z.object({
      title: z.string(),
      places: z.array(z.object({ title: z.string(), office: z.string(), quorum: z.int() })),
    }),
  ),
  problems: z.array(SignOffProblem.extend({ playbook: z.string(), title: z.string() })),
  /** Who can be named: open accounts that may sign. */
  people: z.array(z.object({ email: z.string(), name: z.string(), hasPasskey: z.boolean() })),
})
export type OfficesPage = z.infer<typeof OfficesPage>

const Loose = z.looseObject({})

/** When whoever signs is away, and who stands in (a mail address); null: the first deputy who is there. */
const Absence = z.object({ from: when, to: when, deputy: z.string().trim().toLowerCase().max(320).nullable() })

export const approvalsApi = {
  'GET /api/approvals': endpoint({
    permission: 'approval.sign',
    says: 'What waits for your word (approvals, and answers that a second person releases), and the last fifty that you signed',
    answer: z.object({ approvals: z.array(ApprovalRow), signed: z.array(SignedRow), moreSigned: z.boolean() }),
  }),
  'GET /api/me/away': endpoint({
    permission: 'approval.sign',
    says: 'When you said that you are away; null where you did not, or are back',
    answer: z.object({ away: Absence.nullable() }),
  }),
  'PUT /api/me/away': endpoint({
    permission: 'approval.sign',
    says: 'Say that you are away: it stands in the calendar, and what is asked of you is asked of a deputy as well',
    body: Absence,
    answer: Done,
  }),
  'DELETE /api/me/away': endpoint({
    permission: 'approval.sign',
    says: 'You are here: take your absence out of the calendar',
    answer: Done,
  }),
  'GET /api/runs/:id/approvals': endpoint({
    permission: 'desk.see',
    says: 'The approvals that a run asked for, and who signed',
    params: z.object({ id: z.uuid() }),
    answer: z.object({ approvals: z.array(ApprovalRow), mine: z.array(z.uuid()) }),
  }),
  'POST /api/approvals/:id/link': endpoint({
    permission: 'approval.sign',
    says: 'A way to your own page of an approval, for a quarter of an hour',
    params: z.object({ id: z.uuid() }),
    answer: z.object({ token: z.string() }),
  }),
  'POST /api/approvals/:id/answer': endpoint({
    permission: 'playbook.run',
    says: 'Answer what somebody asked before they sign: by mail, and on the page of everybody who is asked',
    params: z.object({ id: z.uuid() }),
    body: z.object({ text: z.string().trim().min(1).max(2000) }),
    answer: Done,
  }),
  'GET /api/offices': endpoint({
    permission: 'house.see',
    says: 'Who signs for HR, legal, data protection and others, and which chains could not be signed',
    answer: OfficesPage,
  }),
  'PUT /api/offices': endpoint({
    permission: 'setting.change',
    says: 'Say who signs for what; version 0 is the first time',
    body: z.object({ offices: Offices, version: z.int().nonnegative() }),
    answer: z.object({ version: z.int() }),
  }),
  'GET /api/approve/:token': endpoint({
    permission: 'one-time-link',
    says: 'What you are asked to sign; looking changes nothing',
    params: token,
    answer: ApprovalPage,
  }),
  'POST /api/approve/:token/statement': endpoint({
    permission: 'one-time-link',
    says: 'The statement you would sign, and the options for your passkey: its challenge is the SHA-256 of the statement',
    params: token,
    body: z.object({ verdict: ApprovalVerdict, reason: z.string().trim().max(2000).default('') }),
    answer: z.object({ statement: z.string(), options: Loose }),
  }),
  'POST /api/approve/:token/signature': endpoint({
    permission: 'one-time-link',
    says: 'Your passkey’s signature over the statement, once',
    params: token,
    body: z.object({ response: Loose }),
    answer: Done,
  }),
  'POST /api/approve/:token/question': endpoint({
    permission: 'one-time-link',
    says: 'Ask the desk before you sign',
    params: token,
    body: z.object({ text: z.string().trim().min(1).max(2000) }),
    answer: Done,
  }),
  'POST /api/approve/:token/hand-over': endpoint({
    permission: 'one-time-link',
    says: 'Not me: a deputy signs in your place',
    params: token,
    body: z.object({ to: z.uuid() }),
    answer: Done,
  }),
} as const
