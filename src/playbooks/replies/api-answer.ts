import { addLink, changeItem, changeLink, insertItem, itemsOf, linkById, noteChange } from '../../db/elsewhere.ts'
import { listSystems, type SystemRecord, systemById } from '../../db/elsewhere-systems.ts'
import type { Db } from '../../db/open.ts'
import type { ReplyRecord } from '../../db/replies.ts'
import { beginRequest, forgetOpenRequests, requestsOf, takenRequest } from '../../db/reply-requests.ts'
import { canonicalJson, type Json } from '../../kit/canonical-json.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { problemOf, Trouble } from '../../kit/errors.ts'
import { unseal } from '../../kit/seal.ts'
import type { SendResult } from '../../model/doors.ts'
import type { Egress } from '../../model/egress.ts'
import {
  type ApiAnswer,
  type ApiLeaving,
  apiAnswerForm,
  apiAnswerIn,
  type ProviderApi,
  type Told,
} from '../../model/provider-api.ts'
import { type Outcome, outcomeTitles } from '../../model/triage.ts'
import { providerApi } from '../../providers/apis.ts'
import { withoutAttached } from '../../triage/draft.ts'
import { placeOfSystem } from '../elsewhere/desk.ts'
import { commentMark } from '../elsewhere/outline.ts'
import type { ReplyDesk } from './desk.ts'

/** Where an answer goes when it goes through the provider's own API: which ticket of theirs. */
type ApiWay = {
  readonly system: Pick<SystemRecord, 'id' | 'title' | 'settings'>
  readonly api: ProviderApi
  readonly ticket: string
}

/** `why`: an API is set up for this provider, and this answer goes by mail all the same; or, where it `waits`, by nothing yet. */
export type Way =
  | { readonly kind: 'mail'; readonly why: string | null; readonly waits: boolean }
  | ({ readonly kind: 'api' } & ApiWay)

type AlertThere = { readonly id: string; readonly providerId: string; readonly ticket: string | null }

/** The API that answers to this provider go through. */
async function apiFor(
  db: Db,
  providerId: string,
): Promise<{ readonly system: SystemRecord; readonly api: ProviderApi } | null> {
  const system = (await listSystems(db)).find(
    ({ kind, enabled, settings }) =>
      kind === 'provider-api' && enabled && settings.answers === 'api' && settings.providers.includes(providerId),
  )
  const api = system === undefined ? null : providerApi(system.settings.api)
  return system === undefined || api === null ? null : { system, api }
}

/** Which way answers to this alert leave as things are. */
export async function wayOf(db: Db, alert: AlertThere): Promise<Way> {
  const to = await apiFor(db, alert.providerId)
  if (to === null) return { kind: 'mail', why: null, waits: false }
  const { system, api } = to
  const byMail = (why: string): Way => ({
    ...{ kind: 'mail', waits: false, why: `It goes by mail and not through ${system.title}: ${why}` },
  })
  const { ticket } = alert
  if (ticket === null) return byMail('the alert has no number of theirs.')
  if (api.ticket.test(ticket)) return { kind: 'api', ...to, ticket }
  if (api.shown?.number.test(ticket) !== true) return byMail(`“${ticket}” is not what its numbers look like.`)
  const link = await linkById(db, system.id, alert.id)
  if (link?.theirId != null && api.ticket.test(link.theirId)) return { kind: 'api', ...to, ticket: link.theirId }
  if (link === null) return byMail(`“${ticket}” was not looked up there. Sync its ticket, then open this answer again.`)
  const trouble = link.says !== '' ? link.says : system.failingSince === null ? '' : system.says
  if (trouble !== '') return byMail(`“${ticket}” could not be looked up there: ${trouble}`)
  const why = `“${ticket}” is being looked up in ${system.title}: it takes some seconds, and nothing is released meanwhile.`
  return { kind: 'mail', why, waits: true }
}

/** Has the number that people know their ticket by looked up there, so that its answer can go through their API. */
export async function lookUpNumber(tx: Db, alert: AlertThere): Promise<void> {
  const to = await apiFor(tx, alert.providerId)
  if (alert.ticket !== null && to?.api.shown?.number.test(alert.ticket) === true)
    await addLink(tx, to.system.id, alert.id)
}

