import { exceeds } from '../model/intelligence.ts'
import type { Agreement } from '../model/provider.ts'
import type { SensitiveClass, SensitiveSpan } from '../model/reply.ts'

/** Why a place can never stay as it is towards this provider, and what to do instead. */
export type Block = { readonly why: string; readonly next: string }

type Place = Pick<SensitiveSpan, 'class' | 'tlp'>

/** Null for a place that a person may keep. */
export function blockOf(place: Place, agreement: Agreement): Block | null {
  if (place.class === 'secret')
    return {
      why: 'A secret never leaves.',
      next: 'Redact it, and change it where it is used: it stands in a mail already.',
    }
  if (place.class === 'intelligence' && exceeds(place.tlp ?? 'unread', agreement.upToTlp)) {
    const light =
      place.tlp === undefined || place.tlp === 'unread'
        ? 'It is marked in a way we cannot read'
        : `It is TLP:${place.tlp}`
    return {
      why: `${light}; with this provider the agreement ends at TLP:${agreement.upToTlp}.`,
      next: 'Redact it, or ask its source whether the provider may be told.',
    }
  }
  if ((agreement.never as readonly string[]).includes(place.class))
    return {
      why: 'By the agreement with this provider, nothing of this class leaves as it is.',
      next: 'Redact it, or let a pseudonym stand for it where there is one.',
    }
  return null
}

/** What stays although it may not, of a draft that was reviewed. */
export function blockedIn(
  spans: readonly SensitiveSpan[],
  agreement: Agreement,
): readonly { span: SensitiveSpan; block: Block }[] {
  return spans.flatMap((span) => {
    const block = span.verdict === 'keep' ? blockOf(span, agreement) : null
    return block === null ? [] : [{ span, block }]
  })
}

/** Recipients that the agreement does not name. */
export function strangersIn(to: readonly string[], { recipientDomains }: Agreement): readonly string[] {
  if (recipientDomains.length === 0) return []
  return to.filter((address) => {
    const host = address.slice(address.lastIndexOf('@') + 1).toLowerCase()
    return !recipientDomains.some((one) => host === one.toLowerCase() || host.endsWith(`.${one.toLowerCase()}`))
  })
}

const wordsOf: Readonly<Partial<Record<SensitiveClass, string>>> = {
  hr: 'it speaks of somebody’s employment',
  health: 'it speaks of somebody’s health',
  secret: 'a secret was found in the draft',
}

/** Why one person is not enough to release this; nobody needs a second one where it is empty. */
export function secondPersonBecause(
  spans: readonly SensitiveSpan[],
  agreement: Agreement,
  byPlaybook: boolean,
): readonly string[] {
  // A secret cannot stay; that one was found says that there may be more. Of the others only what stays counts.
  const counts = spans.filter((span) => span.class === 'secret' || span.verdict === 'keep').map((span) => span.class)
  const because = agreement.secondPerson
    .filter((one) => counts.includes(one))
    .map((one) => wordsOf[one] ?? `it names ${one.replaceAll('-', ' ')} as it is`)
  return byPlaybook ? ['its playbook asks for two', ...because] : because
}
