import type { Authentication } from '../../model/message.ts'
import type { Provider } from '../../model/provider.ts'
import type { ArcSet, Verified, VerifiedDkim } from './verify.ts'

/**
 * Header fields a signature must cover to count, where the mail has them: what it is pinned by, what a person sees first, and where an
 * answer would go. Whoever holds a signed mail can add or change every field that its signature leaves out, and send it again.
 */
const mustBeSigned = ['from', 'subject', 'reply-to'] as const
/** Fields that large senders leave unsigned (Gmail signs no Content-Type), so that they are only named. */
const shouldBeSigned = ['content-type', 'content-transfer-encoding', 'in-reply-to', 'references'] as const

export type Pin = { readonly provider: Provider; readonly by: 'address' | 'domain' }

/** Domain of an address, lower-case, without the dot of the root. */
export function domainOf(address: string): string {
  return address
    .slice(address.lastIndexOf('@') + 1)
    .toLowerCase()
    .replace(/\.$/, '')
}

function within(domain: string, parent: string): boolean {
  const name = parent.toLowerCase().replace(/^@|\.$/g, '')
  return name !== '' && (domain === name || domain.endsWith(`.${name}`))
}

/** The provider an exact From address belongs to: by address first, else by the longest of their domains. */
export function pinOf(from: string | null, providers: readonly Provider[]): Pin | null {
  if (from === null || !from.includes('@')) return null
  const address = from.toLowerCase()
  const byAddress = providers.find((provider) => provider.addresses.some((own) => own.toLowerCase() === address))
  if (byAddress !== undefined) return { provider: byAddress, by: 'address' }
  const domain = domainOf(address)
  const byDomain = providers
    .flatMap((provider) =>
      provider.domains.filter((own) => within(domain, own)).map((own) => ({ provider, length: own.length })),
    )
    .sort((a, b) => b.length - a.length)[0]
  return byDomain === undefined ? null : { provider: byDomain.provider, by: 'domain' }
}

type Verdict = { readonly accepted: boolean; readonly reasons: string[] }

function coversAll(signed: readonly string[], present: ReadonlySet<string>): string | null {
  return mustBeSigned.find((name) => present.has(name) && !signed.includes(name)) ?? null
}

/** What the signature leaves open without being refused for it, as a sentence. */
function leftOpen(signed: readonly string[], present: ReadonlySet<string>): string[] {
  const open = shouldBeSigned.filter((name) => present.has(name) && !signed.includes(name))
  return open.length === 0 ? [] : [`It leaves ${open.join(', ')} open: those could have been changed on the way.`]
}

/** Why one DKIM signature counts (null) or does not. */
function whyNot(signature: VerifiedDkim, present: ReadonlySet<string>): string | null {
  const name = `The DKIM signature of ${signature.domain}`
  if (signature.result === 'temperror')
    return `${name} could not be checked because DNS did not answer; this should be tried again.`
  if (signature.result !== 'pass')
    return `${name} does not hold: ${signature.comment === '' ? signature.result : signature.comment}.`
  if (signature.lengthLimited)
    return `${name} covers only the beginning of the body (l=), so anything can be added to it.`
  if (!signature.aligned) return `${name} is genuine, but that domain is not the one in From.`
  const unsigned = coversAll(signature.signed, present)
  return unsigned === null ? null : `${name} does not cover the ${unsigned} header.`
}

/** A quoted value that is one word, as senders quote base64 and addresses. */
const plainValue = /^[\w.@:+/=-]*$/

/**
 * The results of an Authentication-Results header (RFC 8601 section 2.2), without comments. Null where it cannot be read in one way
 * only: the envelope sender stands in it, whose local part may be a quoted text of any characters, so that a sealer that copies it
 * without care would let a stranger write "dkim=pass" into a comment or a value.
 */
function resultsOf(says: string): string[] | null {
  const results: string[] = []
  let result = ''
  let comments = 0
  for (let at = 0; at < says.length; at++) {
    const character = says[at] as string
    if (character === '\\' || (comments > 0 && character === '"')) return null
    if (character === '(') comments++
    else if (character === ')') {
      if (--comments < 0) return null
      result += ' '
    } else if (comments > 0) continue
    else if (character === '"') {
      const end = says.indexOf('"', at + 1)
      if (end < 0 || !plainValue.test(says.slice(at + 1, end))) return null
      result += says.slice(at + 1, end)
      at = end
    } else if (character === ';') {
      results.push(result)
      result = ''
    } else result += character
  }
  return comments > 0 ? null : [...results, result]
}

