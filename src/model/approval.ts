import { z } from 'zod'
import type { Role } from './user.ts'

/** A sign-off chain longer than this is signed by nobody in time. */
export const approvalPlacesMax = 6
/** Reminders for one approval: past these people stop reading them. */
export const remindersMax = 5

/** Whoever can answer for a decision of the house; an auditor only looks, a provider is outside. */
export const approverRoles = [
  'administrator',
  'lead',
  'analyst',
  'approver',
  'asset-owner',
] as const satisfies readonly Role[]

/** May this account sign, as it is now? What it was when it was asked does not count. */
export const maySign = ({ role, disabled }: { readonly role: string; readonly disabled: boolean }): boolean =>
  !disabled && (approverRoles as readonly string[]).includes(role)

const person = z
  .string()
  .regex(
    /^(role:(administrator|lead|analyst|approver)|office:[a-z][a-z0-9-]{0,30}|ticket:(responsible|accountable|consulted)|owner:asset|[^\s@<>,;]+@[^\s@<>,;]+)$/,
    'write a mail address of somebody with an account, role:approver (lead, administrator, analyst), office:dpo (Settings, Sign-off), ticket:accountable (responsible, consulted), or owner:asset',
  )

/** One place of a sign-off chain: who may sign there, and how many of them must. */
export const ApprovalPlace = z.object({
  title: z.string().min(1).max(60).describe('For example HR, Legal, DPO, Business owner'),
  people: z.array(person).min(1).max(20),
  deputies: z
    .array(person)
    .max(20)
    .default([])
    .describe('Asked when a member hands over to them, and with the first reminder'),
  quorum: z.int().min(1).max(10).default(1),
  /** Not there is no: a default would change the digest of the steps of runs that wait. */
  beside: z
    .boolean()
    .optional()
    .describe('Asked at the same time as the place before it; otherwise when that one has signed'),
})
export type ApprovalPlace = z.infer<typeof ApprovalPlace>

const line = z.string().min(1).max(400)

/** What a playbook asks people to sign. The five texts are Liquid templates: what a phone shows above the fold. */
export const ApprovalAsk = z.object({
  what: line.describe('What is asked, as one sentence'),
  about: line.describe('About whom or what'),
  why: line,
  changes: line.describe('What leaves or changes when it is approved'),
  ifSilent: line.describe('What happens when nobody answers in time; the steps that follow must do that'),
  alternatives: z.array(z.string().min(1).max(200)).max(5).default([]).describe('What else could be done'),
  /** In this order: the next place is asked when the one before has signed, or beside it. */
  from: z.array(ApprovalPlace).min(1).max(approvalPlacesMax),
  remind: z
    .array(z.string().regex(/^[1-9]\d{0,5}(s|m|h|d)$/))
    .max(remindersMax)
    .default([])
    .describe('After so long, each counted from the asking'),
})
export type ApprovalAsk = z.infer<typeof ApprovalAsk>

/** The same with this alert's words in it, as it is kept. */
export const ApprovalMatter = z.object({
  what: z.string(),
  about: z.string(),
  why: z.string(),
  changes: z.string(),
  ifSilent: z.string(),
  alternatives: z.array(z.string()),
  places: z.array(z.object({ title: z.string(), quorum: z.int(), beside: z.boolean().optional() })),
})
export type ApprovalMatter = z.infer<typeof ApprovalMatter>

type Beside = { readonly beside?: boolean | undefined }

/** The places that are asked at the same time as this one: from the first to the last of them. */
export function stageOf(places: readonly Beside[], place: number): { readonly from: number; readonly to: number } {
  let [from, to] = [place, place]
  while (from > 0 && places[from]?.beside === true) from -= 1
  while (places[to + 1]?.beside === true) to += 1
  return { from, to }
}

export const isInStage = (places: readonly Beside[], now: number, place: number): boolean => {
  const { from, to } = stageOf(places, now)
  return place >= from && place <= to
}

/** "DPO and Legal, then Business owner". */
export const chainWords = (places: readonly (Beside & { readonly title: string })[]): string =>
  places.map(({ title, beside }, at) => (at === 0 ? title : `${beside === true ? ' and' : ', then'} ${title}`)).join('')

