import type { Field } from '../../model/alert.ts'
import { itemsAt, type JsonNode, textAt } from '../json-text.ts'
import type { Matter } from '../matter.ts'
import type { Pieces, Reader } from '../reader.ts'
import { severityOf } from '../severity.ts'
import { fromDomain, hasMembers, says, utc } from '../signs.ts'

function first(json: JsonNode | null, looks: (node: JsonNode) => boolean): JsonNode | null {
  return (
    [json, ...itemsAt(json, 'value'), ...itemsAt(json, '')].find(
      (node): node is JsonNode => node !== null && looks(node),
    ) ?? null
  )
}

const alertIn = (json: JsonNode | null) =>
  first(
    json,
    (node) =>
      hasMembers(node, 'title', 'severity') &&
      (hasMembers(node, 'detectionSource', 'alertCreationTime') ||
        hasMembers(node, 'detectionSource', 'createdDateTime')),
  )
const incidentIn = (json: JsonNode | null) =>
  first(
    json,
    (node) => hasMembers(node, 'incidentId', 'incidentName') || hasMembers(node, 'incidentWebUrl', 'displayName'),
  )

function recognise(matter: Matter): number {
  if (alertIn(matter.json) !== null || incidentIn(matter.json) !== null) return 0.95
  if (fromDomain(matter, 'microsoft.com') && says(matter, /\bDefender\b/)) return 0.9
  return says(matter, /security\.microsoft\.com\/(?:incidents?|alerts)\b|securitycenter\.windows\.com/) ? 0.65 : 0
}

/** The first of these things that has one of these members. */
function among(items: readonly JsonNode[], ...paths: string[]): Field | undefined {
  for (const item of items) {
    const found = textAt(item, ...paths)
    if (found !== null) return found
  }
  return undefined
}

/** DOMAIN\user or a principal name, where an item has them. */
function accountOf(items: readonly JsonNode[]): Field | undefined {
  const principal = among(items, 'userPrincipalName', 'userAccount.userPrincipalName', 'mailboxAddress')
  if (principal !== undefined) return principal
  const user = items.find((item) => textAt(item, 'accountName', 'userName', 'userAccount.accountName') !== null) ?? null
  const name = textAt(user, 'accountName', 'userName', 'userAccount.accountName')
  const domain = textAt(user, 'domainName', 'userAccount.domainName')
  return name === null
    ? undefined
    : { value: domain === null ? name.value : `${domain.value}\\${name.value}`, span: name.span }
}

/** A word only where it says something: "Unknown" and "NotAvailable" are their way of writing nothing. */
function verdictOf(node: JsonNode): Field | undefined {
  const said = [textAt(node, 'classification'), textAt(node, 'status')].find(
    (word) => word !== null && !/^(?:unknown|notavailable|notset)$/i.test(word.value),
  )
  return said ?? undefined
}

function fromAlert(alert: JsonNode): Pieces {
  const at = (...paths: string[]) => textAt(alert, ...paths) ?? undefined
  const evidence = itemsAt(alert, 'evidence')
  const severityText = at('severity')
  const related = textAt(alert, 'relatedUser.userName') === null ? [] : [alert]
  const user = at('relatedUser.userName')
  const domain = at('relatedUser.domainName')
  return {
    ticket: at('incidentId', 'id'),
    rule: at('title'),
    title: at('title')?.value,
    summary: at('description')?.value,
    severityText,
    severity: severityText === undefined ? undefined : severityOf(severityText.value),
    status: verdictOf(alert),
    occurredAt: utc(at('firstEventTime', 'firstActivityDateTime')?.value),
    raisedAt: utc(at('alertCreationTime', 'createdDateTime')?.value),
    host: at('computerDnsName') ?? among(evidence, 'deviceDnsName', 'hostName'),
    account:
      related.length > 0 && user !== undefined
        ? { value: domain === undefined ? user.value : `${domain.value}\\${user.value}`, span: user.span }
        : accountOf(evidence),
    source: among(evidence, 'ipAddress'),
    portalUrl: at('alertWebUrl'),
    sure: true,
  }
}

function fromIncident(incident: JsonNode): Pieces {
  const at = (...paths: string[]) => textAt(incident, ...paths) ?? undefined
  const alerts = itemsAt(incident, 'alerts')
  const entities = alerts.flatMap((alert) => [...itemsAt(alert, 'entities'), ...itemsAt(alert, 'evidence')])
  const devices = alerts.flatMap((alert) => itemsAt(alert, 'devices'))
  const severityText = at('severity')
  const status = verdictOf(incident)
  return {
    ticket: at('incidentId', 'id'),
    rule: among(alerts, 'title') ?? at('incidentName', 'displayName'),
    title: at('incidentName', 'displayName')?.value,
    summary: at('description', 'summary')?.value ?? among(alerts, 'description')?.value,
    severityText,
    severity: severityText === undefined ? undefined : severityOf(severityText.value),
    status,
    occurredAt: utc(among(alerts, 'firstActivity', 'firstActivityDateTime')?.value),
    raisedAt: utc(at('createdTime', 'createdDateTime')?.value),
    host: among(devices, 'deviceDnsName') ?? among(entities, 'deviceDnsName'),
    account: accountOf(entities),
    source: among(entities, 'ipAddress'),
    portalUrl: at('incidentUri', 'incidentWebUrl'),
    kind: /^resolved$/i.test(textAt(incident, 'status')?.value ?? '')
      ? { kind: 'update', because: 'The incident is resolved.' }
      : undefined,
    sure: true,
  }
}

export const microsoftDefender: Reader = {
  id: 'microsoft-defender',
  title: 'Microsoft Defender',
  recognise,
  read: (matter) => {
    const incident = incidentIn(matter.json)
    if (incident !== null) return fromIncident(incident)
    const alert = alertIn(matter.json)
    return alert === null ? {} : fromAlert(alert)
  },
}
