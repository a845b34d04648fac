import type { Field } from '../../model/alert.ts'
import { itemsAt, type JsonNode, nodeAt, textAt } from '../json-text.ts'
import type { Matter } from '../matter.ts'
import type { Pieces, Reader } from '../reader.ts'
import { severityOf } from '../severity.ts'
import { fromDomain, hasMembers, says, utc } from '../signs.ts'

/** An incident: bare, as a Logic App posts it ("object"), or the first of a listing. */
function incidentIn(json: JsonNode | null): JsonNode | null {
  const candidates = [json, nodeAt(json, 'object'), ...itemsAt(json, 'value')]
  return (
    candidates.find(
      (node): node is JsonNode =>
        node !== null &&
        hasMembers(node, 'properties.title', 'properties.severity') &&
        (hasMembers(node, 'properties.incidentNumber') ||
          /SecurityInsights/i.test(textAt(node, 'type', 'id')?.value ?? '')),
    ) ?? null
  )
}

function recognise(matter: Matter): number {
  if (incidentIn(matter.json) !== null) return 0.95
  const named = says(matter, /\b(?:Microsoft|Azure) Sentinel\b/)
  if (fromDomain(matter, 'microsoft.com') && named) return 0.9
  return named && says(matter, /portal\.azure\.com|SecurityInsights|incident (?:number|id|url)/i) ? 0.75 : 0
}

function entity(properties: JsonNode | null, kind: string): JsonNode | null {
  return itemsAt(properties, 'relatedEntities').find((one) => textAt(one, 'kind')?.value === kind) ?? null
}

function accountOf(node: JsonNode | null): Field | undefined {
  const name = textAt(node, 'properties.accountName', 'properties.friendlyName')
  const suffix = textAt(node, 'properties.upnSuffix')
  const domain = textAt(node, 'properties.ntDomain')
  if (name === null) return undefined
  if (suffix !== null) return { value: `${name.value}@${suffix.value}`, span: name.span }
  return { value: domain === null ? name.value : `${domain.value}\\${name.value}`, span: name.span }
}

function fromIncident(incident: JsonNode): Pieces {
  const at = (...paths: string[]) => textAt(incident, ...paths.map((path) => `properties.${path}`)) ?? undefined
  const properties = nodeAt(incident, 'properties')
  const severityText = at('severity')
  const status = at('status')
  const closed = /^closed$/i.test(status?.value ?? '')
  const alerts = itemsAt(incident, 'properties.alerts')
  return {
    ticket: at('incidentNumber') ?? textAt(incident, 'name') ?? undefined,
    rule: textAt(alerts[0] ?? null, 'properties.alertDisplayName') ?? at('title'),
    title: at('title')?.value,
    summary: at('description')?.value,
    severityText,
    severity: severityText === undefined ? undefined : severityOf(severityText.value),
    status: at('classification') ?? status,
    occurredAt: utc(at('firstActivityTimeUtc')?.value),
    raisedAt: utc(at('createdTimeUtc')?.value),
    host:
      textAt(entity(properties, 'Host'), 'properties.hostName', 'properties.netBiosName', 'properties.friendlyName') ??
      undefined,
    account: accountOf(entity(properties, 'Account')),
    source: textAt(entity(properties, 'Ip'), 'properties.address') ?? undefined,
    portalUrl: at('incidentUrl'),
    kind: closed ? { kind: 'update', because: 'The incident is closed.' } : undefined,
    sure: true,
  }
}

export const microsoftSentinel: Reader = {
  id: 'microsoft-sentinel',
  title: 'Microsoft Sentinel',
  recognise,
  read: (matter) => {
    const incident = incidentIn(matter.json)
    return incident === null ? {} : fromIncident(incident)
  },
}
