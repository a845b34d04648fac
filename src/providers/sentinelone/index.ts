import { described } from '../described.ts'

/** Threats of SentinelOne (API v2.1), as its Vigilance service handles them. It rates how sure it is, not how bad: that is kept as its word. */
export const sentinelOne = described({
  reader: 1,
  id: 'sentinelone',
  title: 'SentinelOne Vigilance',
  from: ['sentinelone.com', 'sentinelone.net'],
  says: ['SentinelOne Vigilance', 'Vigilance Respond', '.sentinelone.net/incidents'],
  shapes: [
    {
      at: ['', 'data', 'threat'],
      has: ['threatInfo.threatName', 'agentRealtimeInfo'],
      fields: {
        ticket: ['threatInfo.threatId', 'id'],
        rule: 'threatInfo.threatName',
        severity: 'threatInfo.confidenceLevel',
        status: [
          { json: 'threatInfo.analystVerdict', take: '^(true_positive|false_positive|suspicious)$' },
          'threatInfo.incidentStatus',
        ],
        summary: 'threatInfo.classification',
        occurred: 'threatInfo.identifiedAt',
        raised: 'threatInfo.createdAt',
        host: 'agentRealtimeInfo.agentComputerName',
        account: ['threatInfo.processUser', 'agentDetectionInfo.agentLastLoggedInUserName'],
      },
    },
  ],
  fields: {
    ticket: [{ label: 'Threat ID' }, { label: 'Vigilance case' }],
    rule: { label: 'Threat name' },
    host: { label: 'Endpoint' },
    severity: { label: 'Confidence level' },
    status: { label: 'Analyst verdict' },
  },
  severities: { malicious: 'high', suspicious: 'medium', 'n/a': 'unknown' },
  closed: ['resolved', 'false_positive', 'False positive'],
})
