import type { Field, Severity } from '../model/alert.ts'
import {
  type Anchor,
  type JsonAnchor,
  type JsonShape,
  ReaderDescription,
  type ReaderDraft,
  type ReadField,
} from '../model/reader.ts'
import { readAnchor, readJsonAt, valueAt } from './anchors.ts'
import type { JsonNode } from './json-text.ts'
import type { Matter } from './matter.ts'
import { momentOf } from './moments.ts'
import type { Pieces, Reader } from './reader.ts'
import { severityOf } from './severity.ts'
import { fromDomain, utc } from './signs.ts'

/** Characters of each text in which words that only this provider says are looked for. */
const saysCharactersMax = 20_000
/** A field of one line; what is longer is prose and no name of anything. */
const fieldCharactersMax = 300
const summaryCharactersMax = 2000

type Found = Partial<Record<ReadField, Field>>

const list = <T>(one: T | readonly T[]): readonly T[] => (Array.isArray(one) ? one : [one as T])

/** The message's words in lower case, made once for all the readers that look for theirs in them. */
const lowered = new WeakMap<Matter, string>()

function wordsOf(matter: Matter): string {
  const known = lowered.get(matter)
  if (known !== undefined) return known
  const text = [matter.letter.subject, ...matter.pages.map((page) => page.text.slice(0, saysCharactersMax))]
    .join('\n')
    .toLowerCase()
  lowered.set(matter, text)
  return text
}

/** The thing in a JSON that has the members of a shape; of a list the first. */
function thingOf(json: JsonNode | null, shape: JsonShape): JsonNode | null {
  const fits = (node: JsonNode | null): node is JsonNode =>
    node?.kind === 'object' && shape.has.every((path) => valueAt(node, path.split('.'), 0) !== null)
  for (const path of shape.at) {
    const node = path === '' ? json : valueAt(json, path.split('.'), 0)
    const candidates = node?.kind === 'array' ? node.items : [node]
    const thing = candidates.find(fits)
    if (thing !== undefined) return thing
  }
  return null
}

function shapeIn(description: ReaderDescription, matter: Matter) {
  for (const shape of description.shapes) {
    const thing = thingOf(matter.json, shape)
    if (thing !== null) return { shape, thing }
  }
  return null
}

function fromShape(thing: JsonNode, fields: JsonShape['fields']): Found {
  return readEach(fields, (anchor: JsonAnchor) =>
    typeof anchor === 'string' ? readJsonAt(thing, anchor) : readJsonAt(thing, anchor.json, anchor),
  )
}

/** Of each field what its first anchor with a value finds. */
function readEach<A>(fields: Partial<Record<ReadField, A | A[]>>, read: (anchor: A) => Field | null): Found {
  const found: Found = {}
  for (const [name, anchors] of Object.entries(fields) as [ReadField, A | A[]][]) {
    for (const anchor of list(anchors)) {
      const field = read(anchor)
      if (field === null) continue
      found[name] = field
      break
    }
  }
  return found
}

/** The fields that a description finds in a message; those that cannot be what they should be are left out. */
export function readDescribed(description: ReaderDescription, matter: Matter): Found {
  const shaped = shapeIn(description, matter)
  const found =
    shaped === null
      ? readEach(description.fields, (anchor: Anchor) => readAnchor(matter, anchor))
      : fromShape(shaped.thing, shaped.shape.fields)
  return Object.fromEntries(
    (Object.entries(found) as [ReadField, Field][]).filter(
      ([name, field]) => whyNot(description, matter, name, field) === null,
    ),
  )
}

