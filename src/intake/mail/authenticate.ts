import type { Clock } from '../../kit/clock.ts'
import { wordsOf } from '../../kit/errors.ts'
import { inRanges } from '../../kit/ip-ranges.ts'
import type { Authenticate } from '../../model/doors.ts'
import type { Letter } from '../../model/letter.ts'
import type { Authentication, Raw } from '../../model/message.ts'
import { mailBytesMax } from '../../model/message.ts'
import type { Provider } from '../../model/provider.ts'
import type { Pin } from './accept.ts'
import { judgeSignatures, pinOf } from './accept.ts'
import { isCompoundFile } from './compound-file.ts'
import { bounded } from './dns.ts'
import { KillablePool, Killed } from './killable-pool.ts'
import { headerBytesMax, headerLinesMax, signaturesMax } from './limits.ts'
import type { MailJob } from './mail-worker.ts'
import { doubledFields, headerOf } from './read-letter.ts'
import type { Resolver, Verified } from './verify.ts'

/** SPF alone may need 10 + 10, DMARC 8 for each of three domains, every signature one; 100 leaves room and stops a bomb. */
const lookupsMax = 100
/** All look-ups of one mail together. */
const lookupTimeMsMax = 10_000
/** Look-ups and computing together; then the thread is killed. */
const timeoutMsDefault = 15_000
/** Mails verified at the same time in one thread: most of the time each waits for DNS. */
const inFlightMax = 16
/** mailauth keeps the header several times over: 256 KB of it needs about 40 MB. */
const heapMegabytesMax = 256

export type AuthenticateOptions = {
  readonly resolver: Resolver
  readonly clock: Clock
  readonly workers?: number
  readonly timeoutMs?: number
}

/** A reason is a sentence; what a mail says of itself in it may be as long as its header. Signatures are 20 at most. */
const reasonsMax = 50
const reasonCharsMax = 500

/** One line that a person can read, whatever address or domain stands in it. */
function sentence(text: string): string {
  const line = text.slice(0, reasonCharsMax + 1).replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
  return line.length > reasonCharsMax ? `${line.slice(0, reasonCharsMax - 1).toWellFormed()}…` : line
}

const unasked: Verified = {
  spf: { result: 'none', domain: null },
  dkim: [],
  dmarc: { result: 'none', policy: null, domain: null },
  arc: { result: 'none', comment: '', sets: [] },
  from: [],
}

type Known = { readonly verified: Verified; readonly accepted: boolean; readonly reasons: readonly string[] }

function authenticationOf(
  raw: Raw,
  pin: Authentication['provider'],
  sourceAllowed: Authentication['sourceAllowed'],
  known: Known,
): Authentication {
  const { verified } = known
  return {
    spf: verified.spf,
    dkim: verified.dkim.map(({ result, domain, selector, aligned, lengthLimited, comment }) => ({
      result,
      domain,
      selector,
      aligned,
      lengthLimited,
      comment,
    })),
    dmarc: verified.dmarc,
    arc: { result: verified.arc.result, sealers: verified.arc.sets.map((set) => set.sealer) },
    sourceAddress: raw.sourceAddress,
    provider: pin,
    sourceAllowed,
    accepted: known.accepted,
    reasons: known.reasons.slice(0, reasonsMax).map(sentence),
  }
}

