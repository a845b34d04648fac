import type { OpenDetection, Stretch } from '../db/detections.ts'
import { sha256Hex } from '../kit/digest.ts'
import type { SigmaHit } from '../lake/sigma/run.ts'
import type { DetectedEvent, Detection } from '../model/detection.ts'
import type { LogEvent } from '../model/lake.ts'
import { type Entity, entityOf, nameCharactersMax, plainName, sameIn } from './entity-of.ts'

/** More of the same rule and entity joins the alert for so long. */
export const joinMs = 3_600_000
/** Alerts that one rule raises in one look; a rule that sees more entities than these raises one for all of them. */
export const alertsPerRuleMax = 20
/** Alerts of one look, of all rules: a person decides a hundred in a day. Past it every rule raises one. */
export const alertsPerLookMax = 200
/** Events shown in a message, and how much of their lines. */
const eventsShownMax = 5
const lineCharactersMax = 2_000
/** The same of a value that was read from one, and values of a list. A message stays far below what is read as JSON (4 million). */
const valueCharactersMax = 1_000
const listMax = 20
/** Names shown of a flood. */
const namesShownMax = 50

/** Rules of this level say what is worth knowing, not what is worth an alert (Sigma 2.1.0, "level"). */
const silentLevel = 'informational'

/** One rule's hits on one entity. */
type Group = {
  readonly hit: SigmaHit
  readonly entity: Entity
  readonly count: number
  readonly counted: Detection['counted']
  readonly events: readonly LogEvent[]
  readonly first: string
  readonly last: string
  readonly says: string
}

/** What one look raises, and the alerts that more may join from then on. The same for the same input: what a kill repeats is the same. */
export function detectionMessages(
  hits: readonly SigmaHit[],
  stretch: Stretch,
  open: readonly OpenDetection[],
): { readonly messages: readonly Detection[]; readonly open: readonly OpenDetection[] } {
  const loud = hits.filter(({ rule }) => rule.level !== silentLevel)
  const byRule = loud.map((hit) => {
    const groups = groupsOf(hit)
    return groups.length > alertsPerRuleMax
      ? [flood(hit, groups, `more than ${alertsPerRuleMax} entities at once`)]
      : groups
  })
  const all = byRule.flat()
  const groups =
    all.length <= alertsPerLookMax
      ? all
      : byRule.flatMap((own) =>
          own[0] === undefined || own.length === 1
            ? own
            : [flood(own[0].hit, own, `${all.length} alerts of all rules at once`)],
        )
  const made = groups.map((group) => raise(group, stretch, open))
  return { messages: made.map(({ message }) => message), open: made.map((one) => one.open) }
}

/** A correlation names its groups itself; other hits are put together by whom their events are about. */
function groupsOf(hit: SigmaHit): readonly Group[] {
  if (hit.groups.length > 0)
    return hit.groups.map((group) => {
      const values = Object.values(group.values)
      const entity: Entity = { kind: 'group', value: plainName(values.join(' ').toLowerCase()) }
      const events = hit.events.filter((event) =>
        values.every((value) => event.raw.toLowerCase().includes(value.toLowerCase())),
      )
      return {
        ...{ hit, entity, events },
        count: group.count,
        counted: 'exactly',
        first: group.first,
        last: group.last,
        says: '',
      }
    })
  const groups = new Map<string, { entity: Entity; events: LogEvent[] }>()
  for (const event of hit.events) {
    const entity = entityOf(event)
    const key = `${entity.kind} ${entity.value}`
    const known = groups.get(key) ?? { entity, events: [] }
    known.events.push(event)
    groups.set(key, known)
  }
  // Of a flood not every event was read: what was not can be of anybody.
  const missing = hit.count - hit.events.length
  const says =
    missing > 0
      ? `The rule matched ${hit.count} events; ${hit.events.length} of them were told apart by whom they are about.`
      : ''
  return [...groups.values()].map(({ entity, events }) => ({
    ...{ hit, entity, events, says },
    count: events.length,
    counted: missing > 0 ? 'at-least' : 'exactly',
    ...spanOf(events, hit),
  }))
}

function spanOf(events: readonly LogEvent[], hit: SigmaHit): { readonly first: string; readonly last: string } {
  const times = events.map(({ time }) => time).toSorted()
  return { first: times[0] ?? hit.first, last: times.at(-1) ?? hit.last }
}

