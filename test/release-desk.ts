import type { ReplyPage } from '../src/contract/answer.ts'
import { addProvider, alertOf, apiAs, type Desk, post, until } from './desk.ts'
import type { SoftPasskey, Wrongly } from './soft-passkey.ts'

/** Somebody who releases: their session and their passkey. */
export type Releaser = { readonly cookie: string; readonly key: SoftPasskey }
type Place = Pick<Desk, 'origin'>

const keys = new WeakMap<object, Promise<string>>()
let tickets = 0

/** A decided alert whose answer speaks of somebody's health, and so needs two people; everything in it is reviewed. */
export async function answerForTwo(desk: Desk, cookie: string): Promise<string> {
  const key = await (keys.get(desk) ?? keys.set(desk, addProvider(desk)).get(desk) ?? '')
  tickets += 1
  const body = `Ticket: NW-${tickets}\nRule: Odd sign-in\nSeverity: High\nHost: ws-${tickets}\n`
  const subject = `[NW-${tickets}] High: Odd sign-in`
  return answerAbout(desk, cookie, await alertOf(desk, await post(desk, key, { subject, body })))
}

/** The same for an alert that is there. */
export async function answerAbout(
  desk: Desk,
  cookie: string,
  id: string,
  reason = 'Its owner is on sick leave.',
): Promise<string> {
  const { version } = (await apiAs(desk, cookie, 'GET', `/api/alerts/${id}`)) as unknown as { version: number }
  const said = { outcome: 'false-alarm-benign', reason, cites: [], withoutEvidence: true, version }
  await apiAs(desk, cookie, 'POST', `/api/alerts/${id}/decision`, said)
  const replyId = await until('the draft', async () => {
    const shown = (await apiAs(desk, cookie, 'GET', `/api/alerts/${id}`)) as unknown as { replies: { id: string }[] }
    return shown.replies[0]?.id
  })
  await reviewAll(desk, cookie, replyId)
  return replyId
}

/** Keeps what speaks of health, redacts the rest. */
export async function reviewAll(desk: Place, cookie: string, replyId: string): Promise<void> {
  const { reply } = await replyPage(desk, cookie, replyId)
  let { version } = reply
  for (const span of reply.spans.filter(({ verdict }) => verdict === null)) {
    const kept = span.class === 'health'
    const said = { spanId: span.id, verdict: kept ? 'keep' : 'redact', keepReason: kept ? 'They ask why.' : null }
    const url = `/api/replies/${replyId}/spans`
    version = (
      (await apiAs(desk as Desk, cookie, 'POST', url, { ...said, alike: false, version })) as unknown as {
        version: number
      }
    ).version
  }
}

export const replyPage = async (desk: Place, cookie: string, replyId: string): Promise<ReplyPage> =>
  (await apiAs(desk as Desk, cookie, 'GET', `/api/replies/${replyId}`)) as unknown as ReplyPage

type Said = { readonly status: number; readonly json: Record<string, unknown> & { error?: { code: string } } }

/** A call that may be refused. */
export async function sayTo(desk: Place, cookie: string, url: string, body: unknown): Promise<Said> {
  const response = await fetch(`${desk.origin}${url}`, {
    method: 'POST',
    headers: { cookie, origin: desk.origin, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, json: (await response.json()) as Said['json'] }
}

export type GivenStatement = {
  readonly statement: string
  readonly options: { readonly challenge: string; readonly rpId: string }
}

/** The statement that this person would sign of the answer as it stands. */
export async function statementOf(desk: Place, { cookie }: Releaser, replyId: string): Promise<GivenStatement> {
  const { reply, first } = await replyPage(desk, cookie, replyId)
  const seen = { version: reply.version, digest: first === null ? null : reply.digest }
  return (await apiAs(
    desk as Desk,
    cookie,
    'POST',
    `/api/replies/${replyId}/statement`,
    seen,
  )) as unknown as GivenStatement
}

/** Brings a signature over what was given. */
export async function bring(
  desk: Place,
  { cookie, key }: Releaser,
  replyId: string,
  given: GivenStatement,
  wrongly: Wrongly = {},
): Promise<Said> {
  const response = key.sign(given.options, desk.origin, wrongly)
  return sayTo(desk, cookie, `/api/replies/${replyId}/signature`, { response })
}

/** Statement, signature, answer. */
export const signReleaseAs = async (desk: Place, who: Releaser, replyId: string): Promise<Said> =>
  bring(desk, who, replyId, await statementOf(desk, who, replyId))

/** A release by a click, whichever of the two it is. */
export async function clickAs(desk: Place, cookie: string, replyId: string): Promise<Said> {
  const { reply, first } = await replyPage(desk, cookie, replyId)
  return first === null
    ? sayTo(desk, cookie, `/api/replies/${replyId}/release`, { version: reply.version })
    : sayTo(desk, cookie, `/api/replies/${replyId}/second`, { digest: reply.digest, yes: true, why: '' })
}
