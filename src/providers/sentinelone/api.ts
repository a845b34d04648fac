import { z } from 'zod'
import type { ProviderApi } from '../../model/provider-api.ts'
import { jsonRequest, ofOutcomes } from '../api-words.ts'

const Threats = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      threatInfo: z.object({ incidentStatus: z.string(), analystVerdict: z.string().nullish() }),
    }),
  ),
})
const Notes = z.object({
  data: z.array(z.object({ id: z.string(), text: z.string(), creator: z.string().nullish() })),
})
/** Of a call that changes: how many threats it changed. */
const Affected = z.object({ data: z.object({ affected: z.number() }) })

const root = '/web/api/v2.1/threats'

/**
 * Threats of SentinelOne (API token of a service user with Threats: view, update verdict, update status, add notes). Its full reference
 * stands behind the sign-in of a console; paths and bodies are those of the public integrations named.
 */
export const sentinelOneApi: ProviderApi = {
  id: 'sentinelone-threats',
  title: 'SentinelOne threats',
  docs: [
    'https://github.com/rapid7/insightconnect-plugins/tree/master/plugins/sentinelone',
    'https://github.com/demisto/content/tree/master/Packs/SentinelOne',
  ],
  address: 'https://example.sentinelone.net',
  signIn: { kind: 'header', name: 'authorization', value: (secret) => `ApiToken ${secret}` },
  headers: {},
  // No figure of theirs; as long as a comment of ours may be.
  commentCharsMax: 10_000,
  ticket: /^\d{6,20}$/,
  statuses: { unresolved: 'Unresolved', in_progress: 'In progress', resolved: 'Resolved' },
  verdicts: {
    true_positive: 'True positive',
    suspicious: 'Suspicious',
    false_positive: 'False positive',
    undefined: 'Undefined',
  },
  ownVerdicts: /^(?:true_positive|suspicious|false_positive|undefined)$/,
  usual: ofOutcomes(
    { status: 'in_progress', verdict: 'true_positive' },
    { status: 'resolved', verdict: 'suspicious' },
    { status: 'resolved', verdict: 'false_positive' },
    { status: 'resolved', verdict: 'false_positive' },
  ),
  means: {
    true_positive: 'incident',
    suspicious: 'minor-trouble',
    false_positive: 'false-alarm-nothing',
    undefined: null,
  },
  requests: ({ ticket, status, verdict, comment }) => {
    const filter = { ids: [ticket] }
    return [
      ...(verdict === null
        ? []
        : [jsonRequest(['verdict'], 'POST', `${root}/analyst-verdict`, { data: { analystVerdict: verdict }, filter })]),
      ...(status === null
        ? []
        : [jsonRequest(['status'], 'POST', `${root}/incident`, { data: { incidentStatus: status }, filter })]),
      ...(comment === null
        ? []
        : [jsonRequest(['comment'], 'POST', `${root}/notes`, { data: { text: comment }, filter })]),
    ]
  },
  // Setting what is set already affects none, and is as it should be; a note to no threat was not written.
  refused: (answer, tells) =>
    Affected.parse(answer).data.affected === 0 && tells.includes('comment') ? 'it found no such threat' : null,
  read: {
    ask: (ticket) => [
      { path: `${root}?${new URLSearchParams({ ids: ticket }).toString()}` },
      { path: `${root}/${encodeURIComponent(ticket)}/notes?limit=1000` },
    ],
    result: (ticket, [threats, notes]) => {
      const threat = Threats.parse(threats).data.find(({ id }) => id === ticket)
      if (threat === undefined) return null
      const { incidentStatus, analystVerdict } = threat.threatInfo
      return {
        status: incidentStatus,
        verdict: analystVerdict == null || analystVerdict === 'undefined' ? null : analystVerdict,
        url: null,
        comments: Notes.parse(notes).data.map(({ id, text, creator }) => ({ id, author: creator ?? '', text })),
      }
    },
  },
  changed: {
    ask: (since) => [
      { path: `${root}?${new URLSearchParams({ updatedAt__gte: since.toISOString(), limit: '200' }).toString()}` },
    ],
    result: ([answer]) => Threats.parse(answer).data.map(({ id }) => id),
  },
  hello: `${root}?limit=1`,
}
