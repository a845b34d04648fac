import { itemsAt, type JsonNode, textAt } from '../json-text.ts'
import type { Matter } from '../matter.ts'
import type { Pieces, Reader } from '../reader.ts'
import { severityOf } from '../severity.ts'
import { fromDomain, hasMembers, says, utc } from '../signs.ts'

/** A ticket of their Ticket API, bare, wrapped, or the first of a listing. */
function ticketIn(json: JsonNode | null): JsonNode | null {
  const looks = (node: JsonNode) =>
    hasMembers(node, 'subject', 'status') &&
    (hasMembers(node, 'ticketId') || (hasMembers(node, 'id') && hasMembers(node, 'organizationUuid')))
  const candidates = [json, ...itemsAt(json, 'results'), ...itemsAt(json, 'tickets'), ...itemsAt(json, 'data')]
  return candidates.find((node): node is JsonNode => node !== null && looks(node)) ?? null
}

function recognise(matter: Matter): number {
  if (ticketIn(matter.json) !== null) return 0.9
  if (fromDomain(matter, 'arcticwolf.com', 'rootsecure.net')) return 0.9
  return says(matter, /\bArctic Wolf (?:Ticket|Concierge|Triage|Security (?:Incident|Operations))\b/i) ? 0.7 : 0
}

function fromTicket(ticket: JsonNode): Pieces {
  const at = (...paths: string[]) => textAt(ticket, ...paths) ?? undefined
  const severityText = at('severity', 'priority')
  const status = at('status')
  const closed = /^(?:closed|solved|resolved)$/i.test(status?.value ?? '')
  return {
    ticket: at('ticketId', 'id'),
    rule: at('subject'),
    title: at('subject')?.value,
    summary: at('description', 'comments.0.body')?.value,
    severityText,
    severity: severityText === undefined ? undefined : severityOf(severityText.value),
    status,
    raisedAt: utc(at('createdAt', 'createdTime')?.value),
    portalUrl: at('url', 'link'),
    kind: closed ? { kind: 'update', because: `Its status is "${status?.value ?? ''}".` } : undefined,
    sure: true,
  }
}

export const arcticWolf: Reader = {
  id: 'arctic-wolf',
  title: 'Arctic Wolf',
  recognise,
  read: (matter) => {
    const ticket = ticketIn(matter.json)
    return ticket === null ? {} : fromTicket(ticket)
  },
}