/** Did this sealer see a DKIM signature of the From domain hold? */
function sawAlignedPass(set: ArcSet, fromDomain: string): boolean {
  return (resultsOf(set.says) ?? []).some((result) => {
    if (!/^\s*dkim\s*=\s*pass\b/i.test(result)) return false
    const signer =
      /\sheader\.d\s*=\s*([^\s;]+)/i.exec(result)?.[1] ?? /\sheader\.i\s*=\s*[^\s;@]*@([^\s;]+)/i.exec(result)?.[1]
    // Without a look at the sealer's DMARC lookup only the domain itself or a parent or child of it counts.
    return (
      signer !== undefined &&
      (within(fromDomain, signer) || within(signer.toLowerCase(), fromDomain)) &&
      signer.includes('.')
    )
  })
}

function judgeArc(verified: Verified, provider: Provider, fromDomain: string, present: ReadonlySet<string>): Verdict {
  const { result, sets } = verified.arc
  if (result === 'none' || sets.length === 0) return { accepted: false, reasons: [] }
  if (result === 'temperror')
    return {
      accepted: false,
      reasons: ['The ARC chain could not be checked because DNS did not answer; this should be tried again.'],
    }
  if (result !== 'pass')
    return {
      accepted: false,
      reasons: [`The ARC chain of the forwarders does not hold: ${verified.arc.comment || result}.`],
    }
  const trusted = (sealer: string) => provider.trustedSealers.some((own) => own.toLowerCase() === sealer)
  // From the newest set back: whoever sealed after the one we believe could have changed the mail, so all of them must be trusted.
  for (const set of sets.toReversed()) {
    if (!trusted(set.sealer))
      return {
        accepted: false,
        reasons: [`The ARC chain holds, but ${set.sealer} is no sealer we trust for ${provider.name}.`],
      }
    if (set.lengthLimited)
      return {
        accepted: false,
        reasons: [`The ARC signature of ${set.sealer} covers only the beginning of the body (l=).`],
      }
    const unsigned = coversAll(set.signed, present)
    if (unsigned !== null)
      return { accepted: false, reasons: [`The ARC signature of ${set.sealer} does not cover the ${unsigned} header.`] }
    if (sawAlignedPass(set, fromDomain)) {
      return {
        accepted: true,
        reasons: [
          `${set.sealer}, a sealer we trust, saw the DKIM signature of ${fromDomain} hold before it passed the mail on.`,
        ],
      }
    }
  }
  return {
    accepted: false,
    reasons: ['The ARC chain holds, but no trusted sealer says that the original DKIM signature did.'],
  }
}

/** Does a signature say that the From domain sent exactly this? DMARC alone does not: SPF passes over a changed body as well. */
export function judgeSignatures(
  verified: Verified,
  provider: Provider,
  from: string,
  present: ReadonlySet<string>,
): Verdict {
  const fromDomain = domainOf(from)
  const reasons: string[] = []
  for (const signature of verified.dkim) {
    const why = whyNot(signature, present)
    if (why === null)
      return {
        accepted: true,
        reasons: [
          `The DKIM signature of ${signature.domain} holds and covers the whole body.`,
          ...leftOpen(signature.signed, present),
        ],
      }
    reasons.push(why)
  }
  if (verified.dkim.length === 0) reasons.push('The mail carries no DKIM signature.')
  const arc = judgeArc(verified, provider, fromDomain, present)
  if (arc.accepted) return arc
  reasons.push(...arc.reasons)
  if (verified.dmarc.result === 'pass') {
    reasons.push(
      'DMARC passes only because the sending server is allowed for that domain (SPF); that says nothing of the content.',
    )
  }
  return { accepted: false, reasons }
}

/** Whether trying again later may end differently: something could not be looked up, and it was not accepted. */
export function tryAgain(authentication: Authentication): boolean {
  if (authentication.accepted) return false
  return [
    authentication.spf.result,
    authentication.dmarc.result,
    authentication.arc.result,
    ...authentication.dkim.map((row) => row.result),
  ].includes('temperror')
}
