import { described } from '../described.ts'

/** Alerts of Elastic Security as its connectors post them (members of the alert document, whose names have dots in them). */
export const elasticSecurity = described({
  reader: 1,
  id: 'elastic-security',
  title: 'Elastic Security',
  says: ['kibana.alert.rule.name', 'Elastic Security rule'],
  shapes: [
    {
      at: ['', '_source', 'hits.hits.*._source', 'alerts'],
      has: ['kibana.alert.uuid', 'kibana.alert.rule.name'],
      fields: {
        ticket: 'kibana.alert.uuid',
        rule: 'kibana.alert.rule.name',
        title: ['kibana.alert.reason', 'kibana.alert.rule.name'],
        severity: 'kibana.alert.severity',
        status: 'kibana.alert.workflow_status',
        summary: ['kibana.alert.rule.description', 'kibana.alert.reason'],
        occurred: ['kibana.alert.original_time', '@timestamp'],
        raised: '@timestamp',
        host: ['host.hostname', 'host.name'],
        account: 'user.name',
        source: 'source.ip',
        destination: 'destination.ip',
        portal: 'kibana.alert.url',
      },
    },
  ],
  fields: {
    ticket: { label: 'Alert ID' },
    rule: { label: 'Elastic Security rule' },
  },
  closed: ['closed'],
})