/** The answer that was released; null for a mail, and for bytes that are not those that were released any more. */
export function releasedAnswer({ reply, bytes }: Pick<ReplyRecord, 'reply' | 'bytes'>): ApiAnswer | null {
  return bytes === null || sha256Hex(bytes) !== reply.digest ? null : apiAnswerIn(bytes)
}

/** As it stands among recipients. */
export const recipientOf = ({ system, ticket }: Pick<ApiWay, 'system' | 'ticket'>): string => `${system.id}/${ticket}`

/** What is said with an outcome there. Throws Trouble('reply.blocked') where nobody said which words those are. */
function wordsThere({ system }: Pick<ApiWay, 'system'>, outcome: Outcome): { status: string; verdict: string } {
  const words = system.settings.verdictOut[outcome]
  if (words === undefined)
    throw new Trouble('reply.blocked', {
      fields: {
        to: `${system.title} has no words for “${outcomeTitles[outcome]}”. An administrator says which (Settings, Tickets elsewhere).`,
      },
    })
  return words
}

/**
 * The bytes of an answer for an API: its requests, fixed. Throws Trouble('reply.blocked') for what does not fit there: no words for the
 * outcome, a comment that is too long, files.
 */
export function makeApiAnswer(
  way: ApiWay,
  answer: { readonly replyId: string; readonly outcome: Outcome; readonly text: string; readonly files: number },
): Uint8Array {
  const { api, system, ticket } = way
  const refuse = (says: string): never => {
    throw new Trouble('reply.blocked', { fields: { to: says } })
  }
  if (answer.files > 0) refuse(`${system.title} takes no files: take them out, or have answers sent by mail.`)
  const words = wordsThere(way, answer.outcome)
  const text = withoutAttached(answer.text)
  const mark = commentMark(answer.replyId, text)
  const comment = `${text}\n\n${mark}`
  if (comment.length > api.commentCharsMax)
    refuse(`${system.title} takes ${api.commentCharsMax} signs, and this has ${comment.length}: shorten it.`)
  const status = words.status === '' ? null : words.status
  const verdict = words.verdict === '' ? null : words.verdict
  const requests = api.requests({ ticket, status, verdict, comment })
  const told = new Set(requests.flatMap(({ tells }) => tells))
  if (!told.has('comment') || (verdict !== null && !told.has('verdict')))
    refuse(`${system.title} does not take these words together: status “${words.status}”, verdict “${words.verdict}”.`)
  const at = { api: api.id, system: system.id, address: system.settings.baseUrl }
  const document = { ...at, ticket, status, verdict, comment, mark, requests }
  return Buffer.from(canonicalJson({ form: apiAnswerForm, ...document } as unknown as Json))
}

/** Is this what people released it for: the same API at the same address, and the same ticket? A name can be given to another place. */
export const isForThere = (answer: ApiAnswer, { system, ticket }: Pick<ApiWay, 'system' | 'ticket'>): boolean =>
  answer.system === system.id && answer.ticket === ticket && isAtSamePlace(answer, system)

const isAtSamePlace = (answer: ApiAnswer, { settings }: Pick<SystemRecord, 'settings'>): boolean =>
  answer.api === settings.api && answer.address === settings.baseUrl

/** The way out: opens it with its secret for as long as one answer takes. */
export type OpenApi = (system: Pick<SystemRecord, 'id' | 'settings'>, secret: string) => ApiLeaving

/**
 * Tells a provider's API what was released, request by request. Each is written down before it goes, and is told once: what has no answer
 * stays so, and is settled by looking over there (elsewhere/answers.ts) or by a person.
 */
