import type { Field, Reading } from '../model/alert.ts'
import type { Letter } from '../model/letter.ts'
import type { Sighting, Span } from '../model/observable.ts'
import type { Provider } from '../model/provider.ts'
import { deliveredIn } from './delivered.ts'
import { fieldOf } from './field-words.ts'
import { type GenericPieces, generic, readGenerically } from './generic/index.ts'
import { kindOf } from './kinds.ts'
import { type Matter, matterOf, type ReadContext } from './matter.ts'
import { questionIn } from './questions.ts'
import { type Pieces, type Reader, sureEnough } from './reader.ts'
import { readers } from './readers.ts'
import { severityOf } from './severity.ts'
import { sightingsOf } from './sightings.ts'

/** The part that spans of a posted JSON point into. */
export const jsonPart = '1'

/** Fields of one message that are kept beside the known ones. */
const fieldsMax = 200
const valueCharactersMax = 1000

/** One that a person taught, where it fits; the provider's own, where its format fits at all; else the one that is surest; else generic. */
function readerFor(matter: Matter, provider: Provider | null): Reader {
  const taught = matter.taught?.find((reader) => reader.recognise(matter) >= sureEnough)
  if (taught !== undefined) return taught
  const own = readers.find((reader) => reader.id === provider?.format)
  if (own !== undefined && own.id !== 'generic' && own.recognise(matter) > 0.2) return own
  const best = readers
    .map((reader) => ({ reader, sure: reader.recognise(matter) }))
    .reduce((a, b) => (b.sure > a.sure ? b : a))
  return best.sure >= sureEnough ? best.reader : generic
}

/** Accounts of a machine say nothing about who it is about. */
const machineAccount =
  /^(?:nt authority\\|(?:local )?system$|local service$|network service$|root$|administrator$|.*\$$)/i

function entityOf(pieces: Pieces): string | null {
  const account =
    pieces.account !== undefined && !machineAccount.test(pieces.account.value) ? pieces.account : undefined
  const about = pieces.host ?? account ?? pieces.destination ?? pieces.source ?? pieces.account
  return about === undefined ? null : about.value.toLowerCase().replace(/\.$/, '')
}

/**
 * What the provider's reader says wins; what it leaves out the generic one fills. Where the reader knows the whole shape (an
 * API's JSON), what it leaves out is not there: guessing would take the author of a note for the user of an alert.
 */
function merged(general: GenericPieces, own: Pieces): GenericPieces {
  const said = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined && value !== null))
  return own.sure === true
    ? { ruleField: own.rule ?? null, ...said }
    : { ...general, ruleField: own.rule ?? general.ruleField, ...said }
}

function otherFields(matter: Matter, used: readonly (Field | undefined)[]): Reading['fields'] {
  const taken = new Set(
    used.flatMap((field) => (field?.span == null ? [] : [`${field.span.part} ${field.span.start}`])),
  )
  return matter.pairs
    .filter(
      (pair) =>
        !taken.has(`${pair.span.part} ${pair.span.start}`) &&
        !(fieldOf(pair.name)?.field === 'summary' && pair.value.length > 200),
    )
    .slice(0, fieldsMax)
    .map((pair) => ({ name: pair.name.slice(0, 100), value: pair.value.slice(0, valueCharactersMax), span: pair.span }))
}

function alertPlace(matter: Matter, pieces: Pieces): { readonly because: string; readonly span: Span | null } {
  const place = pieces.rule?.span ?? pieces.ticket?.span ?? null
  const because = pieces.rule === undefined ? 'their alert itself' : `their alert names the rule "${pieces.rule.value}"`
  const { at, core } = matter.subject
  return { because, span: place ?? (core === '' ? null : { part: 'subject', start: at, end: at + core.length }) }
}

/** Reads what is already laid out; for those who need the lay-out too. */
export function readMatter(matter: Matter): Reading {
  const sightings: readonly Sighting[] = sightingsOf(matter)
  const reader = readerFor(matter, matter.provider)
  const general = readGenerically(matter, sightings)
  const pieces = reader === generic ? general : merged(general, reader.read(matter, sightings))
  const severityText = pieces.severityText ?? null
  const kind =
    pieces.kind ??
    kindOf(matter, {
      ticket: pieces.ticket ?? null,
      ruleField: pieces.ruleField,
      severity: severityText,
      status: pieces.status ?? null,
      host: pieces.host ?? null,
      account: pieces.account ?? null,
      source: pieces.source ?? null,
      destination: pieces.destination ?? null,
      occurredAt: pieces.occurredAt ?? null,
      observables: sightings.length,
      sure: pieces.sure === true,
    })
  const alerting = kind.kind === 'alert' || kind.kind === 'update'
  return {
    reader: reader.id,
    kind: kind.kind,
    because: kind.because,
    ticket: pieces.ticket ?? null,
    rule: pieces.rule ?? null,
    severity: pieces.severity ?? (severityText === null ? 'unknown' : severityOf(severityText.value)),
    severityText,
    status: pieces.status ?? null,
    title: pieces.title ?? pieces.rule?.value ?? '',
    summary: pieces.summary ?? '',
    occurredAt: pieces.occurredAt ?? null,
    raisedAt: pieces.raisedAt ?? null,
    source: pieces.source ?? null,
    destination: pieces.destination ?? null,
    host: pieces.host ?? null,
    account: pieces.account ?? null,
    entity: entityOf(pieces),
    portalUrl: pieces.portalUrl ?? null,
    question: questionIn(matter),
    fields: otherFields(matter, [
      pieces.ticket,
      pieces.rule,
      pieces.severityText,
      pieces.status,
      pieces.source,
      pieces.destination,
      pieces.host,
      pieces.account,
      pieces.portalUrl,
    ]),
    observables: [...sightings],
    delivered: alerting ? deliveredIn(matter, sightings, alertPlace(matter, pieces), pieces.account ?? null) : [],
  }
}

/** Reads one mail. Pure; never throws for any letter. `receivedAt` (ISO 8601) settles dates that can be read in two ways. */
export function readLetter(letter: Letter, context: ReadContext): Reading {
  return readMatter(matterOf(letter, context))
}

/**
 * Reads a posted JSON (an API's alert, incident, finding or ticket; the first of a listing). Spans point into part `jsonPart`.
 * A text that is no JSON is read as the text of a mail.
 */
export function readJson(text: string, context: ReadContext): Reading {
  return readLetter(letterOfJson(text), context)
}

/** A posted JSON as a letter of one part, from nobody. */
export function letterOfJson(text: string): Letter {
  return {
    messageId: null,
    inReplyTo: null,
    references: [],
    from: null,
    replyTo: [],
    to: [],
    cc: [],
    subject: '',
    date: null,
    headers: [],
    parts: [
      { path: 'subject', type: 'text/plain', text: '' },
      { path: jsonPart, type: 'application/json', text },
    ],
    attachments: [],
    auto: 'none',
    deliveryStatus: null,
    warnings: [],
  }
}
