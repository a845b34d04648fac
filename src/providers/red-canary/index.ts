import { itemsAt, type JsonNode, nodeAt, textAt } from '../json-text.ts'
import type { Matter } from '../matter.ts'
import type { Pieces, Reader } from '../reader.ts'
import { severityOf } from '../severity.ts'
import { fromDomain, hasMembers, says, utc } from '../signs.ts'

/** API v3: one detection, a listing of detections, or the timeline of a threat. */
function detectionIn(json: JsonNode | null): JsonNode | null {
  if (hasMembers(json, 'attributes.headline')) return json
  return itemsAt(json, 'data').find((item) => hasMembers(item, 'attributes.headline')) ?? null
}

function timelineIn(json: JsonNode | null): readonly JsonNode[] {
  return itemsAt(json, 'data').filter((item) => /^activity_timelines\.|^exec\./.test(textAt(item, 'type')?.value ?? ''))
}

function recognise(matter: Matter): number {
  if (detectionIn(matter.json) !== null || timelineIn(matter.json).length > 0) return 0.95
  if (fromDomain(matter, 'redcanary.com', 'redcanary.co')) return 0.9
  if (says(matter, /my\.redcanary\.co\/(?:threats|detections)\//)) return 0.85
  return says(matter, /^\s*Detection headline\s+[-–]/m) && says(matter, /^\s*Detection URL\s+[-–]/m) ? 0.8 : 0
}

function fromDetection(detection: JsonNode): Pieces {
  const at = (...paths: string[]) => textAt(detection, ...paths) ?? undefined
  const severityText = at('attributes.severity')
  const headline = at('attributes.headline')
  const id = at('id', 'attributes.id')
  return {
    // Their mails and links call it THREAT-412; the API gives the bare number.
    ticket: id === undefined ? undefined : { ...id, value: /^\d+$/.test(id.value) ? `THREAT-${id.value}` : id.value },
    rule: headline,
    title: headline?.value,
    summary: at('attributes.summary', 'attributes.details')?.value,
    severityText,
    severity: severityText === undefined ? undefined : severityOf(severityText.value),
    status: at('attributes.last_remediated_status.remediation_state'),
    occurredAt: utc(at('attributes.last_activity_seen_at', 'attributes.time_of_occurrence')?.value),
    raisedAt: utc(at('attributes.confirmed_at', 'attributes.time_of_occurrence')?.value),
    sure: true,
  }
}

function fromTimeline(rows: readonly JsonNode[]): Pieces {
  const row = (type: string) => rows.find((one) => textAt(one, 'type')?.value === `activity_timelines.${type}`) ?? null
  const execution = rows.find((one) => nodeAt(one, 'playbookExecution.resource_name') !== null) ?? null
  const mark = rows.findLast((one) => textAt(one, 'type')?.value === 'activity_timelines.MarkedAs') ?? null
  const ticket = textAt(execution, 'playbookExecution.resource_name') ?? undefined
  return {
    ticket,
    title: ticket?.value,
    portalUrl: textAt(execution, 'playbookExecution.resource_url') ?? undefined,
    status: textAt(mark, 'attributes.action') ?? undefined,
    occurredAt: utc(textAt(row('LatestIndicationSeen'), 'attributes.occurred_at')?.value),
    raisedAt: utc(textAt(row('AnalystConfirmed') ?? row('ThreatDetected'), 'attributes.occurred_at')?.value),
    kind: { kind: 'update', because: 'It is the timeline of a threat that is already known.' },
    sure: true,
  }
}

/** Mails made by the "Send Email" action: "Detection headline - ...", "Detection URL - ..."; the number of the threat stands in the link. */
function fromMail(matter: Matter): Pieces {
  for (const page of matter.pages) {
    const link = /https:\/\/[\w.-]+\.my\.redcanary\.co\/(?:threats|detections)\/(\d{1,12})/.exec(page.text)
    if (link?.[1] === undefined) continue
    const end = link.index + link[0].length
    const span = { part: page.part, start: end - link[1].length, end }
    return {
      ticket: { value: `THREAT-${link[1]}`, span },
      portalUrl: { value: link[0], span: { part: page.part, start: link.index, end } },
    }
  }
  return {}
}

export const redCanary: Reader = {
  id: 'red-canary',
  title: 'Red Canary',
  recognise,
  read: (matter) => {
    const detection = detectionIn(matter.json)
    if (detection !== null) return fromDetection(detection)
    const rows = timelineIn(matter.json)
    return rows.length > 0 ? fromTimeline(rows) : fromMail(matter)
  },
}
