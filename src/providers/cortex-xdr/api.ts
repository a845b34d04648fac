import { z } from 'zod'
import type { ProviderApi } from '../../model/provider-api.ts'
import { jsonRequest, ofOutcomes, toldIn } from '../api-words.ts'

const Incident = z.object({
  reply: z.object({
    incident: z.object({ incident_id: z.string(), status: z.string(), xdr_url: z.string().nullish() }),
  }),
})
const Done = z.object({ reply: z.unknown() })

const verdicts = {
  resolved_true_positive: 'Resolved: true positive',
  resolved_false_positive: 'Resolved: false positive',
  resolved_security_testing: 'Resolved: security testing',
  resolved_known_issue: 'Resolved: known issue',
  resolved_threat_handled: 'Resolved: threat handled',
  resolved_other: 'Resolved: other',
} as const
const both = (word: keyof typeof verdicts) => ({ status: '', verdict: word })

/**
 * Incidents of Palo Alto Cortex XDR (standard API key with Incidents: view and edit; its id is the user). The verdict is the status that
 * resolves, so the two are never said together. Comments are not told by it: an answer that nobody confirmed is settled by a person.
 */
export const cortexApi: ProviderApi = {
  id: 'cortex-xdr-incidents',
  title: 'Cortex XDR incidents',
  docs: ['https://docs-cortex.paloaltonetworks.com/r/Cortex-XDR-REST-API/Update-an-Incident'],
  address: 'https://api-example.xdr.eu.paloaltonetworks.com',
  signIn: { kind: 'header', name: 'authorization', value: (secret) => secret, userIn: 'x-xdr-auth-id' },
  headers: {},
  // No figure of theirs; as long as a comment of ours may be.
  commentCharsMax: 10_000,
  ticket: /^\d{1,15}$/,
  statuses: { new: 'New', under_investigation: 'Under investigation' },
  verdicts,
  ownVerdicts: /^resolved_[a-z_]{1,60}$/,
  usual: ofOutcomes(
    { status: 'under_investigation', verdict: '' },
    both('resolved_true_positive'),
    both('resolved_false_positive'),
    both('resolved_security_testing'),
  ),
  means: {
    resolved_true_positive: 'incident',
    resolved_false_positive: 'false-alarm-nothing',
    resolved_security_testing: 'false-alarm-benign',
    resolved_known_issue: 'false-alarm-benign',
    resolved_threat_handled: 'incident',
    resolved_other: null,
  },
  requests: (say) => {
    if (toldIn(say).length === 0 || (say.status !== null && say.verdict !== null)) return []
    const status = say.verdict ?? say.status
    const change = {
      ...(status === null ? {} : { status }),
      ...(say.comment === null ? {} : { comment: { comment_action: 'add', value: say.comment } }),
    }
    const body = { request_data: { incident_id: say.ticket, update_data: change } }
    return [jsonRequest(toldIn(say), 'POST', '/public_api/v1/incidents/update_incident', body)]
  },
  refused: (answer) => (Done.parse(answer).reply === true ? null : 'it says that it did not'),
  read: {
    ask: (ticket) => [
      {
        path: '/public_api/v1/incidents/get_incident_extra_data',
        post: JSON.stringify({ request_data: { incident_id: ticket } }),
      },
    ],
    result: (ticket, [answer]) => {
      const { incident } = Incident.parse(answer).reply
      if (incident.incident_id !== ticket) return null
      const { status, xdr_url: url } = incident
      return { status, verdict: status.startsWith('resolved_') ? status : null, url: url ?? null, comments: null }
    },
  },
  changed: null,
  hello: '/public_api/v1/healthcheck',
}
