import { z } from 'zod'
import type { ProviderApi } from '../../model/provider-api.ts'
import { commentId, jsonRequest, ofOutcomes } from '../api-words.ts'

const Incident = z.object({
  status: z.string(),
  classification: z.string().nullish(),
  determination: z.string().nullish(),
  incidentWebUrl: z.string().nullish(),
  comments: z
    .array(
      z.object({
        comment: z.string(),
        createdByDisplayName: z.string().nullish(),
        createdBy: z.string().nullish(),
        createdDateTime: z.string().nullish(),
        createdTime: z.string().nullish(),
      }),
    )
    .nullish(),
})
const Changed = z.object({ value: z.array(z.object({ id: z.union([z.string(), z.number()]).transform(String) })) })

/** Classification and determination go together: "truePositive/malware". */
const verdicts = {
  'truePositive/multiStagedAttack': 'Multistage attack',
  'truePositive/maliciousUserActivity': 'Malicious user activity',
  'truePositive/compromisedUser': 'Compromised account',
  'truePositive/malware': 'Malware',
  'truePositive/phishing': 'Phishing',
  'truePositive/unwantedSoftware': 'Unwanted software',
  'truePositive/other': 'Other',
  'informationalExpectedActivity/securityTesting': 'Security test',
  'informationalExpectedActivity/lineOfBusinessApplication': 'Line-of-business application',
  'informationalExpectedActivity/confirmedUserActivity': 'Confirmed activity',
  'informationalExpectedActivity/other': 'Other',
  'falsePositive/notMalicious': 'Not malicious',
  'falsePositive/notEnoughDataToValidate': 'Not enough data to validate',
  'falsePositive/other': 'Other',
} as const

const part = (word: string) => `${word.charAt(0).toLowerCase()}${word.slice(1)}`
const at = (ticket: string) => `/v1.0/security/incidents/${encodeURIComponent(ticket)}`

/**
 * Incidents of Microsoft Defender XDR, and of Sentinel where it is in the Defender portal, through Graph (application permission
 * SecurityIncident.ReadWrite.All). Comments have no number of their own there: they are told apart by who, when and what.
 */
export const defenderApi: ProviderApi = {
  id: 'microsoft-graph-incidents',
  title: 'Microsoft Defender XDR incidents (Graph)',
  docs: [
    'https://learn.microsoft.com/en-us/graph/api/security-incident-update',
    'https://learn.microsoft.com/en-us/graph/api/security-incident-post-comments',
    'https://learn.microsoft.com/en-us/graph/api/security-incident-get',
  ],
  address: 'https://graph.microsoft.com',
  signIn: { kind: 'oauth2', path: null, scope: (origin) => `${origin}/.default` },
  headers: {},
  // No figure of theirs for Graph; Sentinel's comments end at 30,000.
  commentCharsMax: 30_000,
  ticket: /^\d{1,20}$/,
  statuses: { active: 'Active', resolved: 'Resolved' },
  verdicts,
  ownVerdicts: /^(?:truePositive|falsePositive|informationalExpectedActivity)\/[a-zA-Z]{1,60}$/,
  usual: ofOutcomes(
    { status: 'active', verdict: 'truePositive/other' },
    { status: 'resolved', verdict: 'truePositive/other' },
    { status: 'resolved', verdict: 'falsePositive/notMalicious' },
    { status: 'resolved', verdict: 'informationalExpectedActivity/confirmedUserActivity' },
  ),
  means: Object.fromEntries(
    Object.keys(verdicts).map((word) => [
      word,
      word.startsWith('truePositive/')
        ? 'incident'
        : word.startsWith('falsePositive/')
          ? 'false-alarm-nothing'
          : 'false-alarm-benign',
    ]),
  ),
  requests: ({ ticket, status, verdict, comment }) => {
    const [classification, determination] = verdict?.split('/') ?? []
    return [
      ...(status === null && verdict === null
        ? []
        : [
            jsonRequest(
              [...(status === null ? [] : (['status'] as const)), ...(verdict === null ? [] : (['verdict'] as const))],
              'PATCH',
              at(ticket),
              {
                ...(status === null ? {} : { status }),
                ...(classification === undefined ? {} : { classification }),
                ...(determination === undefined ? {} : { determination }),
              },
            ),
          ]),
      ...(comment === null
        ? []
        : [
            jsonRequest(['comment'], 'POST', `${at(ticket)}/comments`, {
              '@odata.type': 'microsoft.graph.security.alertComment',
              comment,
            }),
          ]),
    ]
  },
  refused: () => null,
  read: {
    ask: (ticket) => [{ path: at(ticket) }],
    result: (_ticket, [answer]) => {
      const { status, classification, determination, incidentWebUrl, comments } = Incident.parse(answer)
      const said = classification != null && !/^unknown/i.test(classification)
      return {
        status: part(status),
        verdict: said ? `${part(classification)}/${part(determination ?? 'other')}` : null,
        url: incidentWebUrl ?? null,
        comments:
          comments?.map((one) => {
            const author = one.createdByDisplayName ?? one.createdBy ?? ''
            const when = one.createdDateTime ?? one.createdTime ?? ''
            return { id: commentId(author, when, one.comment), author, text: one.comment }
          }) ?? null,
      }
    },
  },
  changed: {
    ask: (since) => [
      {
        path: `/v1.0/security/incidents?${new URLSearchParams({ $filter: `lastUpdateDateTime ge ${since.toISOString()}`, $top: '50' }).toString()}`,
      },
    ],
    result: ([answer]) => Changed.parse(answer).value.map(({ id }) => id),
  },
  hello: '/v1.0/security/incidents?%24top=1',
}