export async function sendByApi(
  desk: ReplyDesk,
  entry: Egress,
  sending: { readonly replyId: string; readonly alertId: string; readonly bytes: Uint8Array },
): Promise<SendResult> {
  if (sha256Hex(sending.bytes) !== entry.sha256) {
    const problem = 'the bytes are not those that were released'
    desk.log.error({ replyId: sending.replyId, problem }, 'an answer was stopped before its door')
    return { kind: 'refused', permanent: true, why: problem }
  }
  const answer = apiAnswerIn(sending.bytes)
  const system = answer === null ? null : await systemById(desk.db, answer.system)
  if (answer === null || system === null || desk.openApi === undefined)
    return { kind: 'refused', permanent: true, why: 'Its way is not set up any more' }
  if (!system.enabled || system.settings.answers !== 'api')
    return { kind: 'refused', permanent: false, why: `${system.title} is switched off (Settings, Tickets elsewhere)` }
  if (!isAtSamePlace(answer, system)) {
    const why = `It was released for ${answer.api} at ${answer.address || 'an address that was not kept'}, and ${system.title} is elsewhere by now: draft it anew`
    return { kind: 'refused', permanent: true, why }
  }
  const secret = system.sealed === null ? '' : unseal(desk.sealKey, system.sealed, placeOfSystem(system.id))
  const door = desk.openApi(system, secret)
  try {
    // The gate refuses before anything is told: the bytes are not what a person released.
    const steps = await door
      .leave({ entryId: entry.id, bytes: sending.bytes, to: entry.recipients })
      .catch((error: unknown) => problemOf(error))
    if (typeof steps === 'string') {
      desk.log.error({ replyId: sending.replyId, problem: steps }, 'an answer was stopped at the door')
      return { kind: 'refused', permanent: true, why: steps }
    }
    await insertItem(
      desk.db,
      { systemId: system.id, alertId: sending.alertId },
      {
        kind: 'comment',
        direction: 'out',
        ourId: sending.replyId,
        theirId: null,
        digest: answer.mark,
        state: 'sending',
      },
      desk.clock.now(),
    )
    // What breaks from here on says nothing of what they have: the job finds it unconfirmed, and it is looked for over there.
    return await tellAll(desk, { system, answer, ...sending }, steps)
  } finally {
    await door.close()
  }
}

async function tellAll(
  desk: ReplyDesk,
  {
    system,
    answer,
    replyId,
    alertId,
  }: {
    readonly system: SystemRecord
    readonly answer: ApiAnswer
    readonly replyId: string
    readonly alertId: string
  },
  steps: Awaited<ReturnType<ApiLeaving['leave']>>,
): Promise<SendResult> {
  const before = new Map((await requestsOf(desk.db, replyId)).map((request) => [request.n, request.state]))
  const { title } = system
  for (const [n, { tells, tell }] of steps.entries()) {
    const what = tells.join(', ')
    if (before.get(n) === 'taken') continue
    if (before.get(n) === 'telling')
      return { kind: 'unknown', why: `${title}: ${what} was told before, and no answer came` }
    await beginRequest(desk.db, replyId, { n, tells }, desk.clock.now())
    const called = await tell()
    switch (called.kind) {
      case 'done':
        await takenRequest(desk.db, replyId, n, desk.clock.now())
        await knownThere(desk.db, answer, alertId, tells)
        break
      case 'unknown':
        return { kind: 'unknown', why: `${title}: ${called.why} (${what})` }
      case 'later':
        await forgetOpenRequests(desk.db, replyId)
        return { kind: 'refused', permanent: false, why: `${title}: ${called.why} (${what})`, afterMs: called.afterMs }
      case 'refused': {
        await forgetOpenRequests(desk.db, replyId)
        const taken = steps.slice(0, n).flatMap((step) => step.tells)
        const but = taken.length === 0 ? '' : `. It took ${taken.join(', ')} before`
        return { kind: 'refused', permanent: true, why: `${title}: ${called.why} (${what})${but}` }
      }
    }
  }
  await closeItem(desk.db, system.id, alertId, replyId)
  await noteChange(desk.db, system.id, alertId)
  return { kind: 'accepted', receipt: `${title} took ${steps.flatMap(({ tells }) => tells).join(', ')}` }
}

/** What we said ourselves is no news when it is read over there. */
export async function knownThere(db: Db, answer: ApiAnswer, alertId: string, tells: readonly Told[]): Promise<void> {
  const change = {
    ...(tells.includes('status') && answer.status !== null ? { theirStatus: answer.status } : {}),
    ...(tells.includes('verdict') ? { theirVerdict: answer.verdict } : {}),
  }
  if (Object.keys(change).length > 0) await changeLink(db, { systemId: answer.system, alertId }, change)
}

async function closeItem(db: Db, systemId: string, alertId: string, replyId: string): Promise<void> {
  const item = (await itemsOf(db, { systemId, alertId })).find(
    ({ kind, ourId }) => kind === 'comment' && ourId === replyId,
  )
  if (item !== undefined) await changeItem(db, item.id, { state: 'done' })
}
