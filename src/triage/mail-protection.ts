import type { MailKeyFacts, MailProtection, MailRule, ProtectionSeen } from '../model/mail-key.ts'

/** So many days before a key ends it is said: a certificate that has to be bought takes two weeks. */
export const endsSoonDays = 30
const dayMs = 86_400_000

/** What becomes of a mail, and by which keys. `keys` null: it leaves as it is, or not at all. */
export type Protecting = ProtectionSeen & {
  readonly keys: {
    readonly ownId: string
    readonly signedBy: string
    readonly encryptTo: readonly MailKeyFacts[]
  } | null
}

type Own = { readonly id: string; readonly facts: MailKeyFacts; readonly retiredAt: string | null }

/** Why a key cannot be used now; null when it can. */
export function whyUnusable(facts: Pick<MailKeyFacts, 'startsAt' | 'endsAt'>, now: Date): string | null {
  if (new Date(facts.startsAt) > now) return 'it is not valid yet'
  return facts.endsAt !== null && new Date(facts.endsAt) <= now ? 'it has ended' : null
}

/** Days until it ends, where these are few; null else. */
export function endsSoon(facts: Pick<MailKeyFacts, 'endsAt'>, now: Date): number | null {
  if (facts.endsAt === null) return null
  const days = Math.round((new Date(facts.endsAt).getTime() - now.getTime()) / dayMs)
  return days <= endsSoonDays ? days : null
}

const words = { smime: { key: 'certificate', called: 'S/MIME' }, openpgp: { key: 'key', called: 'OpenPGP' } } as const

/**
 * How a mail to a provider leaves under its rule, with the keys there are. It is never let leave with less than the rule says, but for one case
 * that the rule itself allows: where encryption is not a must and they have no key, it is signed only, and that is said.
 */
export function protectionFor(
  rule: MailRule | undefined,
  own: readonly Own[],
  theirs: readonly MailKeyFacts[],
  now: Date,
): Protecting {
  if (rule === undefined || rule.protect === 'none')
    return { state: 'plain', says: 'Neither signed nor encrypted, besides DKIM.', next: null, keys: null }
  const { method } = rule
  const { key, called } = words[method]
  const blocked = (says: string, next: string): Protecting => ({ state: 'blocked', says, next, keys: null })
  const mine = own.filter((one) => one.facts.method === method && one.retiredAt === null && one.facts.forSigning)
  const signer = mine.find((one) => whyUnusable(one.facts, now) === null)
  if (signer === undefined)
    return blocked(
      `Not sent: it has to be signed with ${called}, and ${mine.length === 0 ? `we have no ${key}` : `our ${key} has ended`}.`,
      `Put our ${key} under Settings, Mail keys.`,
    )
  const signed = { ownId: signer.id, signedBy: signer.facts.fingerprint }
  const late = lateWords(`Our ${key}`, signer.facts, now)
  if (rule.protect === 'sign')
    return {
      state: 'signed',
      says: `Signed (${called}), not encrypted.${late}`,
      next: null,
      keys: { ...signed, encryptTo: [] },
    }
  const known = theirs.filter((one) => one.method === method && one.forEncryption)
  const usable = known.filter((one) => whyUnusable(one, now) === null)
  if (usable.length > 0) {
    const to = usable.map((one) => `${one.emails[0] ?? one.subject} (${one.fingerprint.slice(0, 8)}…)`).join(', ')
    const soon = usable.map((one) => lateWords(`Their ${key}`, one, now)).find((text) => text !== '') ?? ''
    const says = `Signed and encrypted (${called}) to ${to}; the subject stays readable.${late}${soon}`
    return { state: 'encrypted', says, next: null, keys: { ...signed, encryptTo: usable } }
  }
  const why = known.length === 0 ? `they have no ${key} for encryption here` : `their ${key} has ended`
  const next = `Ask them for their ${key}, and put it under Settings, Providers.`
  if (rule.mustEncrypt) return blocked(`Not sent: it must be encrypted with ${called}, and ${why}.`, next)
  return {
    state: 'signed',
    says: `Signed (${called}), not encrypted: ${why}.${late}`,
    next,
    keys: { ...signed, encryptTo: [] },
  }
}

function lateWords(whose: string, facts: MailKeyFacts, now: Date): string {
  const days = endsSoon(facts, now)
  if (days === null) return ''
  return ` ${whose} ends ${days < 1 ? 'today' : days === 1 ? 'tomorrow' : `in ${days} days`}.`
}

/**
 * Why a mail that was released may not leave any more, though nothing about it changed: the rule asks for more by now, a key that it was
 * encrypted to was taken out or the one that signed it retired, which people do when it fell into wrong hands, or one of them has ended.
 * Null when it may.
 */
export function whyNotAsReleased(
  protection: MailProtection | null,
  rule: MailRule | undefined,
  keys: { readonly own: readonly Own[]; readonly theirs: readonly MailKeyFacts[] },
  now: Date,
): string | null {
  const encrypted = protection?.encryptedTo ?? []
  if (rule?.mustEncrypt === true && encrypted.length === 0)
    return 'By now mail to this provider must be encrypted, and this one is not. Draft it anew.'
  if (rule !== undefined && rule.protect !== 'none' && protection === null)
    return 'By now mail to this provider must be signed, and this one is not. Draft it anew.'
  if (protection === null) return null
  const named = (fingerprint: string): string => `${fingerprint.slice(0, 8)}…`
  const signer = keys.own.find((one) => one.facts.fingerprint === protection.signedBy)
  const whyNot =
    signer === undefined || signer.retiredAt !== null ? 'was retired since' : unusableSince(signer.facts, now)
  if (whyNot !== null)
    return `It was signed with our key ${named(protection.signedBy)}, which ${whyNot}. Draft it anew.`
  for (const fingerprint of encrypted) {
    const key = keys.theirs.find((one) => one.fingerprint === fingerprint)
    const why = key === undefined ? 'was taken out since' : unusableSince(key, now)
    if (why !== null) return `It was encrypted to ${named(fingerprint)}, which ${why}. Draft it anew.`
  }
  return null
}

const unusableSince = (facts: MailKeyFacts, now: Date): string | null =>
  whyUnusable(facts, now) === null ? null : 'has ended since'

/** How a released mail leaves or left. */
export function releasedProtection(protection: MailProtection | null): ProtectionSeen {
  if (protection === null) return { state: 'plain', says: 'Neither signed nor encrypted, besides DKIM.', next: null }
  const { called } = words[protection.method]
  const by = `by ${protection.signedBy.slice(0, 8)}…`
  if (protection.encryptedTo.length === 0)
    return { state: 'signed', says: `Signed (${called}) ${by}, not encrypted.`, next: null }
  const to = protection.encryptedTo.map((one) => `${one.slice(0, 8)}…`).join(', ')
  const says = `Signed (${called}) ${by} and encrypted to ${to}; the subject stays readable.`
  return { state: 'encrypted', says, next: null }
}
