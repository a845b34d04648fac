import type { SealedSeen } from '../model/doors.ts'
import type { Authentication, SealedVerdict } from '../model/message.ts'

const called = { smime: 'S/MIME', openpgp: 'OpenPGP' } as const
const keyWord = { smime: 'certificate', openpgp: 'key' } as const

type Of = { readonly id: string; readonly name: string } | null

/** What a signature or envelope is worth, for mail that says it is from this provider; the words are for whoever reads the alert. */
export function sealedVerdict(seen: SealedSeen, provider: Of, from: string | null): SealedVerdict {
  const { method, encrypted, signer, signedAt } = seen
  const { signature, by, words } = signatureOf(seen, provider, from)
  const says = [envelopeWords(seen), words].filter((one) => one !== '').join(' ')
  return {
    ...{ method, encrypted, signature, by, says, signedAt },
    ...{ fingerprint: signer?.fingerprint ?? null, emails: [...(signer?.emails ?? [])] },
  }
}

function envelopeWords({ method, encrypted, problem }: SealedSeen): string {
  switch (encrypted) {
    case 'no':
      return ''
    case 'opened':
      return `It was encrypted to us (${called[method]}).`
    case 'not-to-us':
      return `It could not be read: ${problem ?? 'it is encrypted to nobody here'}. Give them our ${keyWord[method]} (Settings, Mail keys), and ask for it again.`
    case 'broken':
      return `It could not be read: ${problem ?? 'it does not open'}. Ask for it again.`
  }
}

type Said = Pick<SealedVerdict, 'signature' | 'by'> & { readonly words: string }

function signatureOf(seen: SealedSeen, provider: Of, from: string | null): Said {
  const { method, signature, problem, signer, vouchers } = seen
  const name = called[method]
  if (signature === 'none')
    return { signature, by: null, words: seen.encrypted === 'opened' ? 'Inside it is not signed.' : '' }
  const whose = signer === null ? '' : ` of ${signer.emails[0] ?? signer.subject} (${signer.fingerprint.slice(0, 8)}…)`
  if (signature === 'broken')
    return { signature, by: null, words: `Its ${name} signature${whose} is broken: ${problem ?? 'it does not hold'}.` }
  if (signature === 'unchecked')
    return {
      signature,
      by: null,
      words: `Its ${name} signature${whose} was not checked: ${problem ?? 'it cannot be read'}.`,
    }
  const holds = `Its ${name} signature${whose} holds`
  const voucher = vouchers.find((one) => one.providerId === provider?.id)
  const isForSender = from !== null && (signer?.emails ?? []).includes(from.toLowerCase())
  if (provider !== null && voucher?.by === 'pinned') {
    const other = isForSender ? '' : ` It is not made out to ${from ?? 'the sender'}.`
    return {
      signature: 'valid',
      by: 'pinned',
      words: `${holds}, and is one that was put here for ${provider.name}.${other}`,
    }
  }
  if (provider !== null && voucher?.by === 'chain' && isForSender)
    return {
      signature: 'valid',
      by: 'chain',
      words: `${holds}: an authority that was put here for ${provider.name} issued it for this address.`,
    }
  return {
    ...{ signature: 'foreign', by: null },
    words: `${holds}, and nobody here has said whose it is: it proves no sender. If it is theirs, compare its fingerprint and add it under Settings, Providers.`,
  }
}

/**
 * The verdict beside the others. A broken signature keeps a mail in quarantine, whatever DKIM says: somebody signed something else. A good one lets
 * nothing in that DKIM does not: it covers the content, and neither sender nor subject.
 */
export function withSealed(authentication: Authentication, sealed: SealedVerdict): Authentication {
  const refuses = sealed.signature === 'broken'
  return {
    ...authentication,
    sealed,
    accepted: authentication.accepted && !refuses,
    reasons: sealed.says === '' ? authentication.reasons : [...authentication.reasons, sealed.says],
  }
}