function flood(hit: SigmaHit, groups: readonly Group[], why: string): Group {
  const names = groups
    .map(({ entity }) => entity.value)
    .filter((name) => name !== '')
    .toSorted()
  const shown = names.slice(0, namesShownMax).join(', ')
  return {
    hit,
    entity: { kind: 'several', value: `${groups.length} entities` },
    count: hit.count,
    counted: 'exactly',
    events: hit.events,
    ...{ first: hit.first, last: hit.last },
    says: `A flood was put together into one alert (${why}): ${shown}${names.length > namesShownMax ? ' and more' : ''}.`,
  }
}

function raise(
  group: Group,
  stretch: Stretch,
  open: readonly OpenDetection[],
): { readonly message: Detection; readonly open: OpenDetection } {
  const { rule } = group.hit
  // Floods of one rule are one alert, however many entities there are each time.
  const entity = group.entity.kind === 'several' ? '*' : `${group.entity.kind} ${group.entity.value}`
  const before = open.find(
    (one) => one.ruleId === rule.id && one.entity === entity && Date.parse(one.began) + joinMs > Date.parse(stretch.to),
  )
  const ticket = before?.ticket ?? `own-${sha256Hex(JSON.stringify([rule.id, entity, stretch.from])).slice(0, 20)}`
  const now: OpenDetection = {
    ...{ ruleId: rule.id, entity, ticket },
    part: (before?.part ?? 0) + 1,
    count: (before?.count ?? 0) + group.count,
    counted: before?.counted === 'at-least' ? 'at-least' : group.counted,
    first: [group.first, ...(before === undefined ? [] : [before.first])].toSorted()[0] ?? group.first,
    last: [group.last, ...(before === undefined ? [] : [before.last])].toSorted().at(-1) ?? group.last,
    began: before?.began ?? stretch.from,
  }
  return { open: now, message: messageOf(group, stretch, now) }
}

function messageOf(group: Group, stretch: Stretch, now: OpenDetection): Detection {
  const { rule } = group.hit
  const { events, entity } = group
  const isSeveral = entity.kind === 'several'
  return {
    format: 'counterfoil-detection',
    version: 1,
    id: now.ticket,
    part: now.part,
    rule: {
      id: rule.id,
      title: rule.title,
      level: rule.level,
      description: rule.description.trim(),
      tags: [...rule.tags],
      falsePositives: [...rule.falsePositives],
      origin: nameOf(rule.at.file),
    },
    entity,
    host: isSeveral ? null : sameIn(events, 'device.hostname'),
    account: isSeveral ? null : sameIn(events, 'user.name', 'actor.user.name'),
    source: isSeveral ? null : sameIn(events, 'src_endpoint.ip'),
    destination: isSeveral ? null : sameIn(events, 'dst_endpoint.ip', 'dst_endpoint.hostname', 'query.hostname'),
    count: now.count,
    counted: now.counted,
    ...{ first: now.first, last: now.last, received: stretch },
    events: events.slice(0, eventsShownMax).map(shown),
    says: [countSays(now, entity), group.says].filter((words) => words !== '').join(' '),
  }
}

function countSays({ count, counted, first, last }: OpenDetection, entity: Entity): string {
  const at = (iso: string): string => iso.slice(0, 19).replace('T', ' ')
  const events = `${counted === 'at-least' ? 'at least ' : ''}${count} ${count === 1 ? 'event' : 'events'}`
  const when = first === last ? `at ${at(first)} UTC` : `from ${at(first)} to ${at(last)} UTC`
  return `${events} ${when}${entity.value === '' ? '' : `, of ${entity.value}`}.`
}

function shown(event: LogEvent): DetectedEvent {
  const { id, time, source, raw } = event
  const attributes = Object.entries(event.attributes).map(([path, value]): [string, string | number | string[]] => {
    if (typeof value === 'number') return [path, value]
    if (typeof value === 'string') return [path, cut(value, valueCharactersMax)]
    return [path, value.slice(0, listMax).map((one) => cut(one, nameCharactersMax))]
  })
  return { id, time, source, line: cut(raw, lineCharactersMax), attributes: Object.fromEntries(attributes) }
}

function cut(text: string, charactersMax: number): string {
  return (text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text).toWellFormed()
}

/** Without its folder and ending: which folder it is in here says nothing to a reader. */
function nameOf(file: string): string {
  return (file.split(/[\\/]/).at(-1) ?? file).replace(/\.ya?ml$/, '')
}