/** Posts and files: the key or the folder says who it is; no mail server was asked. */
function byDoor(raw: Raw, provider: Provider): Authentication {
  const isPost = raw.channel === 'https'
  const by = isPost ? 'key' : 'folder'
  // Their analyst's own addresses are agreed apart (docs/provider-door.md), and were looked at when they asked.
  const isAtDoor = isPost && raw.origin.startsWith('portal;')
  const sourceAllowed =
    provider.sourceRanges.length === 0 || !isPost || isAtDoor
      ? 'not-pinned'
      : raw.sourceAddress !== null && inRanges(raw.sourceAddress, provider.sourceRanges)
        ? 'yes'
        : 'no'
  const reasons = [
    isAtDoor
      ? `An analyst of ${provider.name} asked it at the door, signed in.`
      : isPost
        ? `It was posted with the key of ${provider.name}. SPF, DKIM and DMARC were not asked.`
        : `It lay in the folder of ${provider.name}. SPF, DKIM and DMARC were not asked: whoever can write to the folder is trusted.`,
  ]
  if (sourceAllowed === 'no')
    reasons.push(
      `It came from ${raw.sourceAddress ?? 'an unknown address'}, which is none of ${provider.name}'s addresses.`,
    )
  return authenticationOf(raw, { id: provider.id, by }, sourceAllowed, {
    verified: unasked,
    accepted: sourceAllowed !== 'no',
    reasons,
  })
}

/** What is wrong with the mail before any signature is looked at. */
function flawsOf(raw: Raw, letter: Letter): { reasons: string[]; present: ReadonlySet<string>; verifiable: boolean } {
  // Read as an Outlook file it can say one thing, and read as a mail carry the genuine signature of another.
  if (isCompoundFile(raw.bytes)) {
    return {
      reasons: ['It is an Outlook file, which carries no signature that could be checked.'],
      present: new Set(),
      verifiable: false,
    }
  }
  const { fields, cut, lines } = headerOf(raw.bytes)
  const reasons: string[] = []
  const doubled = doubledFields(fields)
  for (const name of doubled)
    reasons.push(`It has more than one ${name} header, so what was signed and what is shown could differ.`)
  const from = letter.warnings.find((warning) => /^From names \d+ addresses$/.test(warning))
  if (from !== undefined) reasons.push('From names more than one address.')
  if (letter.from === null || !letter.from.address.includes('@')) reasons.push('From names no address.')
  if (cut) reasons.push(`Its header is longer than ${headerBytesMax / 1024} KB, so its signatures were not checked.`)
  const signatures = fields.filter((field) => field.name === 'dkim-signature' || field.name === 'arc-seal').length
  if (lines > headerLinesMax)
    reasons.push(`Its header has ${lines} lines, more than ${headerLinesMax}, so its signatures were not checked.`)
  if (signatures > signaturesMax)
    reasons.push(`It carries ${signatures} signatures, more than ${signaturesMax}, so none was checked.`)
  return {
    reasons,
    present: new Set(fields.map((field) => field.name)),
    verifiable: !cut && lines <= headerLinesMax && signatures <= signaturesMax,
  }
}

function sourceOf(raw: Raw, pin: Pin | null): { allowed: Authentication['sourceAllowed']; reason: string | null } {
  if (pin === null || pin.provider.sourceRanges.length === 0) return { allowed: 'not-pinned', reason: null }
  if (raw.sourceAddress === null) {
    return {
      allowed: 'no',
      reason: `${pin.provider.name} is pinned to source addresses, and a mail from a mailbox or file has none that could be checked.`,
    }
  }
  if (inRanges(raw.sourceAddress, pin.provider.sourceRanges)) return { allowed: 'yes', reason: null }
  return {
    allowed: 'no',
    reason: `It came from ${raw.sourceAddress}, which is none of ${pin.provider.name}'s addresses.`,
  }
}

