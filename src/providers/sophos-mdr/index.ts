import { described } from '../described.ts'

/** Cases and alerts of Sophos Central. */
export const sophosMdr = described({
  reader: 1,
  id: 'sophos-mdr',
  title: 'Sophos MDR',
  from: ['sophos.com'],
  says: ['Sophos MDR case', 'central.sophos.com'],
  shapes: [
    {
      at: ['', 'case', 'items', 'data'],
      has: ['id', 'managedBy', 'severity', 'status'],
      fields: {
        ticket: ['caseNumber', 'id'],
        rule: ['name', 'initialDetection.rule', 'overview'],
        severity: 'severity',
        status: ['verdict', 'status'],
        summary: 'overview',
        raised: 'createdAt',
        host: ['initialDetection.device.name', 'affectedDevices.0.name'],
        account: 'affectedUsers.0.name',
      },
    },
    {
      at: ['', 'items', 'data'],
      has: ['id', 'managedAgent', 'raisedAt', 'description'],
      fields: {
        ticket: 'id',
        rule: ['type', 'description'],
        title: 'description',
        summary: 'description',
        severity: 'severity',
        occurred: 'raisedAt',
        raised: 'raisedAt',
        host: ['managedAgent.name', 'endpoint.hostname'],
        account: 'person.name',
      },
    },
  ],
  fields: {
    ticket: [{ label: 'Case ID' }, { in: 'subject', take: 'case #?(\\d+)' }],
    severity: { label: 'Threat severity' },
    status: { label: 'Case status' },
    host: { label: 'Affected devices', take: '^([\\w.-]+)' },
    rule: [{ label: 'Detection' }, { in: 'subject', take: ': (?:Action required: )?([^:]+)$' }],
  },
  closed: ['resolved', 'closed', 'falsePositive'],
})
