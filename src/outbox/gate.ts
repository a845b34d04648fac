import { sha256Hex } from '../kit/digest.ts'
import { Trouble } from '../kit/errors.ts'
import type { Egress } from '../model/egress.ts'
import { type ApiRequest, apiAnswerIn } from '../model/provider-api.ts'

/** Reads an entry of the egress ledger as it is committed; null when there is none. */
export type EntryOf = (id: string) => Promise<Egress | null>

/** What is about to leave by a door. */
export type Knocking = {
  readonly channel: Egress['channel']
  readonly bytes: Uint8Array
  readonly to: readonly string[]
}

/**
 * The one gate towards providers: every door asks here at the last moment, and sends only what it answers. It looks the entry up itself,
 * so that nobody can bring one along. Throws Trouble('internal') with the problem unless a person released exactly these bytes for exactly
 * these recipients by this channel, and the record says that they are leaving now.
 */
export async function passGate(entryOf: EntryOf, entryId: string, knocking: Knocking): Promise<Egress> {
  const refuse = (problem: string): never => {
    throw new Trouble('internal', { problem, entryId })
  }
  const entry = (await entryOf(entryId)) ?? refuse('nobody released this: it has no entry in the egress ledger')
  if (!/^(?:user|person):./.test(entry.releasedBy)) refuse('no person released this')
  if (entry.rule === '') refuse('it was released under no rule')
  if (entry.state !== 'leaving') refuse(`it is not leaving now: it is ${entry.state}`)
  if (entry.channel !== knocking.channel) refuse('it was released for another way out')
  if (sha256Hex(knocking.bytes) !== entry.sha256) refuse('the bytes are not those that were released')
  if (knocking.bytes.byteLength !== entry.sizeBytes) refuse('the bytes are not those that were released')
  if (knocking.to.length === 0 || knocking.to.join('\n') !== entry.recipients.join('\n'))
    refuse('the recipients are not those it was released for')
  return entry
}

/** What leaves by another way than mail, as it is committed in what left. */
export type OutsideEntry = {
  readonly way: string
  readonly place: string
  readonly sha256: string
  readonly state: string
  readonly agreedBy: string
}

declare const ofTheGate: unique symbol
/** What the gate gives for one act, and what every door has to show to tell anybody anything. Nobody else can make one. */
export type Pass = { readonly [ofTheGate]: true }
/** Passes that were not used, with the digest of the bytes that they are for; null where a door puts them into its own form. */
const passes = new WeakMap<Pass, string | null>()

function issue(sha256: string | null): Pass {
  const pass = Object.freeze({}) as Pass
  passes.set(pass, sha256)
  return pass
}

/** Takes a pass at the last moment before the bytes leave (call-out.ts). It opens once. Throws Trouble('internal') for what is none. */
export function takePass(pass: Pass, body: unknown): void {
  const sha256 = passes.get(pass)
  if (sha256 === undefined) throw new Trouble('internal', { problem: 'this did not pass the gate, or it did already' })
  passes.delete(pass)
  if (sha256 === null) return
  const isText = typeof body === 'string' || body instanceof Uint8Array
  if (!isText || sha256Hex(body) !== sha256)
    throw new Trouble('internal', { problem: 'the bytes are not those that passed the gate' })
}

/** A test of a system that can only be told: a post with nothing in it but the time. */
const greeting = /^\{"type":"ping","timestamp":"[0-9TZ:.-]{20,30}","data":\{\}\}$/

/** The pass for a greeting, which says nothing of the house and so needs no entry. Throws Trouble('internal') for anything else. */
export function passGreeting(body: string): Pass {
  if (!greeting.test(body)) throw new Trouble('internal', { problem: 'this is no greeting' })
  return issue(sha256Hex(body))
}

/**
 * The gate for an answer that goes through a provider's own API: each request as it stands in the bytes that a person released, with a pass
 * that opens once and for its body only. Throws as `passGate` does.
 */
