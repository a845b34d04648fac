import type { Field } from '../model/alert.ts'
import type { Sighting } from '../model/observable.ts'
import { type FieldName, fieldOf, isVague, nameWords, saysNothing } from './field-words.ts'
import { contentLines, type Matter } from './matter.ts'
import { momentOf, offsetOf } from './moments.ts'
import type { Pair } from './pairs.ts'
import { severityOf } from './severity.ts'
import { ticketInSubject, ticketInText, ticketInValue } from './tickets.ts'

type Claim = { readonly pair: Pair; readonly rank: number }

/** All pairs that claim a field, the strongest word first, then the earlier. */
function claims(matter: Matter, field: FieldName): readonly Claim[] {
  return matter.pairs
    .flatMap((pair) => {
      const meant = fieldOf(pair.name)
      return meant?.field === field && !saysNothing(pair.value) ? [{ pair, rank: meant.rank }] : []
    })
    .sort((a, b) => a.rank - b.rank)
}

function first<T>(matter: Matter, field: FieldName, accept: (pair: Pair, rank: number) => T | null): T | null {
  for (const { pair, rank } of claims(matter, field)) {
    const taken = accept(pair, rank)
    if (taken !== null) return taken
  }
  return null
}

/** A piece of a pair's value as a field of its own, with its own place. */
function piece(pair: Pair, text: string, at: number, value = text): Field {
  const start = pair.span.start + at
  return { value, span: { ...pair.span, start, end: Math.min(pair.span.end, start + text.length) } }
}

const oneLineMax = 300

