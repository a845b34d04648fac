import type { Field } from '../model/alert.ts'
import type { MessageKind } from '../model/message.ts'
import {
  ackSubject,
  ackText,
  adSubject,
  adText,
  alertWords,
  awaySubject,
  awayText,
  bounceSender,
  bounceSubject,
  closedStatus,
  encryptedText,
  lookElsewhere,
  noticeSubject,
  noticeText,
  reminder,
  reportSubject,
  reportText,
  updateSubject,
  updateText,
} from './kind-words.ts'
import { contentText, type Matter } from './matter.ts'

/** What was read, as far as it tells the kind. */
export type Read = {
  readonly ticket: Field | null
  /** From a field of the message, not from its title. */
  readonly ruleField: Field | null
  readonly severity: Field | null
  readonly status: Field | null
  readonly host: Field | null
  readonly account: Field | null
  readonly source: Field | null
  readonly destination: Field | null
  readonly occurredAt: string | null
  readonly observables: number
  /** The format's own reader is sure that this is an alert of its kind. */
  readonly sure: boolean
}

export type Kind = { readonly kind: MessageKind; readonly because: string }

/** The top of a text, where a mail says what it is. */
const topCharacters = 1500

/** How much of an alert there is in it. Five points are an alert. */
export function alertPoints(matter: Matter, read: Read, top: string): number {
  let points = read.sure ? 5 : 0
  if (read.severity !== null) points += read.severity.span?.part === 'subject' ? 2 : 3
  if (read.ruleField !== null) points += 3
  if (read.ticket !== null) points += 2
  if (read.host !== null || read.account !== null) points += 2
  if (read.source !== null || read.destination !== null) points += 1
  if (read.occurredAt !== null) points += 1
  if (alertWords.test(matter.subject.core)) points += 2
  if (alertWords.test(top)) points += 1
  if (read.observables > 0) points += 1
  if (matter.provider !== null) points += 1
  return points
}

function automatic(matter: Matter, top: string, points: number): Kind | null {
  const { letter, subject } = matter
  const from = letter.from?.address ?? ''
  if (letter.auto === 'bounce' || letter.deliveryStatus !== null)
    return { kind: 'bounce', because: 'Its headers say that a mail could not be delivered.' }
  if (bounceSubject.test(subject.core) && (bounceSender.test(from) || points < 7))
    return { kind: 'bounce', because: 'Its subject says that a mail could not be delivered.' }
  if (bounceSender.test(from)) return { kind: 'bounce', because: 'It comes from a mail server itself.' }
  if (awaySubject.test(subject.core) && points < 7)
    return { kind: 'auto-reply', because: 'Its subject says that somebody is away.' }
  if (letter.auto === 'auto-reply' && points < 8)
    return { kind: 'auto-reply', because: 'Its headers say that a machine answered.' }
  if (awayText.test(top.slice(0, 600)) && points < 6)
    return { kind: 'auto-reply', because: 'It says that somebody is away.' }
  if ((ackSubject.test(subject.core) || ackText.test(top.slice(0, 500))) && read0(points))
    return { kind: 'auto-reply', because: 'It only says that a message of ours came in.' }
  return null
}

/** An acknowledgement carries next to nothing of an alert; a first notification that says "received" carries a lot. */
function read0(points: number): boolean {
  return points < 7
}

function bulk(matter: Matter, read: Read, top: string, points: number): Kind | null {
  const subject = matter.subject.core
  const listed = matter.letter.headers.some(({ name }) => name === 'list-unsubscribe')
  const whole = matter.pages
    .filter((page) => !page.attachment)
    .map(({ text }) => text)
    .join('\n')
    .slice(0, 20_000)
  const ads =
    (adSubject.test(subject) ? 3 : 0) +
    Math.min(3, [...whole.matchAll(new RegExp(adText.source, 'giu'))].length) +
    (listed ? 2 : 0)
  // A mail with both a rule and a severity of its own, or a ticket and a severity, is no advertising whatever words it uses.
  const solid = read.severity !== null && (read.ruleField !== null || read.ticket !== null)
  if (reportSubject.test(subject) && !(solid && read.ticket?.span?.part === 'subject'))
    return { kind: 'report', because: 'Its subject says that it is a report over a period.' }
  if (ads >= 4 && !solid && read.ticket === null)
    return { kind: 'advertising', because: 'It invites, offers or advertises, and names no alert.' }
  if (noticeSubject.test(subject) && !(solid && read.ruleField !== null) && !(read.ticket !== null && points >= 9))
    return { kind: 'notice', because: 'Its subject announces something about the service, not about an alert.' }
  if (adSubject.test(subject) && ads >= 3 && points < 6)
    return { kind: 'advertising', because: 'It invites, offers or advertises, and names no alert.' }
  if (reportText.test(top) && !solid) return { kind: 'report', because: 'It says that it is a report over a period.' }
  if (noticeText.test(top) && points < 6)
    return { kind: 'notice', because: 'It tells of something about the service, not of an alert.' }
  return null
}

