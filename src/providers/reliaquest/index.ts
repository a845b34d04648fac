import { described } from '../described.ts'

/** Incidents of ReliaQuest GreyMatter; mail and JSON are made up. */
export const reliaQuest = described({
  reader: 1,
  id: 'reliaquest',
  title: 'ReliaQuest GreyMatter',
  from: ['reliaquest.com'],
  says: ['ReliaQuest GreyMatter', 'myreliaquest.com'],
  shapes: [
    {
      at: ['', 'data', 'alert', 'event'],
      has: ['incidentNumber', 'greymatterUrl'],
      fields: {
        ticket: 'incidentNumber',
        rule: 'detectionRule',
        title: 'title',
        severity: 'severity',
        status: ['closeCode', 'state'],
        summary: 'analysis',
        occurred: 'earliestEvent',
        raised: 'escalatedAt',
        host: 'artifacts.kind=host.value',
        account: 'artifacts.kind=user.value',
        source: 'artifacts.kind=source_ip.value',
        destination: 'artifacts.kind=destination_ip.value',
        portal: 'greymatterUrl',
      },
    },
  ],
  fields: {
    ticket: [{ label: 'GreyMatter incident' }, { in: 'subject', take: '(RQ-\\d{4,})' }],
  },
  closed: ['Closed', 'Resolved'],
})