/** Why this can be no field of that name, in words; null where it can. */
export function whyNot(
  description: ReaderDescription,
  matter: Matter,
  name: ReadField,
  { value }: Field,
): string | null {
  if (name === 'severity')
    return severityIn(description, value) === 'unknown' ? `“${value.slice(0, 60)}” is no severity we know` : null
  if (name === 'occurred' || name === 'raised')
    return momentIn(value, matter) === null ? `“${value.slice(0, 60)}” is no point in time` : null
  if (name === 'summary') return null
  if (value.length > fieldCharactersMax) return `it is longer than ${fieldCharactersMax} characters`
  if (name === 'portal' && !/^https?:\/\//i.test(value)) return `“${value.slice(0, 60)}” is no link`
  return null
}

function severityIn(description: ReaderDescription, word: string): Severity {
  const named = Object.entries(description.severities).find(([their]) => their.toLowerCase() === word.toLowerCase())
  return named?.[1] ?? severityOf(word)
}

/** ISO 8601 and epochs are UTC where they say no zone; what people write is of the sender's clock, which nobody knows: UTC. */
function momentIn(value: string, matter: Matter): string | null {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value)) return utc(value)
  return momentOf(value, new Date(matter.letter.date ?? matter.receivedAt))
}

/** An address or a name as it is, not as it was made harmless for a mail. */
function refanged(field: Field | undefined): Field | undefined {
  return field === undefined ? undefined : { ...field, value: field.value.replaceAll(/\[\.\]|\(\.\)/g, '.') }
}

function piecesOf(description: ReaderDescription, matter: Matter): Pieces {
  const found = readDescribed(description, matter)
  const status = found.status
  const over =
    status !== undefined && description.closed.some((word) => word.toLowerCase() === status.value.toLowerCase())
  const moment = (field: Field | undefined) => (field === undefined ? undefined : momentIn(field.value, matter))
  return {
    ticket: found.ticket,
    rule: found.rule,
    title: found.title?.value ?? found.rule?.value,
    summary: found.summary?.value.slice(0, summaryCharactersMax),
    severityText: found.severity,
    severity: found.severity === undefined ? undefined : severityIn(description, found.severity.value),
    status,
    host: refanged(found.host),
    account: found.account,
    source: refanged(found.source),
    destination: refanged(found.destination),
    occurredAt: moment(found.occurred),
    raisedAt: moment(found.raised),
    portalUrl: found.portal,
    kind: over ? { kind: 'update', because: `Its status is "${status?.value ?? ''}".` } : undefined,
    sure: shapeIn(description, matter) === null ? undefined : true,
  }
}

/** True where the sender is one of the description's, or the post comes from its provider. */
function isFrom({ from, provider }: ReaderDescription, matter: Matter): boolean {
  if (provider !== undefined && matter.letter.from === null) return matter.provider?.id === provider
  const addresses = from.filter((one) => one.includes('@')).map((one) => one.toLowerCase())
  if (addresses.includes(matter.letter.from?.address.toLowerCase() ?? '')) return true
  const domains = from.filter((one) => !one.includes('@')).map((one) => one.toLowerCase())
  return domains.length > 0 && fromDomain(matter, ...domains)
}

function sureness(description: ReaderDescription, matter: Matter): number {
  const shaped = shapeIn(description, matter) !== null
  const sender = isFrom(description, matter) ? description.senderSure : 0
  const words = description.says.some((one) => wordsOf(matter).includes(one.toLowerCase())) ? 0.7 : 0
  const sure = shaped ? 0.95 : Math.max(sender, words)
  if (sure === 0 || description.needs.length === 0) return sure
  const found = readDescribed(description, matter)
  return description.needs.every((name) => found[name] !== undefined) ? sure : 0
}

/** A reader out of its description, which is known to be of its schema. */
export function readerOf(description: ReaderDescription): Reader {
  return {
    id: description.id,
    title: description.title,
    recognise: (matter) => sureness(description, matter),
    read: (matter) => piecesOf(description, matter),
  }
}

/** A reader that comes along. Throws for a description that is not of the schema: that is a mistake of ours, and the first test finds it. */
export function described(draft: ReaderDraft): Reader {
  return readerOf(ReaderDescription.parse(draft))
}