/** A mail in a thread that is no new alert. */
function later(matter: Matter, read: Read, top: string, points: number): Kind | null {
  const { letter, subject } = matter
  const threaded = letter.inReplyTo !== null || letter.references.length > 0
  if (subject.reply) {
    return matter.provider === null
      ? { kind: 'reply', because: 'Its subject says that it answers a mail.' }
      : { kind: 'update', because: 'The provider answers in a thread.' }
  }
  if (reminder.test(subject.core))
    return { kind: 'update', because: 'Its subject says that it reminds of an earlier mail.' }
  const known = read.ticket !== null || threaded
  if (known && updateSubject.test(subject.core))
    return { kind: 'update', because: 'Its subject tells of a change to a ticket.' }
  if (known && read.status !== null && closedStatus.test(read.status.value))
    return { kind: 'update', because: `Its status is "${read.status.value}".` }
  if (known && updateText.test(top.slice(0, 700)) && !(points >= 11 && !threaded))
    return { kind: 'update', because: 'It tells of a change to a ticket.' }
  if (threaded && read.ruleField === null && read.severity === null && letter.inReplyTo !== null && !subject.forward) {
    return matter.provider === null
      ? { kind: 'reply', because: 'It answers a mail.' }
      : { kind: 'update', because: 'The provider writes in a thread.' }
  }
  return null
}

/** Says what a message is, and why. */
export function kindOf(matter: Matter, read: Read): Kind {
  const own = matter.pages
    .filter((page) => !page.attachment)
    .map(contentText)
    .join('\n')
    .trim()
  const top = own.slice(0, topCharacters)
  const points = alertPoints(matter, read, top)
  const readable = matter.pages.some(({ text }) => text.trim() !== '')
  const sorted = automatic(matter, top, points) ?? bulk(matter, read, top, points) ?? later(matter, read, top, points)
  if (sorted !== null) return sorted
  const about = read.host ?? read.account ?? read.source ?? read.destination
  const facts =
    [read.ticket, read.ruleField, read.severity, about].filter((fact) => fact !== null).length + (read.sure ? 1 : 0)
  if (!readable && facts === 0) return { kind: 'unread', because: 'It has no readable text.' }
  if (encryptedText.test(top) && facts < 2) return { kind: 'unread', because: 'It is encrypted.' }
  if (points >= 5 && facts > 0) return { kind: 'alert', because: wordsFor(read, about) }
  // "Please see the attached incident report": what happened stands where nobody has read.
  const elsewhere = facts === 0 && top.length < 600 && alertWords.test(top) && lookElsewhere.test(top)
  const plausible =
    elsewhere || alertWords.test(matter.subject.core) || (alertWords.test(top) && matter.provider !== null)
  if (read.ticket !== null && (plausible || matter.provider !== null))
    return { kind: 'alert', because: wordsFor(read, about) }
  if (plausible && facts > 0 && read.observables > 0) return { kind: 'alert', because: wordsFor(read, about) }
  if (plausible)
    return {
      kind: 'unread',
      because: 'It looks like an alert, but neither a ticket nor a severity nor what it is about could be read.',
    }
  return { kind: 'notice', because: 'It names nothing that happened: no rule, no severity, nothing it is about.' }
}

function wordsFor(read: Read, about: Field | null): string {
  const named = [
    read.ticket === null ? null : 'a ticket',
    read.ruleField === null ? null : 'a rule',
    read.severity === null ? null : 'a severity',
    about === null ? null : 'what it is about',
  ].filter((word) => word !== null)
  return named.length === 0 ? 'It has the shape of an alert.' : `It names ${named.join(', ')}.`
}
