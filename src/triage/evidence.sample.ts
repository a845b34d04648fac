import { randomUUID } from 'node:crypto'
import type { Alert } from '../model/alert.ts'
import type { Finding } from '../model/finding.ts'
import type { AnswerOf, QuestionName } from '../model/question.ts'

const alertId = '0190a5f0-0000-7000-8000-000000000001'

/** An alert as the tests of this room judge it. */
export function sampleAlert(changes: Partial<Alert> = {}): Alert {
  const field = (value: string) => ({ value, span: null })
  return {
    id: alertId,
    number: 17,
    providerId: 'acme',
    providerName: 'Acme',
    state: 'open',
    kind: 'alert',
    ticket: 'T-1',
    rule: 'Suspicious PowerShell',
    severity: 'medium',
    title: 'Suspicious PowerShell',
    entity: 'pay-db-01',
    host: 'pay-db-01',
    account: null,
    source: '192.0.2.7',
    destination: '198.51.100.9',
    occurredAt: '2026-11-02T09:00:00.000Z',
    receivedAt: '2026-11-02T09:05:00.000Z',
    messageIds: ['a'.repeat(64)],
    reading: {
      reader: 'generic',
      kind: 'alert',
      because: 'It has a ticket and a rule.',
      ticket: field('T-1'),
      rule: field('Suspicious PowerShell'),
      severity: 'medium',
      severityText: field('P3'),
      status: null,
      title: 'Suspicious PowerShell',
      summary: '',
      occurredAt: null,
      raisedAt: null,
      source: null,
      destination: null,
      host: null,
      account: null,
      entity: 'pay-db-01',
      portalUrl: null,
      question: null,
      fields: [],
      observables: [],
      delivered: [],
    },
    sample: true,
    ...changes,
  }
}

/** A finding with what a test does not care about filled in. */
export function sampleFinding(question: QuestionName, kind: Finding['kind'], changes: Partial<Finding> = {}): Finding {
  return {
    id: randomUUID(),
    alertId,
    question,
    ask: {},
    connector: 'asset-list',
    kind,
    answer: null,
    why: kind === 'found' || kind === 'nothing' ? '' : 'the source said no',
    query: '',
    windowFrom: null,
    windowTo: null,
    aroundMinutes: null,
    costMs: 1,
    askedAt: '2026-11-02T09:05:01.000Z',
    ...changes,
  }
}

/** An asset answer with what a test does not care about left unknown. */
export function sampleAsset(changes: Partial<AnswerOf<'asset-of-host'>> = {}): AnswerOf<'asset-of-host'> {
  return {
    id: 'a-1',
    name: 'pay-db-01',
    addresses: ['192.0.2.7'],
    owner: null,
    ownerEmail: null,
    role: null,
    application: null,
    environment: null,
    criticality: null,
    sensitivity: null,
    regulatory: [],
    exposed: null,
    site: null,
    asOf: null,
    ...changes,
  }
}
