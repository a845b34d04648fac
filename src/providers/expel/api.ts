import { z } from 'zod'
import type { ProviderApi } from '../../model/provider-api.ts'
import { commentId, jsonRequest, meansOf, ofOutcomes, toldIn } from '../api-words.ts'

/** JSON:API: what is asked for stands in `data`. */
const Investigation = z.object({
  data: z.object({
    id: z.string(),
    attributes: z.object({
      short_link: z.string().nullish(),
      decision: z.string().nullish(),
      close_comment: z.string().nullish(),
    }),
  }),
})
const Comments = z.object({
  data: z.array(z.object({ id: z.string(), attributes: z.object({ comment: z.string().nullish() }) })),
})
const Found = z.object({
  data: z.array(z.object({ id: z.string(), attributes: z.object({ short_link: z.string().nullish() }) })),
})
const Ids = z.object({ data: z.array(z.object({ id: z.string() })) })
const Commented = z.object({
  data: z.array(
    z.object({
      relationships: z.object({
        investigation: z.object({ data: z.object({ id: z.string() }).nullish() }).nullish(),
      }),
    }),
  ),
})
const Saved = z.object({ data: z.object({ id: z.string() }) })

const root = '/api/v2'
const investigations = `${root}/investigations`
const comments = `${root}/comments`
const at = (ticket: string) => `${investigations}/${encodeURIComponent(ticket)}`
const query = (of: Readonly<Record<string, string>>) => new URLSearchParams(of).toString()

/** Decisions with which an investigation is closed. */
const decisions = {
  TRUE_POSITIVE: 'True positive',
  POLICY_VIOLATION: 'Policy violation',
  PUP_PUA: 'Potentially unwanted program',
  IT_MISCONFIGURATION: 'IT misconfiguration',
  FALSE_POSITIVE: 'False positive',
  ATTACK_FAILED: 'Attack failed',
  ACTIVITY_BLOCKED: 'Activity blocked',
  TESTING: 'Testing',
  BENIGN: 'Benign',
  INCONCLUSIVE: 'Inconclusive',
  OTHER: 'Other',
  CLOSED: 'Closed',
} as const
const close = (verdict: keyof typeof decisions) => ({ status: 'CLOSED', verdict })

/**
 * Investigations of Expel Workbench (API key of a service account of an analyst). An investigation is closed by its closing comment, so
 * status, decision and comment are one call; where it stays open the comment is one of its comments. Its published API is JSON:API, of which
 * its own client shows how: https://workbench.expel.io is written to as it does. People know an investigation by its short link.
 */
export const expelApi: ProviderApi = {
  id: 'expel-investigations',
  title: 'Expel Workbench investigations',
  docs: [
    'https://workbench.expel.io/api/v2/docs/',
    'https://github.com/expel-io/pyexclient/blob/master/pyexclient/workbench.py',
    'https://github.com/expel-io/pyexclient/blob/master/docs/examples/snippets.rst',
    'https://support.expel.io/hc/en-us/articles/17165510512659-Managing-Service-Accounts-and-API-Keys',
  ],
  address: 'https://workbench.expel.io',
  signIn: { kind: 'header', name: 'authorization', value: (secret) => `Bearer ${secret}` },
  // As its own client asks: JSON:API has a type of its own, and either is answered.
  headers: { accept: '*/*' },
  // No figure of theirs; as long as a comment of ours may be.
  commentCharsMax: 10_000,
  ticket: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  shown: {
    number: /^[A-Z0-9]{1,20}-\d{1,10}$/,
    ask: (number) => ({ path: `${investigations}?${query({ 'filter[short_link]': number, 'page[limit]': '2' })}` }),
    result: (number, answer) => {
      const found = Found.parse(answer).data.filter(({ attributes }) => attributes.short_link === number)
      return found.length === 1 ? (found[0]?.id ?? null) : null
    },
  },
  statuses: { OPEN: 'Open', CLOSED: 'Closed' },
  verdicts: decisions,
  ownVerdicts: /^[A-Z][A-Z_]{1,60}$/,
  usual: ofOutcomes({ status: '', verdict: '' }, close('POLICY_VIOLATION'), close('FALSE_POSITIVE'), close('BENIGN')),
  means: meansOf('expel', decisions),
  requests: (say) => {
    const { ticket, status, verdict, comment } = say
    // It closes by the comment alone, and a decision is that of its closing; opening anew is theirs.
    if (comment === null || (status !== null && status !== 'CLOSED')) return []
    if (status === 'CLOSED') {
      const attributes = { ...(verdict === null ? {} : { decision: verdict }), close_comment: comment }
      return [
        jsonRequest(toldIn(say), 'PATCH', at(ticket), { data: { type: 'investigations', id: ticket, attributes } }),
      ]
    }
    if (verdict !== null) return []
    const relationships = { investigation: { data: { type: 'investigations', id: ticket } } }
    return [
      jsonRequest(['comment'], 'POST', comments, {
        data: { type: 'comments', attributes: { comment }, relationships },
      }),
    ]
  },
  refused: (answer) => {
    Saved.parse(answer)
    return null
  },
  read: {
    ask: (ticket) => [
      { path: at(ticket) },
      {
        path: `${comments}?${query({ 'filter[investigation][id]': ticket, sort: '-created_at', 'page[limit]': '100' })}`,
      },
    ],
    result: (ticket, [investigation, said]) => {
      const { id, attributes } = Investigation.parse(investigation).data
      if (id.toLowerCase() !== ticket.toLowerCase()) return null
      const { short_link: link, decision, close_comment: closing } = attributes
      const isOpen = decision == null && (closing == null || closing === '')
      const all = Comments.parse(said).data.map((one) => ({
        ...{ id: one.id, author: '', text: one.attributes.comment ?? '' },
      }))
      return {
        status: isOpen ? 'OPEN' : 'CLOSED',
        verdict: decision ?? null,
        url: link == null ? null : `https://workbench.expel.io/investigations/${encodeURIComponent(link)}`,
        comments: [
          ...all.toReversed(),
          ...(closing == null || closing === ''
            ? []
            : [{ id: commentId('closing', id, closing), author: '', text: closing }]),
        ],
      }
    },
  },
  changed: {
    ask: (since) => [
      {
        path: `${investigations}?${query({ 'filter[updated_at]': `>${since.toISOString()}`, sort: '-updated_at', 'page[limit]': '200' })}`,
      },
      {
        path: `${comments}?${query({ 'filter[created_at]': `>${since.toISOString()}`, sort: '-created_at', 'page[limit]': '200' })}`,
      },
    ],
    result: ([updated, said]) => [
      ...Ids.parse(updated).data.map(({ id }) => id),
      ...Commented.parse(said).data.flatMap(({ relationships }) => relationships.investigation?.data?.id ?? []),
    ],
  },
  hello: `${investigations}?page%5Blimit%5D=1`,
}
