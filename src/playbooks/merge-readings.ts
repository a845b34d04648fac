import type { Field, Reading } from '../model/alert.ts'

/** A field of a later message: its span points into that message's text, so it does not count here. */
function fromLater(field: Field | null): Field | null {
  return field === null ? null : { value: field.value, span: null }
}

/** Brings the first message's reading up to date: what it lacked is filled in, what may change (severity, status, question, link) is replaced. */
export function mergeReadings(first: Reading, later: Reading): Reading {
  const rungs = new Set(first.delivered.map((one) => one.rung))
  return {
    ...first,
    ticket: first.ticket ?? fromLater(later.ticket),
    rule: first.rule ?? fromLater(later.rule),
    severity: later.severity === 'unknown' ? first.severity : later.severity,
    severityText: fromLater(later.severityText) ?? first.severityText,
    status: fromLater(later.status) ?? first.status,
    occurredAt: first.occurredAt ?? later.occurredAt,
    raisedAt: first.raisedAt ?? later.raisedAt,
    source: first.source ?? fromLater(later.source),
    destination: first.destination ?? fromLater(later.destination),
    host: first.host ?? fromLater(later.host),
    account: first.account ?? fromLater(later.account),
    entity: first.entity ?? later.entity,
    portalUrl: fromLater(later.portalUrl) ?? first.portalUrl,
    question: fromLater(later.question) ?? first.question,
    delivered: [
      ...first.delivered,
      ...later.delivered.filter((one) => !rungs.has(one.rung)).map((one) => ({ ...one, span: null })),
    ],
  }
}
