import { described } from '../described.ts'

/** Investigations of Rapid7 InsightIDR and its managed detection (REST API v2). */
export const rapid7 = described({
  reader: 1,
  id: 'rapid7',
  title: 'Rapid7 MDR, InsightIDR',
  from: ['rapid7.com', 'insight.rapid7.com'],
  says: ['Rapid7 MDR', 'InsightIDR', 'idr.insight.rapid7.com'],
  shapes: [
    {
      at: ['', 'data', 'investigation', 'investigations'],
      has: ['rrn', 'title', 'disposition'],
      fields: {
        ticket: { json: 'rrn', take: '([^:]+)$' },
        rule: 'title',
        severity: 'priority',
        status: [{ json: 'disposition', take: '^(BENIGN|MALICIOUS|NOT_APPLICABLE)$' }, 'status'],
        occurred: 'first_alert_time',
        raised: 'created_time',
      },
    },
    {
      at: ['', 'alert', 'data'],
      has: ['id', 'alert_type', 'alert_source'],
      fields: {
        ticket: 'id',
        rule: ['title', 'detection_rule_rrn.rule_name', 'alert_type_description'],
        severity: 'priority',
        status: 'disposition',
        occurred: ['first_event_time', 'created_time'],
        raised: 'created_time',
      },
    },
  ],
  fields: {
    ticket: [{ label: 'Investigation ID' }, { label: 'Investigation' }],
    rule: [{ label: 'Detection rule' }, { in: 'subject', take: 'InsightIDR.*?: (.+)$' }],
  },
  closed: ['CLOSED', 'BENIGN', 'MALICIOUS', 'NOT_APPLICABLE'],
})
