import { itemsAt, type JsonNode, textAt } from '../json-text.ts'
import type { Matter } from '../matter.ts'
import type { Pieces, Reader } from '../reader.ts'
import { severityOf } from '../severity.ts'
import { fromDomain, hasMembers, says, utc } from '../signs.ts'

function first(json: JsonNode | null, looks: (node: JsonNode) => boolean): JsonNode | null {
  return [json, ...itemsAt(json, 'items')].find((node): node is JsonNode => node !== null && looks(node)) ?? null
}

const findingIn = (json: JsonNode | null) =>
  first(json, (node) => hasMembers(node, 'customerId', 'summary', 'status.code'))
const ticketIn = (json: JsonNode | null) => first(json, (node) => hasMembers(node, 'number', 'subject', 'customerId'))

function recognise(matter: Matter): number {
  if (findingIn(matter.json) !== null || ticketIn(matter.json) !== null) return 0.95
  if (fromDomain(matter, 'trustwave.com', 'levelblue.com')) return 0.9
  return says(matter, /\b(?:Trustwave|LevelBlue) (?:Fusion|SpiderLabs|SOC|MDR|Managed)\b/) ? 0.75 : 0
}

function closedKind(word: string | undefined): Pieces['kind'] {
  return word !== undefined && /^(?:closed|resolved|cancelled|false positive)$/i.test(word)
    ? { kind: 'update', because: `Its status is "${word}".` }
    : undefined
}

/** Findings count severity and priority in numbers whose direction their API does not state: the number is kept as they wrote it. */
function fromFinding(finding: JsonNode): Pieces {
  const at = (...paths: string[]) => textAt(finding, ...paths) ?? undefined
  const severityText = at('severity', 'priority')
  const status = at('status.description', 'status.code')
  return {
    ticket: at('id'),
    rule: at('detail', 'summary'),
    title: at('detail', 'summary')?.value,
    summary: at('summary')?.value,
    severityText,
    severity:
      severityText === undefined || /^\d+$/.test(severityText.value) ? 'unknown' : severityOf(severityText.value),
    status,
    source: at('source'),
    destination: at('destination'),
    raisedAt: utc(at('createdOn')?.value),
    kind: closedKind(status?.value),
    sure: true,
  }
}

function fromTicket(ticket: JsonNode): Pieces {
  const at = (...paths: string[]) => textAt(ticket, ...paths) ?? undefined
  const severityText = at('priority', 'urgency', 'impact')
  const status = at('status')
  return {
    ticket: at('number'),
    rule: at('subject'),
    title: at('subject')?.value,
    summary: at('description')?.value,
    severityText,
    severity: severityText === undefined ? undefined : severityOf(severityText.value),
    status,
    raisedAt: utc(at('createdOn')?.value),
    kind: closedKind(status?.value),
    sure: true,
  }
}

export const trustwaveFusion: Reader = {
  id: 'trustwave-fusion',
  title: 'Trustwave Fusion',
  recognise,
  read: (matter) => {
    const ticket = ticketIn(matter.json)
    if (ticket !== null) return fromTicket(ticket)
    const finding = findingIn(matter.json)
    return finding === null ? {} : fromFinding(finding)
  },
}