export async function passAnswer(
  entryOf: EntryOf,
  entryId: string,
  knocking: { readonly bytes: Uint8Array; readonly to: readonly string[] },
): Promise<readonly { readonly request: ApiRequest; readonly pass: Pass }[]> {
  await passGate(entryOf, entryId, { ...knocking, channel: 'provider-api' })
  const answer = apiAnswerIn(knocking.bytes)
  if (answer === null) throw new Trouble('internal', { problem: 'this is no answer for an API', entryId })
  return answer.requests.map((request) => ({ request, pass: issue(sha256Hex(request.body)) }))
}

/** RFC 6749, 4.4.2: a form with nothing in it but who we are. */
const tokenAsk = /^grant_type=client_credentials(?:&(?:client_id|client_secret|scope)=[\w.*+%-]{1,6000}){2,3}$/

/** The pass for asking for a token. Throws Trouble('internal') for anything else. */
export function passTokenAsk(body: string): Pass {
  if (!tokenAsk.test(body)) throw new Trouble('internal', { problem: 'this asks for no token' })
  return issue(sha256Hex(body))
}

/** One number of theirs, or since when something changed there, where an API wants to be asked by POST. */
const numberAsks = [
  /^\{"composite_ids":\["[\w:-]{1,200}"\]\}$/,
  /^\{"request_data":\{"incident_id":"\d{1,15}"\}\}$/,
  /^\{"query":\{"ids":\{"values":\["[\w-]{1,200}"\]\}\},"fields":\["kibana\.alert\.workflow_status","kibana\.alert\.workflow_reason","kibana\.alert\.url"\],"_source":false\}$/,
  /^\{"query":\{"range":\{"kibana\.alert\.workflow_status_updated_at":\{"gte":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"\}\}\},"size":200,"_source":false\}$/,
] as const

/** The pass for asking for one ticket of theirs by its number, or for those that changed. Throws Trouble('internal') for anything else. */
export function passNumberAsk(body: string): Pass {
  if (!numberAsks.some((ask) => ask.test(body)))
    throw new Trouble('internal', { problem: 'this asks for more than a number' })
  return issue(sha256Hex(body))
}

/** RFC 3161, 2.4.1, in DER: version 1, a SHA-256, a number of nine bytes, and that certificates are wanted. */
const stampQuery = /^30440201013031300d060960864801650304020105000420[0-9a-f]{64}020901[0-9a-f]{16}0101ff$/

/** The pass for a question to a time-stamping authority: a digest and a random number. Throws Trouble('internal') for anything else. */
export function passStampQuery(query: Uint8Array): Pass {
  if (!stampQuery.test(Buffer.from(query).toString('hex')))
    throw new Trouble('internal', { problem: 'this is no question for a time stamp' })
  return issue(sha256Hex(query))
}

export type OutsideEntryOf = (id: string) => Promise<OutsideEntry | null>

/**
 * The same gate for chats and systems of tickets: no person releases each message, whoever set the place up agreed to what goes there. Throws
 * Trouble('internal') unless these very bytes stand in what left, for this place, as leaving now. `asItIs`: the bytes leave as they stand
 * there; without, the door puts them into the form of its system.
 */
export async function passOutside(
  entryOf: OutsideEntryOf,
  entryId: string,
  knocking: { readonly way: string; readonly place: string; readonly bytes: Uint8Array; readonly asItIs: boolean },
): Promise<Pass> {
  const refuse = (problem: string): never => {
    throw new Trouble('internal', { problem, entryId })
  }
  const entry = (await entryOf(entryId)) ?? refuse('it has no entry in what left')
  if (!/^user:./.test(entry.agreedBy)) refuse('nobody agreed that it leaves')
  if (entry.state !== 'leaving') refuse(`it is not leaving now: it is ${entry.state}`)
  if (entry.way !== knocking.way || entry.place !== knocking.place) refuse('it was meant for another place')
  if (sha256Hex(knocking.bytes) !== entry.sha256) refuse('the bytes are not those that were written down')
  return issue(knocking.asItIs ? entry.sha256 : null)
}
