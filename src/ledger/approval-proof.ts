import { verify } from 'node:crypto'
import { canonicalJson, type Json } from '../kit/canonical-json.ts'
import { sha256Hex } from '../kit/digest.ts'
import { ApprovalStatement, approverRoles, SignedApproval } from '../model/approval.ts'
import { readCoseKey } from './cose-key.ts'

/** What a record says that bears on approvals. */
export type ApprovalRecord = {
  readonly kind: string
  readonly at: string
  readonly actor: string
  readonly subject: string
  readonly body: Readonly<Record<string, unknown>>
}

/**
 * Checks every signed approval of an export as its record comes by, with what the records before it said: which role somebody had then, whose
 * the passkey was, and that nothing was signed twice. `complete`: all records are in the file, so that what it does not say did not happen.
 */
export class ApprovalChecks {
  readonly #complete: boolean
  readonly #roles = new Map<string, string>()
  readonly #shut = new Set<string>()
  readonly #keys = new Map<string, { readonly user: string; readonly sha256: string | null }>()
  readonly #nonces = new Set<string>()
  readonly #counters = new Map<string, number>()
  count = 0

  constructor(complete: boolean) {
    this.#complete = complete
  }

  /** What does not hold of this record; nothing for one that has no signature. */
  take(record: ApprovalRecord): readonly string[] {
    if (record.kind === 'approval.signed') return this.#signed(record)
    if (record.kind === 'user.created' || record.kind === 'user.changed') this.#person(record)
    return []
  }

  #person({ subject, body }: ApprovalRecord): void {
    if (typeof body['role'] === 'string') this.#roles.set(subject, body['role'])
    if (body['disabled'] === true) this.#shut.add(subject)
    if (body['disabled'] === false) this.#shut.delete(subject)
    if (typeof body['passkey'] !== 'string') return
    const sha256 = typeof body['publicKeySha256'] === 'string' ? body['publicKeySha256'] : null
    this.#keys.set(body['passkey'], { user: subject, sha256 })
  }

  #signed(record: ApprovalRecord): readonly string[] {
    this.count += 1
    const parsed = SignedApproval.safeParse(record.body)
    const statement = parsed.success ? statementOf(parsed.data.statement) : null
    if (!parsed.success || statement === null) return ['the approval is malformed']
    const signed = parsed.data
    const problems = [...problemsOfSignature(signed, statement)]
    const who = `user:${statement.who.user}`
    if (record.actor !== who || record.subject !== `approval:${statement.approval}`)
      problems.push('the record is of another person or approval than the statement that was signed')
    if (Math.abs(Date.parse(record.at) - Date.parse(statement.at)) > signingMsMax)
      problems.push('the record is of another time than the statement that was signed')
    if (this.#nonces.has(statement.nonce))
      problems.push('this statement was signed before: the signature is played again')
    this.#nonces.add(statement.nonce)
    this.#role(who, statement, problems)
    this.#key(who, signed, problems)
    return problems
  }

  #role(who: string, statement: ApprovalStatement, problems: string[]): void {
    if (!(approverRoles as readonly string[]).includes(statement.who.role))
      problems.push(`nobody with the role "${statement.who.role}" may sign`)
    const then = this.#roles.get(who)
    if (then !== undefined && then !== statement.who.role)
      problems.push(`the statement says "${statement.who.role}"; by the records before it the role was "${then}"`)
    if (this.#shut.has(who)) problems.push('the account was shut then')
    if (then === undefined && this.#complete) problems.push('no record before it says that this person has an account')
  }

  #key(who: string, signed: SignedApproval, problems: string[]): void {
    const key = this.#keys.get(signed.credential)
    if (key !== undefined && key.user !== who) problems.push('the passkey is of another person')
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

/** Signing takes five minutes at most (the life of a challenge); the record is of the moment it came back. */
const signingMsMax = 10 * 60_000
const flagPresent = 0x01
const flagVerified = 0x04

function statementOf(text: string): ApprovalStatement | null {
  try {
    const value = JSON.parse(text) as Json
    const parsed = ApprovalStatement.safeParse(value)
    return parsed.success && canonicalJson(value) === text ? parsed.data : null
  } catch {
    // Not JSON: the caller says that it is malformed.
    return null
  }
}

function counterOf(signed: SignedApproval): number {
  const data = Buffer.from(signed.authenticatorData, 'base64url')
  return data.length < 37 ? 0 : data.readUInt32BE(33)
}

/** Web Authentication Level 2, 7.2, steps 11 to 21, over what was kept. Needs nothing but the record. */
export function problemsOfSignature(signed: SignedApproval, statement: ApprovalStatement): readonly string[] {
  const problems: string[] = []
  const data = Buffer.from(signed.authenticatorData, 'base64url')
  const client = Buffer.from(signed.clientData, 'base64url')
  if (sha256Hex(signed.subject) !== statement.subject.sha256)
    problems.push('what was approved is not what the statement names: the bytes were changed')
  if (signed.approval !== statement.approval || signed.verdict !== statement.verdict)
    problems.push('the record says something else than the statement that was signed')
  const said = clientOf(client)
  if (said?.type !== 'webauthn.get') problems.push('what the browser signed is no sign of a passkey')
  if (said?.challenge !== Buffer.from(sha256Hex(signed.statement), 'hex').toString('base64url'))
    problems.push('the statement is not the one that was signed')
  if (said?.origin !== statement.origin)
    problems.push(`it was signed on ${said?.origin ?? 'no page'}, not on ${statement.origin}`)
  if (data.length < 37 || data.subarray(0, 32).toString('hex') !== sha256Hex(statement.rpId))
    problems.push(`the passkey is not of ${statement.rpId}`)
  const flags = data[32] ?? 0
  if ((flags & flagPresent) === 0 || (flags & flagVerified) === 0)
    problems.push('the authenticator did not verify the person')
  const counter = counterOf(signed)
  if ((signed.counter > 0 || counter > 0) && counter <= signed.counter)
    problems.push('the counter of the passkey did not go on: the signature is played again, or the key was copied')
  const key = readCoseKey(Buffer.from(signed.publicKey, 'base64url'))
  const over = Buffer.concat([data, Buffer.from(sha256Hex(client), 'hex')])
  if (key === null || !verify(key.hash, over, key.key, Buffer.from(signed.signature, 'base64url')))
    problems.push('the signature is not of this key over this statement')
  return problems
}

function clientOf(bytes: Buffer): { type?: unknown; challenge?: unknown; origin?: string } | null {
  try {
    return JSON.parse(bytes.toString('utf8')) as { type?: unknown; challenge?: unknown; origin?: string }
  } catch {
    // No JSON, so it says nothing; each check names what is missing.
    return null
  }
}
