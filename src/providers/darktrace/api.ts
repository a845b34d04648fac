import { createHmac } from 'node:crypto'
import { z } from 'zod'
import type { ApiRequest, ProviderApi, Told } from '../../model/provider-api.ts'
import { commentId, ofOutcomes } from '../api-words.ts'

/** `acknowledged` is left out until somebody did; versions tell it as true, or as by whom and when. */
const Breach = z.object({
  pbid: z.int(),
  acknowledged: z.union([z.boolean(), z.object({ time: z.number().nullish() })]).nullish(),
  breachUrl: z.string().nullish(),
})
const Comments = z.array(
  z.object({
    message: z.string(),
    pbid: z.int(),
    username: z.string().nullish(),
    time: z.number().nullish(),
    commentid: z.number().nullish(),
  }),
)
/** Of a call that changes; of several appliances under one roof each answers in a list. */
const Said = z.object({
  response: z.string().nullish(),
  message: z.string().nullish(),
  error: z.string().nullish(),
})
const Done = z.union([z.tuple([Said], z.unknown()).transform(([first]) => first), Said])

const at = (ticket: string) => `/modelbreaches/${encodeURIComponent(ticket)}`

/** The body is signed as ASCII, so every other sign is written as JSON can write it in ASCII. */
const asciiJson = (body: unknown): string =>
  JSON.stringify(body).replaceAll(
    /[\u007f-\uffff]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

const asciiRequest = (tells: readonly Told[], path: string, body: unknown): ApiRequest => ({
  ...{ tells: [...tells], method: 'POST', path, type: 'application/json', body: asciiJson(body) },
})

/** 20251029T161244, in UTC: a clock that is half an hour off is refused there. */
const dateOf = (moment: Date): string => moment.toISOString().replaceAll(/[-:]|\.\d+Z$/g, '')

/**
 * Model breaches of Darktrace (the public token is the id, the private one signs: HMAC-SHA1 over path with query, body, public token and
 * date). Acknowledging is all that its system knows, so the comment says why; parameters of a query stand in the order of the alphabet, in
 * which they are signed. Its own guide stands behind the sign-in of its portal: paths, signature and answers are those of the integrations named.
 */
export const darktraceApi: ProviderApi = {
  id: 'darktrace-model-breaches',
  title: 'Darktrace model breaches',
  docs: [
    'https://github.com/demisto/content/tree/master/Packs/Darktrace/Integrations/DarktraceMBs',
    'https://github.com/LegendEvent/darktrace-sdk/blob/main/docs/modules/auth.md',
    'https://github.com/elastic/integrations/tree/main/packages/darktrace/data_stream/model_breach_alert',
  ],
  address: 'https://example.cloud.darktrace.com',
  signIn: {
    kind: 'signed',
    sign: ({ path, body }, { user, secret, at: moment }) => {
      const date = dateOf(moment)
      const asked = body === '' ? path : `${path}?${body}`
      const signature = createHmac('sha1', secret).update(`${asked}\n${user}\n${date}`).digest('hex')
      return { 'dtapi-token': user, 'dtapi-date': date, 'dtapi-signature': signature }
    },
  },
  headers: {},
  // No figure of theirs; as long as a comment of ours may be.
  commentCharsMax: 10_000,
  ticket: /^\d{1,15}$/,
  statuses: { acknowledged: 'Acknowledged', unacknowledged: 'Not acknowledged' },
  verdicts: {},
  // It has none: nothing is one.
  ownVerdicts: /^(?!)/,
  usual: ofOutcomes(
    { status: '', verdict: '' },
    { status: 'acknowledged', verdict: '' },
    { status: 'acknowledged', verdict: '' },
    { status: 'acknowledged', verdict: '' },
  ),
  means: {},
  requests: ({ ticket, status, comment }) => [
    ...(status === null
      ? []
      : [
          status === 'acknowledged'
            ? asciiRequest(['status'], `${at(ticket)}/acknowledge`, { acknowledge: true })
            : asciiRequest(['status'], `${at(ticket)}/unacknowledge`, { unacknowledge: true }),
        ]),
    ...(comment === null ? [] : [asciiRequest(['comment'], `${at(ticket)}/comments`, { message: comment })]),
  ],
  refused: (answer, tells) => {
    const { response, message, error } = Done.parse(answer)
    if (error != null) return error
    // What is acknowledged already is as it should be, and is answered in other words. A comment is told back, or "SUCCESS".
    if (!tells.includes('comment') || message != null || response === 'SUCCESS') return null
    return response ?? 'it says that it did not'
  },
  read: {
    ask: (ticket) => [
      { path: `/modelbreaches?includeacknowledged=true&includebreachurl=true&pbid=${encodeURIComponent(ticket)}` },
      { path: `/mbcomments?count=500&pbid=${encodeURIComponent(ticket)}` },
    ],
    result: (ticket, [breach, comments]) => {
      const { pbid, acknowledged, breachUrl } = Breach.parse(breach)
      if (String(pbid) !== ticket) return null
      return {
        status: acknowledged == null || acknowledged === false ? 'unacknowledged' : 'acknowledged',
        verdict: null,
        url: breachUrl ?? null,
        comments: Comments.parse(comments)
          .filter((one) => one.pbid === pbid)
          .map(({ commentid, message: text, username, time }) => ({
            id: commentid == null ? commentId(username ?? '', String(time ?? ''), text) : String(commentid),
            author: username ?? '',
            text,
          })),
      }
    },
  },
  // New comments. Who acknowledged something meanwhile is not told by a time of its own.
  changed: {
    ask: (since, now) => [{ path: `/mbcomments?count=500&endtime=${now.getTime()}&starttime=${since.getTime()}` }],
    result: ([comments]) => Comments.parse(comments).map(({ pbid }) => String(pbid)),
  },
  hello: '/mbcomments?count=1',
}
