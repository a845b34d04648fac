import type { ARCChainEntry, AuthenticateResult, DKIMResult } from 'mailauth'
import { authenticate } from 'mailauth'
import type { AuthResult } from '../../model/message.ts'

/** One mail to verify. `ip` null: there is no peer, so SPF is not asked. */
export type VerifyJob = {
  readonly kind: 'verify'
  readonly bytes: Uint8Array
  readonly ip: string | null
  readonly helo: string | null
  readonly sender: string | null
}

/** A look-up as mailauth expects it: node:dns answers, or an error with the code ENOTFOUND, ENODATA, ESERVFAIL, ETIMEOUT... */
export type Resolver = (name: string, rrtype: string) => Promise<unknown>

export type VerifiedDkim = {
  readonly result: AuthResult
  readonly domain: string
  readonly selector: string
  readonly aligned: boolean
  readonly lengthLimited: boolean
  /** Header fields it covers, lower-case. */
  readonly signed: readonly string[]
  readonly comment: string
}
export type ArcSet = {
  readonly sealer: string
  readonly lengthLimited: boolean
  readonly signed: readonly string[]
  readonly says: string
}
export type Verified = {
  readonly spf: { readonly result: AuthResult; readonly domain: string | null }
  readonly dkim: readonly VerifiedDkim[]
  readonly dmarc: { readonly result: AuthResult; readonly policy: string | null; readonly domain: string | null }
  /** Sets from the oldest (i=1) to the newest. */
  readonly arc: { readonly result: AuthResult; readonly comment: string; readonly sets: readonly ArcSet[] }
  /** Addresses of From as the verifier reads them. */
  readonly from: readonly string[]
}

const results = new Set<string>(['pass', 'fail', 'softfail', 'neutral', 'none', 'temperror', 'permerror', 'policy'])

function resultOf(word: string | undefined): AuthResult {
  if (word === 'temperr') return 'temperror'
  return word !== undefined && results.has(word) ? (word as AuthResult) : 'none'
}

function dkimOf(row: DKIMResult): VerifiedDkim {
  return {
    result: resultOf(row.status.result),
    domain: (row.signingDomain ?? '').toLowerCase(),
    selector: row.selector ?? '',
    aligned: typeof row.status.aligned === 'string',
    lengthLimited: row.canonBodyLengthLimited === true,
    signed: (row.signingHeaders?.keys ?? '')
      .toLowerCase()
      .split(/:\s*/)
      .filter((name) => name !== ''),
    comment: row.status.comment ?? '',
  }
}

/** What the types of mailauth leave open: a parsed tag of an ARC header. */
type Tagged = {
  readonly parsed?: Readonly<Record<string, { readonly value?: unknown } | undefined>>
  readonly original?: Buffer
}

function arcSetOf(entry: ARCChainEntry): ArcSet {
  const headers = entry as unknown as Readonly<Record<string, Tagged | undefined>>
  const seal = headers['arc-seal']?.parsed
  const signature = headers['arc-message-signature']?.parsed
  return {
    sealer: String(seal?.['d']?.value ?? '').toLowerCase(),
    lengthLimited: signature?.['l'] !== undefined,
    signed: String(signature?.['h']?.value ?? '')
      .toLowerCase()
      .split(':')
      .map((name) => name.trim()),
    says: (headers['arc-authentication-results']?.original ?? Buffer.alloc(0))
      .toString('latin1')
      .replace(/^[^:]*:/, ''),
  }
}

function plain(result: AuthenticateResult, asked: VerifyJob): Verified {
  const { spf, dkim, dmarc, arc } = result
  return {
    spf:
      spf && asked.ip !== null
        ? { result: resultOf(spf.status.result), domain: spf.domain }
        : { result: 'none', domain: null },
    dkim: dkim.results.filter((row) => row.signingDomain !== undefined).map(dkimOf),
    dmarc: dmarc
      ? { result: resultOf(dmarc.status.result), policy: dmarc.policy ?? null, domain: dmarc.domain ?? null }
      : { result: 'none', policy: null, domain: null },
    arc: arc
      ? {
          result: resultOf(arc.status.result),
          comment: arc.status.comment ?? '',
          sets: Array.isArray(arc.chain) ? arc.chain.map(arcSetOf) : [],
        }
      : { result: 'none', comment: '', sets: [] },
    from: dkim.headerFrom.map((address) => address.toLowerCase()),
  }
}

/**
 * SPF (RFC 7208), DKIM (RFC 6376), ARC (RFC 8617) and DMARC (RFC 9989: tree walk, no public suffix list, no pct) of a mail by
 * mailauth 7, by the letter of each RFC (`strict`: RSA-SHA1 and sloppy tag lists do not count; 123 of 123 of the RFC 7208 tests we have,
 * lenient 121). Keys below 1024 bits are policy failures. BIMI is not asked: a logo proves nothing to us.
 */
export async function verify(job: VerifyJob, resolver: Resolver): Promise<Verified> {
  const result = await authenticate(Buffer.from(job.bytes.buffer, job.bytes.byteOffset, job.bytes.byteLength), {
    ...(job.ip === null ? {} : { ip: job.ip }),
    ...(job.helo === null ? {} : { helo: job.helo }),
    ...(job.sender === null ? {} : { sender: job.sender }),
    // Written into result comments only.
    mta: 'counterfoil',
    resolver: resolver as (domain: string, rrtype: string) => Promise<string[]>,
    disableBimi: true,
    minBitLength: 1024,
    strict: true,
  })
  return plain(result, job)
}
