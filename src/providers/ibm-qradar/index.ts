import { described } from '../described.ts'

/** Offences of IBM QRadar (REST API). Magnitude counts up to ten; closing reasons of the delivered set. */
export const ibmQradar = described({
  reader: 1,
  id: 'ibm-qradar',
  title: 'IBM QRadar',
  says: ['QRadar offense', 'QRadar offence', 'IBM QRadar', 'console/qradar/jsp/'],
  shapes: [
    {
      at: ['', 'offense', 'offenses', 'data'],
      has: ['id', 'magnitude', 'offense_source'],
      fields: {
        ticket: 'id',
        rule: 'description',
        severity: 'magnitude',
        status: 'status',
        source: { json: 'offense_source', take: '^([0-9a-fA-F:.]{7,})$' },
        account: { json: 'offense_source', take: '^([A-Za-z][\\w.-]*(?:@[\\w.-]+)?)$' },
        occurred: 'start_time',
      },
    },
  ],
  fields: {
    ticket: [{ label: 'Offense ID' }, { in: 'subject', take: '(?i)offen[sc]e #?(\\d+)' }],
    rule: [{ label: 'Offense name' }, { label: 'Description' }],
    severity: { label: 'Magnitude' },
    source: { label: 'Offense Source', take: '^([0-9a-fA-F:.]{7,})$' },
    occurred: { label: 'Start time' },
  },
  severities: {
    '0': 'informational',
    '1': 'low',
    '2': 'low',
    '3': 'low',
    '4': 'medium',
    '5': 'medium',
    '6': 'medium',
    '7': 'high',
    '8': 'high',
    '9': 'critical',
    '10': 'critical',
  },
  closed: ['CLOSED'],
})
