import { createHash } from 'node:crypto'
import type { Reading } from '../model/alert.ts'
import type { Letter } from '../model/letter.ts'
import type { MessageKind } from '../model/message.ts'
import { rungs } from '../model/question.ts'
import { fieldOf } from '../providers/field-words.ts'
import { reminder } from '../providers/kind-words.ts'
import { matterOf } from '../providers/matter.ts'
import { offsetOf } from '../providers/moments.ts'
import { readMatter } from '../providers/read.ts'
import { subjectOf } from '../providers/subject.ts'
import { sameTicket, ticketInValue } from '../providers/tickets.ts'
import { orgOf } from './parties.ts'

/** What is kept of a message: some 600 bytes, so that 10,000 mails stay below 10 MB. Texts are shared where they repeat. */
export type XrayRecord = {
  readonly name: string
  /** Milliseconds; null for a mail without a date. */
  readonly at: number | null
  /** Minutes east of UTC of its Date header. */
  readonly offset: number | null
  readonly from: string | null
  readonly fromName: string
  readonly to: readonly string[]
  readonly cc: readonly string[]
  readonly kind: MessageKind
  readonly because: string
  readonly reply: boolean
  readonly forward: boolean
  /** Who wrote the mail that this one carries on. */
  readonly innerFrom: string | null
  readonly innerAt: number | null
  readonly ticket: string | null
  readonly otherTickets: readonly string[]
  readonly rule: string | null
  readonly ruleKey: string | null
  readonly entity: string | null
  readonly entityKey: string | null
  /** Rule, moment and all that it is about, for alerts without a ticket that are sent twice; null without a moment. */
  readonly eventKey: string | null
  readonly subjectKey: string
  readonly id: string | null
  readonly parents: readonly string[]
  /** Bit n: rung n of the ladder came with it. */
  readonly rungs: number
  /** The same for the same mail filed twice. */
  readonly copyKey: string
}

const known = new Map<string, string>()
/** Shared texts: names, domains and rules repeat thousands of times in a folder. */
const knownMax = 50_000

function shared(text: string): string {
  const found = known.get(text)
  if (found !== undefined) return found
  if (known.size >= knownMax) known.clear()
  // A slice of a mail's text would keep the whole text alive; this makes a copy of its own.
  const copy = Buffer.from(text).toString()
  known.set(copy, copy)
  return copy
}

function short(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16)
}

/** A rule without what changes from alert to alert: case, numbers, times, addresses, quotes. */
export function ruleKeyOf(rule: string): string {
  const key = rule
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/\bcve-\d{4}-\d+\b/g, (cve) =>
      cve.replaceAll(/\d/g, (digit) => String.fromCharCode(97 + Number(digit))),
    )
    .replaceAll(/\b[0-9a-f]{8,}\b/g, ' ')
    .replaceAll(/\d+/g, ' ')
    .replaceAll(/[^\p{L}]+/gu, ' ')
    .trim()
  return key === '' ? rule.toLowerCase() : key
}

/** What an alert is about without how it was written: FIN-1 and fin-1.corp.example, CORP\jo and jo@corp.example. */
export function entityKeyOf(entity: string): string {
  const low = entity.toLowerCase().trim().replaceAll(/^\\+/g, '')
  if (/^\d{1,3}(?:\.\d{1,3}){3}(?:[:/]\d+)?$/.test(low)) return low.split(/[:/]/)[0] ?? low
  if (low.includes('\\')) return low.slice(low.lastIndexOf('\\') + 1)
  if (low.includes('@')) return low.slice(0, low.indexOf('@'))
  // A short name and the full name of one host; of a site on the internet the whole name counts.
  const first = low.split('.')[0] ?? low
  return low.includes('.') && /[\d_-]/.test(first) ? first : low
}

/** The subject as a thread's name: without prefixes, brackets' spaces and case. */
export function subjectKeyOf(subject: string): string {
  return subjectOf(subject).core.replace(reminder, '').toLowerCase().replaceAll(/\s+/g, ' ').trim().slice(0, 200)
}

/** The author as people see him: behind a mailing list that rewrites From, the one it names. */
function authorOf(letter: Letter): { readonly address: string; readonly name: string } {
  const rewritten = / via /i.test(letter.from?.name ?? '') || letter.headers.some(({ name }) => name === 'list-id')
  const original = letter.headers.find(({ name }) => name === 'x-original-from' || name === 'x-original-sender')?.value
  const address = original === undefined ? undefined : /[\w.+=-]+@[\w.-]+/.exec(original)?.[0]
  if (address !== undefined)
    return { address, name: letter.from?.name.replace(/\s+via\s+.*$/i, '').replaceAll(/^'|'$/g, '') ?? '' }
  const replyTo = letter.replyTo[0]
  if (
    rewritten &&
    / via /i.test(letter.from?.name ?? '') &&
    replyTo !== undefined &&
    orgOf(replyTo.address) !== orgOf(letter.from?.address ?? '')
  )
    return replyTo
  return { address: letter.from?.address ?? '', name: letter.from?.name ?? '' }
}

