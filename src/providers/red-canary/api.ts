import { z } from 'zod'
import type { ProviderApi } from '../../model/provider-api.ts'
import { jsonRequest, ofOutcomes, toldIn } from '../api-words.ts'

const Detections = z.object({
  data: z.array(
    z.object({
      id: z.union([z.string(), z.number()]).transform(String),
      attributes: z.object({ last_remediated_status: z.object({ remediation_state: z.string().nullish() }).nullish() }),
    }),
  ),
})

const root = '/openapi/v3/detections'
const at = (ticket: string) => `${root}/${encodeURIComponent(ticket)}`
const states = {
  remediated: 'Remediated',
  not_remediated_unwarranted: 'Not remediated: unwarranted',
  not_remediated_false_positive: 'Not remediated: false positive',
  not_remediated_sanctioned_activity: 'Not remediated: sanctioned activity',
} as const
const both = (word: keyof typeof states) => ({ status: '', verdict: word })

/**
 * Detections of Red Canary, API v3. Its remediation state is the verdict; the comment goes along with it. Comments are not read: an answer
 * that nobody confirmed is settled by a person.
 */
export const redCanaryApi: ProviderApi = {
  id: 'red-canary-detections',
  title: 'Red Canary detections',
  docs: [
    'https://github.com/rapid7/insightconnect-plugins/tree/master/plugins/red_canary',
    'https://xsoar.pan.dev/docs/reference/integrations/red-canary',
  ],
  address: 'https://example.my.redcanary.co',
  signIn: { kind: 'header', name: 'x-api-key', value: (secret) => secret },
  headers: {},
  // No figure of theirs; as long as a comment of ours may be.
  commentCharsMax: 10_000,
  ticket: /^\d{1,15}$/,
  statuses: {},
  verdicts: states,
  ownVerdicts: /^(?:remediated|not_remediated_(?:unwarranted|false_positive|sanctioned_activity))$/,
  usual: ofOutcomes(
    both('remediated'),
    both('not_remediated_unwarranted'),
    both('not_remediated_false_positive'),
    both('not_remediated_sanctioned_activity'),
  ),
  means: {
    remediated: 'incident',
    not_remediated_unwarranted: 'minor-trouble',
    not_remediated_false_positive: 'false-alarm-nothing',
    not_remediated_sanctioned_activity: 'false-alarm-benign',
  },
  requests: (say) =>
    say.verdict === null
      ? []
      : [
          jsonRequest(toldIn({ ...say, status: null }), 'PATCH', `${at(say.ticket)}/update_remediation_state`, {
            remediation_state: say.verdict,
            ...(say.comment === null ? {} : { comment: say.comment }),
          }),
        ],
  refused: () => null,
  read: {
    ask: (ticket) => [{ path: at(ticket) }],
    result: (ticket, [answer]) => {
      const found = Detections.parse(answer).data.find(({ id }) => id === ticket)
      if (found === undefined) return null
      const state = found.attributes.last_remediated_status?.remediation_state ?? null
      return { status: state ?? 'not remediated', verdict: state, url: null, comments: null }
    },
  },
  changed: null,
  hello: `${root}?per_page=1`,
}
