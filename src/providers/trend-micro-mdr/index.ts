import { itemsAt, type JsonNode, textAt } from '../json-text.ts'
import type { Matter } from '../matter.ts'
import type { Pieces, Reader } from '../reader.ts'
import { severityOf } from '../severity.ts'
import { fromDomain, hasMembers, says, utc } from '../signs.ts'

/** A workbench alert, bare or the first of a listing. */
function alertIn(json: JsonNode | null): JsonNode | null {
  const one = [json, ...itemsAt(json, 'items')].find(
    (item) => hasMembers(item, 'workbenchLink') || hasMembers(item, 'impactScope', 'model'),
  )
  return one ?? null
}

const workbenchId = /\bWB-\d{1,8}-\d{8}-\d{1,8}\b/

function recognise(matter: Matter): number {
  if (alertIn(matter.json) !== null) return 0.95
  if (fromDomain(matter, 'trendmicro.com')) return 0.85
  return says(matter, workbenchId) ? 0.7 : 0
}

function entity(alert: JsonNode, type: string, ...paths: string[]) {
  const found = itemsAt(alert, 'impactScope.entities').find((one) => textAt(one, 'entityType')?.value === type) ?? null
  return textAt(found, ...paths) ?? undefined
}

function fromAlert(alert: JsonNode): Pieces {
  const at = (...paths: string[]) => textAt(alert, ...paths) ?? undefined
  const severityText = at('severity')
  return {
    ticket: at('id', 'workbenchId'),
    rule: at('model', 'matchedRules.0.name'),
    title: at('model')?.value,
    summary: at('description')?.value,
    severityText,
    severity: severityText === undefined ? undefined : severityOf(severityText.value),
    status: at('investigationResult', 'investigationStatus', 'status'),
    occurredAt: utc(at('matchedRules.0.matchedFilters.0.matchedDateTime', 'firstInvestigatedDateTime')?.value),
    raisedAt: utc(at('createdDateTime')?.value),
    host: entity(alert, 'host', 'entityValue.name'),
    account:
      entity(alert, 'account', 'entityValue', 'entityValue.name') ?? entity(alert, 'emailAddress', 'entityValue'),
    portalUrl: at('workbenchLink'),
    sure: true,
  }
}

/** The words of their mails: an incident needs an answer, the noteworthy is worth a look, the rest is for the file. */
const verdict = /\b(Not Noteworthy|Noteworthy|Incident)\b(?=\s*(?:[:|\]–-]|event|case|detection|$))/im

function fromMail(matter: Matter): Pieces {
  const places = [
    { part: 'subject', text: matter.letter.subject },
    ...matter.pages.map(({ part, text }) => ({ part, text: text.slice(0, 20_000) })),
  ]
  const find = (pattern: RegExp) => {
    for (const { part, text } of places) {
      const match = pattern.exec(text)
      if (match !== null)
        return { value: match[0], span: { part, start: match.index, end: match.index + match[0].length } }
    }
    return undefined
  }
  const said = matter.pairs.find(
    ({ name, value }) =>
      /^(?:event |case )?(?:classification|category|verdict|assessment)$/i.test(name.trim()) && verdict.test(value),
  )
  return { ticket: find(workbenchId), status: said === undefined ? undefined : { value: said.value, span: said.span } }
}

export const trendMicroMdr: Reader = {
  id: 'trend-micro-mdr',
  title: 'Trend Micro Managed XDR',
  recognise,
  read: (matter) => {
    const alert = alertIn(matter.json)
    return alert === null ? fromMail(matter) : fromAlert(alert)
  },
}
