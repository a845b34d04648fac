import type { Field } from '../../model/alert.ts'
import type { Sighting } from '../../model/observable.ts'
import {
  accountInTitle,
  chosenAccount,
  chosenEndpoint,
  chosenHost,
  chosenMoment,
  chosenPortal,
  chosenRule,
  chosenSeverity,
  chosenStatus,
  chosenSummary,
  chosenTicket,
  chosenTitle,
  spoken,
} from '../chosen.ts'
import { alertWords } from '../kind-words.ts'
import { contentLines, type Matter } from '../matter.ts'
import type { Pieces, Reader } from '../reader.ts'
import { severityIn, severityOf } from '../severity.ts'
import { ruleInTitle, withoutEntities } from '../titles.ts'

/** What the generic reader found, and how: whether the rule came from a field decides whether it is an alert. */
export type GenericPieces = Pieces & { readonly ruleField: Field | null }

/** Names of those who write and are written to: no part of a rule's name. */
function parties(matter: Matter): readonly string[] {
  const { from, to } = matter.letter
  const names = [matter.provider?.name, from?.name.replace(/\s+via\s+.*$/i, '')]
  const labels = [from?.address, ...to.map(({ address }) => address)].flatMap((address) => {
    const host = address?.split('@')[1] ?? ''
    const label = host.split('.').at(-2) ?? ''
    return label.length > 3 ? [label, label.replaceAll('-', ' ')] : []
  })
  return [...names, ...labels].filter((name): name is string => name !== undefined && name !== '')
}

function subjectSeverity(matter: Matter): Field | null {
  const found = severityIn(matter.subject.core)
  if (found === null) return null
  const start = matter.subject.at + found.start
  return { value: found.text, span: { part: 'subject', start, end: start + found.text.length } }
}

function asField(one: Sighting | undefined): Field | null {
  return one === undefined ? null : { value: one.value, span: { part: one.part, start: one.start, end: one.end } }
}

type Abouts = {
  readonly host: Field | null
  readonly account: Field | null
  readonly source: Field | null
  readonly destination: Field | null
}

/** What it is about: fields first, then sentences, then the only observables that could be meant, those of the subject first. */
function aboutIn(matter: Matter, sightings: readonly Sighting[]): Abouts {
  const named = {
    host: chosenHost(matter),
    account: chosenAccount(matter),
    source: chosenEndpoint(matter, 'source', sightings),
    destination: chosenEndpoint(matter, 'destination', sightings),
  }
  const said = spoken(matter)
  const titled = sightings.filter((one) => one.part === 'subject')
  const host = named.host ?? said.host ?? asField(titled.find((one) => one.type === 'hostname'))
  const account =
    named.account ??
    said.account ??
    said.mailbox ??
    accountInTitle(chosenTitle(matter)) ??
    asField(titled.find((one) => one.type === 'user'))
  const source = named.source ?? said.source
  const destination = named.destination ?? said.destination
  if (host !== null || account !== null || source !== null || destination !== null)
    return { host, account, source, destination }
  const order = ['hostname', 'user', 'ipv4', 'ipv6'] as const
  const left = order.map((type) => sightings.find((one) => one.type === type)).find((one) => one !== undefined)
  if (left === undefined) return { host, account, source, destination }
  if (left.type === 'hostname') return { host: asField(left), account, source, destination }
  if (left.type === 'user') return { host, account: asField(left), source, destination }
  return { host, account, source: asField(left), destination }
}

/** The place of a rule worked out from a title: where the words stand in one piece. */
function placed(rule: string, title: Field): Field {
  const at = title.value.indexOf(rule)
  if (at < 0 || title.span === null) return { value: rule, span: null }
  const start = title.span.start + at
  return { value: rule, span: { ...title.span, start, end: start + rule.length } }
}

