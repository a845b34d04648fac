import { z } from 'zod'
import type { ProviderApi } from '../../model/provider-api.ts'
import { ofOutcomes, toldIn } from '../api-words.ts'

const Updated = z.object({ success: z.boolean(), message: z.string().nullish() })

/** The statuses and dispositions that Enterprise Security comes with; an installation can have more. */
const statuses = { '1': 'New', '2': 'In progress', '3': 'Pending', '4': 'Resolved', '5': 'Closed' } as const
const verdicts = {
  'disposition:1': 'True Positive - Suspicious Activity',
  'disposition:2': 'Benign Positive - Suspicious But Expected',
  'disposition:3': 'False Positive - Incorrect Analytic Logic',
  'disposition:4': 'False Positive - Inaccurate Data',
  'disposition:5': 'Other',
  'disposition:6': 'Undetermined',
} as const

/**
 * Notable events of Splunk Enterprise Security: one form says status, disposition and comment (capability edit_notable_events). There is no
 * GET for notables, so nothing is read back and an answer that nobody confirmed is settled by a person.
 */
export const splunkApi: ProviderApi = {
  id: 'splunk-es-notables',
  title: 'Splunk Enterprise Security notables',
  docs: [
    'https://help.splunk.com/splunk-enterprise-security-7/api-reference/7.2/notable-event-endpoints/notable-event-api-reference',
  ],
  address: 'https://splunk.example.com:8089',
  signIn: { kind: 'header', name: 'authorization', value: (secret) => `Bearer ${secret}` },
  headers: {},
  // No figure of theirs; as long as a comment of ours may be.
  commentCharsMax: 10_000,
  ticket: /^[A-Za-z0-9@._-]{4,200}$/,
  statuses,
  verdicts,
  ownVerdicts: /^disposition:\d{1,4}$/,
  usual: ofOutcomes(
    { status: '2', verdict: 'disposition:1' },
    { status: '5', verdict: 'disposition:1' },
    { status: '5', verdict: 'disposition:3' },
    { status: '5', verdict: 'disposition:2' },
  ),
  means: {
    'disposition:1': 'incident',
    'disposition:2': 'false-alarm-benign',
    'disposition:3': 'false-alarm-nothing',
    'disposition:4': 'false-alarm-nothing',
    'disposition:5': null,
    'disposition:6': null,
  },
  requests: (say) => {
    const tells = toldIn(say)
    const form = {
      ruleUIDs: say.ticket,
      ...(say.status === null ? {} : { status: say.status }),
      ...(say.verdict === null ? {} : { disposition: say.verdict }),
      ...(say.comment === null ? {} : { comment: say.comment }),
    }
    return tells.length === 0
      ? []
      : [
          {
            tells,
            method: 'POST',
            path: '/services/notable_update',
            type: 'application/x-www-form-urlencoded',
            body: new URLSearchParams(form).toString(),
          },
        ]
  },
  refused: (answer) => {
    const { success, message } = Updated.parse(answer)
    return success ? null : (message ?? 'it says that it did not')
  },
  read: null,
  changed: null,
  hello: '/services/authentication/current-context?output_mode=json',
}
