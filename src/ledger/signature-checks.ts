import { sha256Hex } from '../kit/digest.ts'
import { approverRoles, PasskeySignature, SignedApproval } from '../model/approval.ts'
import { releaserRoles } from '../model/release.ts'
import { approvalStatement, problemsOfApproval } from './approval-proof.ts'
import { counterOf } from './assertion-proof.ts'
import { problemsOfRelease, releaseStatement } from './release-proof.ts'

/** What a record says that bears on signatures. */
export type SignatureRecord = {
  readonly kind: string
  readonly at: string
  readonly actor: string
  readonly subject: string
  readonly body: Readonly<Record<string, unknown>>
}

/** What any signed statement says of who signed, where and when. */
type Signed = {
  readonly nonce: string
  readonly at: string
  readonly who: { readonly user: string; readonly role: string }
}

/** Signing takes five minutes at most (the life of a challenge); the record is of the moment it came back. */
const signingMsMax = 10 * 60_000

/**
 * Checks every signed approval and release of an export as its record comes by, with what the records before it said: which role somebody had
 * then, whose the passkey was, and that nothing was signed twice. `complete`: all records are in the file, so that what it does not say did not happen.
 */
export class SignatureChecks {
  readonly #complete: boolean
  readonly #roles = new Map<string, string>()
  readonly #shut = new Set<string>()
  readonly #keys = new Map<string, { readonly user: string; readonly sha256: string | null }>()
  readonly #removed = new Set<string>()
  readonly #nonces = new Set<string>()
  readonly #counters = new Map<string, number>()
  approvals = 0
  releases = 0

  constructor(complete: boolean) {
    this.#complete = complete
  }

  /** What does not hold of this record; nothing for one that has no signature. */
  take(record: SignatureRecord): readonly string[] {
    if (record.kind === 'approval.signed') return this.#approval(record)
    const isRelease = record.kind === 'reply.released' || record.kind === 'reply.second-asked'
    if (isRelease && 'signed' in record.body) return this.#release(record)
    if (record.kind === 'user.created' || record.kind === 'user.changed') this.#person(record)
    return []
  }

  #person({ subject, body }: SignatureRecord): void {
    if (typeof body['role'] === 'string') this.#roles.set(subject, body['role'])
    if (body['disabled'] === true) this.#shut.add(subject)
    if (body['disabled'] === false) this.#shut.delete(subject)
    if (typeof body['passkeyRemoved'] === 'string') this.#removed.add(body['passkeyRemoved'])
    if (typeof body['passkey'] !== 'string') return
    this.#removed.delete(body['passkey'])
    const sha256 = typeof body['publicKeySha256'] === 'string' ? body['publicKeySha256'] : null
    this.#keys.set(body['passkey'], { user: subject, sha256 })
  }

  #approval(record: SignatureRecord): readonly string[] {
    this.approvals += 1
    const signed = SignedApproval.safeParse(record.body)
    const statement = signed.success ? approvalStatement(signed.data.statement) : null
    if (!signed.success || statement === null) return ['the approval is malformed']
    const about = `approval:${statement.approval}`
    return [
      ...problemsOfApproval(signed.data, statement),
      ...this.#whoever(record, signed.data, statement, { about, what: 'approval', roles: approverRoles }),
    ]
  }

  #release(record: SignatureRecord): readonly string[] {
    this.releases += 1
    const signed = PasskeySignature.safeParse(record.body['signed'])
    const statement = signed.success ? releaseStatement(signed.data.statement) : null
    if (!signed.success || statement === null) return ['the signed release is malformed']
    const about = `reply:${statement.reply}`
    return [
      ...problemsOfRelease(signed.data, statement, record),
      ...this.#whoever(record, signed.data, statement, { about, what: 'answer', roles: releaserRoles }),
    ]
  }

  #whoever(
    record: SignatureRecord,
    signed: PasskeySignature,
    statement: Signed,
    must: { readonly about: string; readonly what: string; readonly roles: readonly string[] },
  ): readonly string[] {
    const problems: string[] = []
    const who = `user:${statement.who.user}`
    if (record.actor !== who || record.subject !== must.about)
      problems.push(`the record is of another person or ${must.what} than the statement that was signed`)
    if (Math.abs(Date.parse(record.at) - Date.parse(statement.at)) > signingMsMax)
      problems.push('the record is of another time than the statement that was signed')
    if (this.#nonces.has(statement.nonce))
      problems.push('this statement was signed before: the signature is played again')
    this.#nonces.add(statement.nonce)
    this.#role(who, statement.who.role, must.roles, problems)
    this.#key(who, signed, problems)
    return problems
  }

  #role(who: string, role: string, roles: readonly string[], problems: string[]): void {
    if (!roles.includes(role)) problems.push(`nobody with the role "${role}" may sign`)
    const then = this.#roles.get(who)
    if (then !== undefined && then !== role)
      problems.push(`the statement says "${role}"; by the records before it the role was "${then}"`)
    if (this.#shut.has(who)) problems.push('the account was shut then')
    if (then === undefined && this.#complete) problems.push('no record before it says that this person has an account')
  }

  #key(who: string, signed: PasskeySignature, problems: string[]): void {
    const key = this.#keys.get(signed.credential)
    if (key !== undefined && key.user !== who) problems.push('the passkey is of another person')
    if (this.#removed.has(signed.credential)) problems.push('the passkey was removed before')
    const sha256 = sha256Hex(Buffer.from(signed.publicKey, 'base64url'))
    if (key !== undefined && key.sha256 !== null && key.sha256 !== sha256)
      problems.push('the public key is not the one that was registered')
    if (key === undefined && this.#complete) problems.push('no record before it says that this passkey was registered')
    const counter = counterOf(signed)
    const before = this.#counters.get(signed.credential)
    if (before !== undefined && (before > 0 || counter > 0) && counter <= before)
      problems.push('the counter of the passkey did not go on: the signature is played again, or the key was copied')
    this.#counters.set(signed.credential, counter)
  }
}