function plainValue(pair: Pair): Field | null {
  const line = (pair.value.split('\n')[0] ?? '').trim()
  if (line === '' || line.length > oneLineMax) return null
  return piece(pair, line, 0, line.replaceAll(/^[*_`"']+|[*_`"']+$/g, ''))
}

export function chosenTicket(matter: Matter): Field | null {
  const subject = ticketInSubject(matter.subject.core)
  if (subject !== null) {
    return {
      value: subject.value,
      span: { part: 'subject', start: matter.subject.at + subject.start, end: matter.subject.at + subject.end },
    }
  }
  const named = first(matter, 'ticket', (pair) => {
    const found = ticketInValue(pair.value)
    return found === null ? null : piece(pair, found.value, found.at)
  })
  return named ?? ticketInText(matter)
}

export function chosenRule(matter: Matter): { readonly field: Field; readonly weak: boolean } | null {
  return first(matter, 'rule', (pair) => {
    const field = plainValue(pair)
    if (
      field === null ||
      !/\p{L}{2}/u.test(field.value) ||
      /^https?:/i.test(field.value) ||
      (severityOf(field.value) !== 'unknown' && field.value.length < 14)
    )
      return null
    // "Alert type" names a class more often than a rule, and a number is no name: a good title is better than they are.
    const weak = isVague(pair.name) || /^[\w-]{8}-[\w-]{4}-|^[\d:._-]+$/.test(field.value)
    return { field, weak }
  })
}

export function chosenTitle(matter: Matter): Field | null {
  return first(matter, 'title', plainValue)
}

/** Severity of a field; a field called priority counts only where none is called severity. */
export function chosenSeverity(matter: Matter): Field | null {
  const accept = (pair: Pair) => {
    const field = plainValue(pair)
    if (field === null || field.value.length > 60) return null
    const asPriority =
      fieldOf(pair.name)?.field === 'priority' && /^\d$/.test(field.value) ? `P${field.value}` : field.value
    return severityOf(asPriority) === 'unknown' && !/^\d/.test(field.value) ? null : field
  }
  return first(matter, 'severity', accept) ?? first(matter, 'priority', accept)
}

export function chosenStatus(matter: Matter): Field | null {
  return first(matter, 'status', (pair) => {
    const field = plainValue(pair)
    return field !== null &&
      field.value.length <= 60 &&
      /\p{L}/u.test(field.value) &&
      !/\p{L}[.!?] \p{L}/u.test(field.value)
      ? field
      : null
  })
}

/** An address or a host in a value: the first observable there, else a word that looks like a host. */
function endpoint(pair: Pair, sightings: readonly Sighting[]): Field | null {
  const inside = sightings.filter(
    (one) => one.part === pair.span.part && one.start >= pair.span.start && one.end <= pair.span.end,
  )
  const address =
    inside.find((one) => one.type === 'ipv4' || one.type === 'ipv6' || one.type === 'cidr') ??
    inside.find((one) => one.type === 'domain' || one.type === 'hostname' || one.type === 'url')
  if (address !== undefined)
    return { value: address.value, span: { part: address.part, start: address.start, end: address.end } }
  const word = /^["'([]?([A-Za-z0-9][\w.-]*[\w])/.exec(pair.value)?.[1]
  if (word === undefined || pair.value.split(/\s+/).length > 4 || !/[\d.-]/.test(word) || /^\d+$/.test(word))
    return null
  return piece(pair, word, pair.value.indexOf(word))
}

export function chosenEndpoint(
  matter: Matter,
  field: 'source' | 'destination',
  sightings: readonly Sighting[],
): Field | null {
  return first(matter, field, (pair) => endpoint(pair, sightings))
}

const hostWord = /^["'`([]*((?:\\\\)?[A-Za-z0-9_][\w.-]*\$?)(?=$|[\s,;()[\]/|"'`<:→])/u

/** A host's name out of a value: "FIN-LT-014 (10.1.2.3)" is FIN-LT-014. A JSON boolean or a class ("Windows") is none. */
function hostValue(pair: Pair): Field | null {
  const line = pair.value.split('\n')[0] ?? ''
  const match = hostWord.exec(line)
  const word = match?.[1]
  if (word === undefined) return null
  const rest = line.slice(match?.[0].length ?? 0).trim()
  const alone = rest === '' || /^[,;()[\]/|<:→&+]|^(?:and|und|et|y)\b|^-\s/.test(rest)
  if (
    /^(?:true|false|yes|no|windows|linux|macos|server|workstation|host|device|multiple|several|various|http|https|see|the)$/i.test(
      word,
    )
  )
    return null
  if (/^\d+$/.test(word)) return null
  if (alone) return piece(pair, word, line.indexOf(word), word.replace(/^\\\\/, '').replace(/[.:]$/, ''))
  return line.length <= 40 && rest.split(/\s+/).length <= 3 && !/[.!?]$/.test(line) ? piece(pair, line, 0) : null
}

export function chosenHost(matter: Matter): Field | null {
  return first(matter, 'host', (pair) => {
    const field = hostValue(pair)
    if (field === null || /@/.test(pair.value.split(' ')[0] ?? '') || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(field.value))
      return null
    // Words that only may name a host ("resource", "entity") need a value that looks like one.
    return isVague(pair.name) && !/[\d-]/.test(field.value) ? null : field
  })
}

/** An account out of a value: an address, DOMAIN\user, a word in parentheses behind a name, else the word. */
export function chosenAccount(matter: Matter): Field | null {
  return first(matter, 'account', (pair) => {
    const line = pair.value.split('\n')[0] ?? ''
    if (line.length > 160) return null
    const mail = /[\w.+'-]+@[\w-]+(?:\.[\w-]+)+/.exec(line)
    if (mail !== null) return piece(pair, mail[0], mail.index)
    const domain = /(?:^|[\s(["'])([\w.-]{1,60}\\{1,2}[\w.$@-]{1,60})/.exec(line)
    if (domain?.[1] !== undefined)
      return piece(pair, domain[1], line.indexOf(domain[1]), domain[1].replace('\\\\', '\\'))
    const aside = /^\p{L}[\p{L} .'’-]+[([]\s*([\w.$+-]+)\s*[)\]]/u.exec(line)
    if (aside?.[1] !== undefined && !/^\d+$/.test(aside[1])) return piece(pair, aside[1], line.indexOf(aside[1]))
    const word = /^["'`]?([\p{L}\p{N}_.$+-]+)["'`]?\s*(?:$|[(,;[/|<])/u.exec(line)?.[1]
    if (word !== undefined && !/^(?:true|false|yes|no|multiple|several|various)$/i.test(word))
      return piece(pair, word, line.indexOf(word))
    return line.split(/\s+/).length <= 4 && !/[.:!?]/.test(line) ? piece(pair, line, 0) : null
  })
}

export function chosenMoment(matter: Matter, field: 'occurred' | 'raised'): string | null {
  const near = new Date(matter.letter.date ?? matter.receivedAt)
  const header = matter.letter.headers.find(({ name }) => name === 'date')?.value ?? ''
  const offset = offsetOf(header) ?? 0
  return first(matter, field, (pair) =>
    momentOf(pair.value, near, /\butc\b|\bgmt\b/.test(nameWords(pair.name)) ? 0 : offset),
  )
}

export function chosenPortal(matter: Matter): Field | null {
  const named = first(matter, 'portal', (pair) => {
    const url = /https?:\/\/[^\s<>"')\]]+/i.exec(pair.value)
    return url === null ? null : piece(pair, url[0], url.index)
  })
  if (named !== null) return named
  for (const page of matter.pages.filter((one) => !one.attachment)) {
    for (const line of page.lines) {
      if (line.role === 'quoted' || line.text.length > 4000) continue
      const hit =
        /https?:\/\/[^\s<>"')\]]*(?:portal|ticket|case|incident|alert|console|detection|threat|workbench|finding|nav_to|requests|browse)[^\s<>"')\]]*/i.exec(
          line.text,
        )
      if (hit !== null)
        return {
          value: hit[0],
          span: { part: page.part, start: line.start + hit.index, end: line.start + hit.index + hit[0].length },
        }
    }
  }
  return null
}

export function chosenSummary(matter: Matter): string {
  const named = first(matter, 'summary', (pair) => (pair.value.length > 20 ? pair.value : null))
  if (named !== null) return named.slice(0, 2000)
  const body = matter.pages.find((page) => !page.attachment && page.json === null)
  if (body === undefined) return ''
  // The first paragraph of prose: a sentence that is no pair and no greeting.
  const prose = contentLines(body).find(
    (line) => line.text.trim().length > 50 && /[.!?]\s*$|[.!?]\s/.test(line.text) && !/\t/.test(line.text),
  )
  return prose?.text.trim().slice(0, 2000) ?? ''
}

const hostInProse =
  /\b(?:host(?:name)?|device|endpoint|machine|computer|server|workstation|laptop|rechner|gerät|arbeitsplatz|poste|serveur|equipo|servidor|dispositivo)s?\s+(?:named\s+|called\s+|namens\s+)?["'`„“«»]?([A-Za-z0-9][\w-]*(?:[.-][\w-]+)*)/giu
const onHost =
  /\b(?:on|for|auf|für|sur|pour|en|para|from|von)\s+(?:host\s+)?["'`„“«]?([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+(?:\.[\w.-]+)?)\b/gu
const userInProse =
  /\b(?:user(?: account)?|account|benutzer(?:konto)?|konto|utilisateur|compte|usuario|cuenta)s?\s+["'`„“«]?((?:[\w.-]+\\)?[\w.+-]+(?:@[\w.-]+)?)/giu

const ruleInProse =
  /\b(?:rule|use case|signature|detection|regel|anwendungsfall|règle|regla|alert|alarm|alerte|alerta)\s+(?:name\s+)?["“„«]\s*([^"”“„»«]{4,140}?)\s*["”“»]/giu

const address = String.raw`(\d{1,3}(?:(?:\.|\[\.\])\d{1,3}){3})`
const fromAddress = new RegExp(
  String.raw`\b(?:from|von|depuis|desde|de|source)\s+(?:(?:the\s+)?(?:ip|address|source|external|internal|ip address|ip-adresse|adresse ip|la ip)\s+){0,3}["'(]?${address}`,
  'giu',
)
const toAddress = new RegExp(
  String.raw`\b(?:to|against|towards|an|nach|gegen|vers|hacia|contra|zu|destination|target)\s+(?:(?:the\s+)?(?:ip|address|server|host|external|internal|ip address)\s+){0,3}["'(]?${address}`,
  'giu',
)
const arrowFrom = new RegExp(String.raw`(?<![\d.])${address}(?::\d{1,5})?\s*(?:->|→|=>|>>)`, 'gu')
const arrowTo = new RegExp(String.raw`(?:->|→|=>|>>)\s*${address}`, 'gu')

type Spoken = {
  readonly rule: Field | null
  readonly host: Field | null
  readonly account: Field | null
  readonly mailbox: Field | null
  readonly source: Field | null
  readonly destination: Field | null
}

/** Hosts and accounts that sentences name, for alerts without fields; addresses by "from" and "to". */
export function spoken(matter: Matter): Spoken {
  const parts = [
    { part: 'subject', lines: [{ text: matter.letter.subject.slice(0, 500), start: 0 }] },
    ...matter.pages
      .filter((page) => !page.attachment && page.json === null)
      .map((page) => ({ part: page.part, lines: contentLines(page).slice(0, 80) })),
  ]
  const find = (pattern: RegExp, accept: (word: string) => boolean, only?: string): Field | null => {
    for (const { part, lines } of parts) {
      if (only !== undefined && part !== only) continue
      for (const line of lines) {
        if (line.text.length > 4000) continue
        for (const match of line.text.matchAll(pattern)) {
          const word = (match[1] ?? '').replace(/[.,;:]+$/, '')
          const start = line.start + match.index + match[0].lastIndexOf(match[1] ?? '')
          if (word.length > 2 && accept(word))
            return { value: word.replaceAll('[.]', '.'), span: { part, start, end: start + word.length } }
        }
      }
    }
    return null
  }
  const addressed = new Set([...matter.letter.to, ...matter.letter.cc].map(({ address }) => address.toLowerCase()))
  const named = (word: string) =>
    /[\d_]|-.*-|[A-Z].*-|\..*\./.test(word) &&
    !/^\d+$|^\d{1,3}(?:\.\d{1,3}){3}$|^(?:CVE|T\d|EDR|MDR)-?/i.test(word) &&
    !/@/.test(word)
  return {
    rule: find(ruleInProse, (words) => /\p{L}{3}/u.test(words)),
    host: find(hostInProse, named) ?? find(onHost, (word) => named(word) && (/\d/.test(word) || /-.*-/.test(word))),
    account: find(
      userInProse,
      (word) =>
        /[.\\@_\d]|^[a-z]+[A-Z]/.test(word) && !/^\d+$|^\d{1,3}(?:\.\d{1,3}){3}$|\.(?:exe|dll|com\.au)$/i.test(word),
    ),
    mailbox: find(
      /(?<![\w.+-])([\w.+'-]{1,64}@[\w-]+(?:\.[\w-]+)+)/gu,
      (word) => !addressed.has(word.toLowerCase()),
      'subject',
    ),
    source: find(fromAddress, () => true) ?? find(arrowFrom, () => true),
    destination: find(toAddress, () => true) ?? find(arrowTo, () => true),
  }
}

/** A mail address in the line that says what happened ("Suspicious sign-in for a.miller@..."). */
export function accountInTitle(title: Field | null): Field | null {
  const mail = title === null ? null : /(?<![\w.+-])[\w.+'-]{1,64}@[\w-]+(?:\.[\w-]+)+/u.exec(title.value)
  if (mail === null || title?.span == null) return null
  const start = title.span.start + mail.index
  return { value: mail[0], span: { ...title.span, start, end: start + mail[0].length } }
}