function ruleOf(
  matter: Matter,
  ticket: Field | null,
  about: Abouts,
  sightings: readonly Sighting[],
): { readonly rule: Field | null; readonly ruleField: Field | null; readonly title: Field | null } {
  const chosen = chosenRule(matter)
  const title = chosenTitle(matter)
  const entities = [
    ...[about.host, about.account, about.source, about.destination].flatMap((field) =>
      field === null ? [] : [field.value, field.value.split(/[.@]/)[0] ?? ''],
    ),
    ...sightings
      .filter(
        (one) =>
          one.part === 'subject' && ['ipv4', 'ipv6', 'email', 'hostname', 'user', 'domain', 'url'].includes(one.type),
      )
      .map((one) => one.text),
    // "root" or "vpn" may be words of the rule itself; a name with a digit, a dot or a dash is not.
  ].filter((entity) => entity.length > 2 && /[\d._@\\-]/.test(entity))
  const hints = { ticket: ticket?.value ?? null, entities, parties: parties(matter) }
  if (chosen !== null && !chosen.weak)
    return {
      rule: { ...chosen.field, value: withoutEntities(withoutTail(chosen.field.value), entities) },
      ruleField: chosen.field,
      title,
    }
  const { core, at } = matter.subject
  const subject: Field = { value: core, span: { part: 'subject', start: at, end: at + core.length } }
  const quoted = spoken(matter).rule
  for (const place of [title, subject, quoted, firstLine(matter)]) {
    if (place === null) continue
    const rule = place === quoted ? place.value : ruleInTitle(place.value, hints)
    if (rule !== null && rule.split(/\s+/).length <= 24)
      return { rule: placed(rule, place), ruleField: chosen?.field ?? (place === title ? title : null), title }
  }
  return { rule: chosen?.field ?? null, ruleField: chosen?.field ?? null, title }
}

/** A headline in the text: its first short line that speaks of an alert. For subjects that say nothing ("FYI"). */
function firstLine(matter: Matter): Field | null {
  const page = matter.pages.find((one) => !one.attachment && one.json === null)
  const line =
    page === undefined
      ? undefined
      : contentLines(page)
          .filter(({ text }) => text.trim() !== '')
          .slice(0, 6)
          .find(({ text }) => text.length < 200 && alertWords.test(text) && !/[.!?]\s*$|[.!?]\s+\p{Lu}/u.test(text))
  return line === undefined || page === undefined
    ? null
    : { value: line.text, span: { part: page.part, start: line.start, end: line.end } }
}

/** "Brute force (1:2052194:3)", "Rule X [id 42]": the number in the system is no part of the name. */
function withoutTail(rule: string): string {
  const bare = rule
    .replace(/\s*[([](?:(?:rule )?id|sid|uuid)?[\s:#]*[\d:.-]{3,}[)\]]\s*$/i, '')
    .replace(/^\[?\d[\d:]{3,}\]?\s*[:–-]?\s+(?=\p{L})/u, '')
  return bare === '' ? rule : bare
}

/** Everything that can be told without knowing whose mail it is. */
export function readGenerically(matter: Matter, sightings: readonly Sighting[]): GenericPieces {
  const ticket = chosenTicket(matter)
  const about = aboutIn(matter, sightings)
  const { rule, ruleField, title } = ruleOf(matter, ticket, about, sightings)
  const severityText = chosenSeverity(matter) ?? subjectSeverity(matter)
  const severity =
    severityText === null
      ? undefined
      : severityOf(
          /^\d$/.test(severityText.value) && severityText.span?.part === 'subject'
            ? `P${severityText.value}`
            : severityText.value,
        )
  return {
    ticket: ticket ?? undefined,
    rule: rule ?? undefined,
    ruleField,
    severity,
    severityText: severityText ?? undefined,
    status: chosenStatus(matter) ?? undefined,
    title: title?.value ?? (matter.subject.core || undefined),
    summary: chosenSummary(matter),
    occurredAt: chosenMoment(matter, 'occurred'),
    raisedAt: chosenMoment(matter, 'raised'),
    source: about.source ?? undefined,
    destination: about.destination ?? undefined,
    host: about.host ?? undefined,
    account: about.account ?? undefined,
    portalUrl: chosenPortal(matter) ?? undefined,
  }
}

/** Copes with names and values in any lay-out; takes what no other reader knows. */
export const generic: Reader = { id: 'generic', title: 'Any provider', recognise: () => 0.1, read: readGenerically }