/** Who could sign at a place of a chain. */
export type Signers = { readonly title: string; readonly quorum: number; readonly people: ReadonlySet<string> }

/**
 * The smallest group of places that needs more different people than there are (Hall's condition); null where each signature could be somebody
 * else's. A place that is too small by itself is no news here. At most 2^6 groups.
 */
export function tooFewFor<Place extends Signers>(
  places: readonly Place[],
): { readonly places: readonly Place[]; readonly people: readonly string[]; readonly needs: number } | null {
  const groups = Array.from({ length: 2 ** Math.min(places.length, approvalPlacesMax) }, (_, bits) =>
    places.filter((_place, n) => (bits >> n) % 2 === 1),
  )
  for (const group of groups.toSorted((a, b) => a.length - b.length)) {
    const people = [...new Set(group.flatMap((place) => [...place.people]))]
    const needs = group.reduce((sum, { quorum }) => sum + quorum, 0)
    if (group.length > 1 && people.length < needs && group.every((place) => place.people.size >= place.quorum))
      return { places: group, people, needs }
  }
  return null
}

/** What a step of a playbook asks people to sign, in a sentence for whoever reads the playbook. */
export function approvalWords({ what, ifSilent, from }: ApprovalAsk, expires: string): string {
  const places = from.map(({ title, quorum, people, deputies, beside }) => ({
    title: `${title} (${quorum} of ${people.join(', ')}${deputies.length === 0 ? '' : `; deputies ${deputies.join(', ')}`})`,
    beside,
  }))
  return `Signed by ${chainWords(places)}: ${what} At most ${expires}; if nobody answers: ${ifSilent}`
}

export const ApprovalVerdict = z.enum(['approve', 'refuse'])
export type ApprovalVerdict = z.infer<typeof ApprovalVerdict>
export const ApprovalState = z.enum(['open', 'approved', 'refused', 'expired', 'void'])
export type ApprovalState = z.infer<typeof ApprovalState>

export const statementForm = 'counterfoil/approval/1'

/**
 * What a person signs. Its canonical JSON (RFC 8785) is hashed by SHA-256, and that digest is the challenge of the passkey: nobody can
 * later put another text under the signature.
 */
export const ApprovalStatement = z.strictObject({
  statement: z.literal(statementForm),
  approval: z.uuid(),
  /** Drawn for this one signature. */
  nonce: z.string().length(43),
  who: z.strictObject({
    user: z.uuid(),
    email: z.string(),
    name: z.string(),
    role: z.string(),
    place: z.string(),
    /** The member whose place a deputy signs at, who is away or handed it over; null for a member, and for a deputy who was asked by the reminder. */
    standsFor: z.uuid().nullable(),
    deputy: z.boolean(),
    /** Places of this chain that the same person signed before; said only where there are any. */
    alsoSigned: z.array(z.string()).min(1).optional(),
  }),
  verdict: ApprovalVerdict,
  reason: z.string(),
  subject: z.strictObject({ kind: z.literal('action'), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  what: z.string(),
  alternatives: z.array(z.string()),
  rule: z.string(),
  ifSilent: z.string(),
  askedAt: z.iso.datetime(),
  at: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  origin: z.string(),
  rpId: z.string(),
})
export type ApprovalStatement = z.infer<typeof ApprovalStatement>

/** A passkey's signature over a statement, with all that is needed to check it later. Bytes are base64url. */
export const PasskeySignature = z.object({
  /** Canonical JSON. */
  statement: z.string(),
  credential: z.string(),
  /** COSE_Key (RFC 9052), as the authenticator gave it. */
  publicKey: z.string(),
  /** The counter known before; an authenticator that counts goes past it. */
  counter: z.int(),
  authenticatorData: z.string(),
  clientData: z.string(),
  signature: z.string(),
})
export type PasskeySignature = z.infer<typeof PasskeySignature>

/** A signed approval, as it stands in the body of its ledger record. */
export const SignedApproval = PasskeySignature.extend({
  alertId: z.uuid(),
  runId: z.uuid(),
  approval: z.uuid(),
  verdict: ApprovalVerdict,
  /** The exact bytes that the statement's subject is the digest of. */
  subject: z.string(),
})
export type SignedApproval = z.infer<typeof SignedApproval>
