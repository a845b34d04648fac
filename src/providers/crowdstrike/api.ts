import { z } from 'zod'
import type { ProviderApi } from '../../model/provider-api.ts'
import { commentId, jsonRequest, ofOutcomes, toldIn } from '../api-words.ts'

const Problems = z.array(z.object({ message: z.string().nullish() })).nullish()
const Alerts = z.object({
  errors: Problems,
  resources: z.array(
    z.object({
      composite_id: z.string(),
      status: z.string(),
      tags: z.array(z.string()).nullish(),
      falcon_host_link: z.string().nullish(),
      comments: z
        .array(
          z.object({
            value: z.string(),
            timestamp: z.string().nullish(),
            falcon_user_id: z.string().nullish(),
          }),
        )
        .nullish(),
    }),
  ),
})
const Ids = z.object({ resources: z.array(z.string()) })
const Changed = z.object({ errors: Problems, meta: z.unknown() })

const verdicts = { true_positive: 'True positive', false_positive: 'False positive', ignored: 'Ignored' } as const

/**
 * Alerts of CrowdStrike Falcon (API client with Alerts: read and write). One call says everything: update_status, add_tag with the verdict,
 * append_comment. Comments of an alert are read where Falcon tells them; its public reference does not describe that member.
 */
export const crowdStrikeApi: ProviderApi = {
  id: 'crowdstrike-alerts',
  title: 'CrowdStrike Falcon alerts',
  docs: [
    'https://github.com/CrowdStrike/psfalcon/wiki/Invoke-FalconAlertAction',
    'https://github.com/CrowdStrike/crimson-falcon/blob/main/docs/AlertsApi.md',
  ],
  address: 'https://api.eu-1.crowdstrike.com',
  signIn: { kind: 'oauth2', path: '/oauth2/token', scope: null },
  headers: {},
  // No figure of theirs; as long as a comment of ours may be.
  commentCharsMax: 10_000,
  ticket: /^[A-Za-z0-9:_-]{8,200}$/,
  statuses: { new: 'New', in_progress: 'In progress', closed: 'Closed', reopened: 'Reopened' },
  verdicts,
  ownVerdicts: /^(?:true_positive|false_positive|ignored)$/,
  usual: ofOutcomes(
    { status: 'in_progress', verdict: 'true_positive' },
    { status: 'closed', verdict: 'true_positive' },
    { status: 'closed', verdict: 'false_positive' },
    { status: 'closed', verdict: 'ignored' },
  ),
  means: { true_positive: 'incident', false_positive: 'false-alarm-nothing', ignored: 'false-alarm-benign' },
  requests: (say) => {
    const acts = [
      ...(say.status === null ? [] : [{ name: 'update_status', value: say.status }]),
      ...(say.verdict === null ? [] : [{ name: 'add_tag', value: say.verdict }]),
      ...(say.comment === null ? [] : [{ name: 'append_comment', value: say.comment }]),
    ]
    const body = { composite_ids: [say.ticket], action_parameters: acts }
    return acts.length === 0 ? [] : [jsonRequest(toldIn(say), 'PATCH', '/alerts/entities/alerts/v3', body)]
  },
  refused: (answer) => Changed.parse(answer).errors?.[0]?.message ?? null,
  read: {
    ask: (ticket) => [{ path: '/alerts/entities/alerts/v2', post: JSON.stringify({ composite_ids: [ticket] }) }],
    result: (ticket, [answer]) => {
      const alert = Alerts.parse(answer).resources.find(({ composite_id: id }) => id === ticket)
      if (alert === undefined) return null
      return {
        status: alert.status,
        verdict: alert.tags?.findLast((tag) => Object.hasOwn(verdicts, tag)) ?? null,
        url: alert.falcon_host_link ?? null,
        comments:
          alert.comments?.map(({ value, timestamp, falcon_user_id: author }) => ({
            id: commentId(author ?? '', timestamp ?? '', value),
            author: author ?? '',
            text: value,
          })) ?? null,
      }
    },
  },
  changed: {
    ask: (since) => [
      {
        path: `/alerts/queries/alerts/v2?${new URLSearchParams({ filter: `updated_timestamp:>'${since.toISOString()}'`, limit: '200' }).toString()}`,
      },
    ],
    result: ([answer]) => Ids.parse(answer).resources,
  },
  hello: '/alerts/queries/alerts/v2?limit=1',
}
