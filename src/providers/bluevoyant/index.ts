import { described } from '../described.ts'

/** Cases of BlueVoyant; mail and JSON are made up. */
export const blueVoyant = described({
  reader: 1,
  id: 'bluevoyant',
  title: 'BlueVoyant',
  from: ['bluevoyant.com'],
  says: ['BlueVoyant SOC', 'BlueVoyant MXDR', 'wavelength.bluevoyant.com'],
  shapes: [
    {
      at: ['', 'data', 'alert', 'event'],
      has: ['caseId', 'wavelengthUrl'],
      fields: {
        ticket: 'caseId',
        rule: 'alertName',
        severity: 'severity',
        status: ['closeReason', 'caseStatus'],
        summary: 'investigationSummary',
        occurred: 'alertTime',
        raised: 'caseCreated',
        host: 'entities.type=Host.name',
        account: 'entities.type=Account.name',
        source: 'entities.type=Ip.address',
        portal: 'wavelengthUrl',
      },
    },
  ],
  fields: {
    ticket: [{ label: 'Case' }, { in: 'subject', take: 'Case (\\d{5,})' }],
  },
  closed: ['Closed', 'Resolved'],
})
