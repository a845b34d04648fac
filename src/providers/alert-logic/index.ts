import { described } from '../described.ts'

/** Incidents of Alert Logic (IRIS v3, public contract, types only). Their mails are known by the sender and the subject of their notification contract. */
export const alertLogic = described({
  reader: 1,
  id: 'alert-logic',
  title: 'Alert Logic',
  from: ['alertlogic.com', 'alertlogic.net'],
  says: ['Alert Logic Incident', 'console.alertlogic.com'],
  shapes: [
    {
      at: ['', 'incident', 'incidents', 'returned', 'data'],
      has: ['incidentId', 'humanFriendlyId', 'incident.summary'],
      fields: {
        ticket: 'humanFriendlyId',
        rule: 'incident.summary',
        severity: ['incident.threatRating', 'defaultThreatRating'],
        status: 'customer_status.status',
        summary: ['incident.description', 'desc'],
        host: 'asset_host_name',
        source: 'attacker.ip',
        destination: 'victim.ip',
        raised: ['createtime_str', 'createtimeStr', 'createTime'],
      },
    },
  ],
  fields: {
    ticket: { label: 'Incident ID' },
    rule: { in: 'subject', take: 'Incident ?: (.+?)(?: from [\\d.]+)?$' },
    severity: { in: 'subject', take: '(?i)^(low|medium|high|critical) Threat' },
    source: [{ label: 'Attacker' }, { in: 'subject', take: ' from ([\\d.]+)$' }],
    destination: { label: 'Victim' },
    host: { label: 'Asset' },
  },
  closed: ['completed', 'closed'],
})