function judge(
  raw: Raw,
  letter: Letter,
  providers: readonly Provider[],
  verified: Verified,
  flaws: ReturnType<typeof flawsOf>,
  trouble: string | null,
): Authentication {
  const from = letter.from?.address ?? null
  const pin = pinOf(from, providers)
  const source = sourceOf(raw, pin)
  const reasons = [...flaws.reasons]
  if (trouble !== null) reasons.push(trouble)
  if (pin === null) reasons.push(`${from ?? 'Its sender'} is no address of a provider we know.`)
  if (source.reason !== null) reasons.push(source.reason)
  // Two readers of one header must agree whom it names; where they do not, a third (a person's mail program) may see yet another.
  if (
    flaws.verifiable &&
    trouble === null &&
    from !== null &&
    (verified.from.length !== 1 || verified.from[0] !== from.toLowerCase())
  ) {
    reasons.push('From can be read in more than one way.')
  }
  const clean = reasons.length === 0
  const signatures =
    pin !== null && flaws.verifiable && trouble === null
      ? judgeSignatures(verified, pin.provider, from ?? '', flaws.present)
      : { accepted: false, reasons: [] }
  if (clean && pin !== null && signatures.accepted)
    reasons.push(`${from} is ${pin.by === 'address' ? 'an address' : 'of a domain'} of ${pin.provider.name}.`)
  reasons.push(...signatures.reasons)
  return authenticationOf(raw, pin === null ? null : { id: pin.provider.id, by: pin.by }, source.allowed, {
    verified,
    accepted: clean && signatures.accepted,
    reasons,
  })
}

/** What could not be verified at all is `temperror`, so that it waits and is tried again, and is never taken for a refusal. */
const unknown: Verified = {
  ...unasked,
  dmarc: { result: 'temperror', policy: null, domain: null },
  arc: { result: 'temperror', comment: '', sets: [] },
}

/**
 * Is it really them? A mail is accepted if its exact From address is a provider's, it came from their addresses (where pinned), no
 * header is doubled, and a DKIM signature aligned with From covers all of it, or a sealer we trust says that one did. A DMARC pass is
 * not enough: by SPF it also passes over a changed body. Never rejects; the reasons are sentences.
 */
export function makeAuthenticate(options: AuthenticateOptions): Authenticate & { readonly close: () => Promise<void> } {
  const resolvers = new WeakMap<object, Resolver>()
  const pool = new KillablePool({
    script: new URL('./mail-worker.ts', import.meta.url),
    workersMax: options.workers ?? 1,
    inFlightMax,
    timeoutMs: options.timeoutMs ?? timeoutMsDefault,
    heapMegabytesMax,
    answer: (job, question) => {
      const { name, type } = question as { name: string; type: string }
      const known = resolvers.get(job as object)
      if (known === undefined) throw new Error('a look-up for a mail that is not being verified')
      return known(name, type)
    },
  })
  const verify = async (raw: Raw): Promise<Verified> => {
    const job: MailJob = {
      kind: 'verify',
      bytes: new Uint8Array(raw.bytes),
      ip: raw.sourceAddress,
      helo: raw.heloName,
      sender: raw.envelopeFrom,
    }
    resolvers.set(job, bounded(options.resolver, lookupsMax, lookupTimeMsMax, options.clock))
    return (await pool.run(job)) as Verified
  }
  const authenticate: Authenticate = async (raw, letter, providers) => {
    const own = raw.providerId === null ? undefined : providers.find((provider) => provider.id === raw.providerId)
    if (own !== undefined && (raw.channel === 'https' || raw.channel === 'file')) return byDoor(raw, own)
    if (raw.form === 'json') {
      return authenticationOf(raw, null, 'not-pinned', {
        verified: unasked,
        accepted: false,
        reasons: ['It is no mail and came without the key of a provider we know.'],
      })
    }
    if (raw.bytes.length > mailBytesMax) {
      return authenticationOf(raw, null, 'not-pinned', {
        verified: unasked,
        accepted: false,
        reasons: ['It is larger than 25 MB, so its signatures were not checked.'],
      })
    }
    const flaws = flawsOf(raw, letter)
    if (!flaws.verifiable) return judge(raw, letter, providers, unasked, flaws, null)
    try {
      return judge(raw, letter, providers, await verify(raw), flaws, null)
    } catch (error) {
      const why = error instanceof Killed ? error.message : wordsOf((error as { message?: unknown }).message ?? error)
      return judge(
        raw,
        letter,
        providers,
        unknown,
        flaws,
        `Its signatures could not be checked (${why}); this should be tried again.`,
      )
    }
  }
  return Object.assign(authenticate, { close: () => pool.close() })
}
