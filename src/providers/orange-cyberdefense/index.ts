import { described } from '../described.ts'

/** A European security operations centre that writes German, French and English; mail and JSON are made up. */
export const orangeCyberdefense = described({
  reader: 1,
  id: 'orange-cyberdefense',
  title: 'Orange Cyberdefense',
  from: ['orangecyberdefense.com'],
  says: ['Orange Cyberdefense', 'CyberSOC'],
  shapes: [
    {
      at: ['', 'ticket', 'data'],
      has: ['reference', 'useCase', 'priority'],
      fields: {
        ticket: 'reference',
        rule: 'useCase',
        title: ['title', 'useCase'],
        severity: 'priority',
        status: ['verdict', 'status'],
        summary: 'analysis',
        occurred: 'detectedAt',
        raised: 'openedAt',
        host: 'entities.kind=host.value',
        account: 'entities.kind=account.value',
        source: 'entities.kind=source.value',
        destination: 'entities.kind=destination.value',
        portal: 'link',
      },
    },
  ],
  fields: {
    ticket: [{ label: 'Référence' }, { label: 'Vorgangsnummer' }, { label: 'Reference' }],
    rule: [{ label: 'Anwendungsfall' }, { label: "Cas d'usage" }, { label: 'Use case' }],
    severity: [{ label: 'Priorität' }, { label: 'Priorité' }, { label: 'Priority' }],
  },
  closed: ['closed', 'abgeschlossen', 'clôturé'],
})
