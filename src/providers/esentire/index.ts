import { described } from '../described.ts'

/** Investigations of eSentire; mail and JSON are made up. */
export const eSentire = described({
  reader: 1,
  id: 'esentire',
  title: 'eSentire',
  from: ['esentire.com'],
  says: ['eSentire Insight', 'eSentire SOC', 'insight.esentire.com'],
  shapes: [
    {
      at: ['', 'investigation', 'data'],
      has: ['investigationId', 'esentireSeverity'],
      fields: {
        ticket: 'investigationId',
        rule: ['investigationName', 'name'],
        severity: 'esentireSeverity',
        status: ['verdict', 'investigationStatus'],
        summary: 'analystSummary',
        occurred: 'firstObserved',
        raised: 'createdAt',
        host: 'assets.*.hostname',
        account: 'users.*.username',
        source: 'indicators.kind=source.value',
        destination: 'indicators.kind=destination.value',
        portal: 'portalLink',
      },
    },
  ],
  fields: {
    ticket: [{ label: 'Investigation ID' }, { in: 'subject', take: '#(\\d{5,})' }],
    rule: { label: 'Investigation Name' },
    status: { label: 'eSentire verdict' },
  },
  closed: ['Closed', 'Resolved', 'False Positive'],
})