function orgsOf(boxes: readonly { readonly address: string }[]): readonly string[] {
  return [...new Set(boxes.flatMap(({ address }) => orgOf(address) ?? []))].map(shared).slice(0, 20)
}

function eventKeyOf(reading: Reading): string | null {
  if (reading.occurredAt === null || reading.rule === null) return null
  const about = [reading.host, reading.account, reading.source, reading.destination].map((field) => field?.value ?? '')
  return short([ruleKeyOf(reading.rule.value), reading.occurredAt, ...about].join('\n').toLowerCase())
}

/** Where the mail itself is broken, what the reader made of the rest says nothing. */
function brokenWhy(letter: Letter, kind: MessageKind): string | null {
  if (letter.from === null && letter.subject.trim() === '' && letter.messageId === null)
    return 'It is no mail: it has neither a sender nor a subject.'
  const cut = letter.warnings.find((warning) => warning.startsWith('only the header was read'))
  return cut !== undefined && (kind === 'notice' || kind === 'unread') ? `It could not be read whole; ${cut}.` : null
}

/** Reads a letter and keeps what the X-ray needs of it. */
export function recordOf(name: string, letter: Letter): XrayRecord {
  const matter = matterOf(letter, { provider: null, receivedAt: letter.date ?? '2000-01-01T00:00:00.000Z' })
  const reading = readMatter(matter)
  const author = authorOf(letter)
  const innerAddress = matter.subject.forward ? /[\w.+=-]+@[\w.-]+/.exec(matter.inner?.from ?? '')?.[0] : undefined
  const innerTime = innerAddress === undefined ? Number.NaN : Date.parse(matter.inner?.date ?? '')
  const from = orgOf(author.address)
  const ticket = reading.ticket === null ? null : sameTicket(reading.ticket.value)
  const others = reading.fields.flatMap((field) =>
    fieldOf(field.name)?.field === 'ticket' ? (ticketInValue(field.value)?.value ?? []) : [],
  )
  const text = matter.pages[0]?.text ?? ''
  const broken = brokenWhy(letter, reading.kind)
  const dateHeader = letter.headers.find((header) => header.name === 'date')?.value ?? ''
  return {
    name,
    at: letter.date === null ? null : Date.parse(letter.date),
    offset: offsetOf(dateHeader),
    from: from === null ? null : shared(from),
    fromName: shared(author.name),
    to: orgsOf(letter.to),
    cc: orgsOf(letter.cc),
    kind: broken === null ? reading.kind : 'unread',
    because: shared(broken ?? reading.because),
    reply: matter.subject.reply,
    forward: matter.subject.forward,
    innerFrom: innerAddress === undefined ? null : shared(orgOf(innerAddress) ?? innerAddress),
    innerAt: Number.isNaN(innerTime) ? null : innerTime,
    ticket: ticket === null || ticket === '' ? null : shared(ticket),
    otherTickets: [...new Set(others.map(sameTicket))]
      .filter((one) => one !== ticket && one.length > 3)
      .slice(0, 6)
      .map(shared),
    rule: reading.rule === null ? null : shared(reading.rule.value),
    ruleKey: reading.rule === null ? null : shared(ruleKeyOf(reading.rule.value)),
    entity: reading.entity === null ? null : shared(reading.entity),
    entityKey: reading.entity === null ? null : shared(entityKeyOf(reading.entity)),
    eventKey: eventKeyOf(reading),
    subjectKey: shared(subjectKeyOf(letter.subject)),
    id: letter.messageId === null ? null : short(letter.messageId),
    parents: [
      ...new Set([...(letter.inReplyTo === null ? [] : [letter.inReplyTo]), ...letter.references.slice(-20).reverse()]),
    ].map(short),
    rungs: reading.delivered.reduce((bits, { rung }) => bits | (1 << rungs.indexOf(rung)), 0),
    copyKey: short(
      [
        letter.messageId ?? '',
        author.address,
        letter.subject,
        letter.date ?? '',
        letter.messageId === null ? text : '',
      ].join('\n'),
    ),
  }
}
