import { ownMailKeys, sealedMailKey, theirMailKeys } from '../../db/mail-keys.ts'
import type { Db } from '../../db/open.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import { openpgpHere } from '../../kit/openpgp.ts'
import { unseal } from '../../kit/seal.ts'
import type { LetterOut } from '../../model/doors.ts'
import type { MailProtection } from '../../model/mail-key.ts'
import { agreementOf, isTheirs, type Provider } from '../../model/provider.ts'
import { type Protecting, protectionFor, whyNotAsReleased } from '../../triage/mail-protection.ts'
import { strangersIn } from '../../triage/sharing.ts'
import { mailOf, type ReplyDesk } from './desk.ts'

/** What a private key of ours is sealed for. */
export const sealedFor = (id: string): string => `mail-key:${id}`

/** How mail to this provider leaves as things are. */
export async function protectingOf(db: Db, provider: Pick<Provider, 'id' | 'mail'>, now: Date): Promise<Protecting> {
  if (provider.mail === undefined || provider.mail.protect === 'none') return protectionFor(undefined, [], [], now)
  if (provider.mail.method === 'openpgp' && (await openpgpHere()) === null) {
    const says = 'Not sent: it has to be signed with OpenPGP, which is not installed here.'
    return {
      state: 'blocked',
      says,
      next: 'Run `npm install openpgp` in the folder of Counterfoil, and start it anew.',
      keys: null,
    }
  }
  const [own, theirs] = await Promise.all([ownMailKeys(db), theirMailKeys(db, provider.id)])
  const facts = theirs.map((one) => one.facts)
  return protectionFor(provider.mail, own, facts, now)
}

/** Bytes that leave. `clear` is what their reader sees of them, where that is something else. */
export type Made = {
  readonly bytes: Uint8Array
  readonly clear: { readonly bytes: Uint8Array; readonly protection: MailProtection } | null
}

/** Makes a mail under the provider's rule. Throws Trouble('reply.blocked') where the rule cannot be kept: nothing leaves with less. */
export async function makeMail(desk: ReplyDesk, tx: Db, provider: Provider, letter: LetterOut): Promise<Made> {
  const protecting = await protectingOf(tx, provider, desk.clock.now())
  if (protecting.state === 'blocked')
    throw new Trouble('reply.blocked', { fields: { to: `${protecting.says} ${protecting.next ?? ''}`.trim() } })
  const { keys } = protecting
  const { mail: rule } = provider
  if (keys === null || rule === undefined) return { bytes: await mailOf(desk).compose(letter), clear: null }
  const own = (await ownMailKeys(tx)).find((one) => one.id === keys.ownId)
  const sealed = await sealedMailKey(tx, keys.ownId)
  if (own === undefined || sealed === null) throw new Trouble('internal', { problem: 'a mail key of ours is gone' })
  const encryptTo = new Set(keys.encryptTo.map((one) => one.fingerprint))
  const theirs = (await theirMailKeys(tx, provider.id)).filter((one) => encryptTo.has(one.facts.fingerprint))
  const { bytes, clear } = await mailOf(desk).protect(letter, {
    method: rule.method,
    sign: { certificates: own.publicText, privateKey: unseal(desk.sealKey, sealed, sealedFor(own.id)) },
    encryptTo: theirs.map((one) => one.publicText),
  })
  const protection = { method: rule.method, signedBy: keys.signedBy, encryptedTo: [...encryptTo] }
  return { bytes, clear: { bytes: clear, protection } }
}

/** What stands of it in the ledger and in what left. */
export function protectionRecord(clear: Made['clear']): {
  readonly clearSha256: string | null
  readonly protection: MailProtection | null
} {
  return clear === null
    ? { clearSha256: null, protection: null }
    : { clearSha256: sha256Hex(clear.bytes), protection: clear.protection }
}

/** Why a released mail may not leave any more; null when it may. Asked again at the last moment, whatever time has passed. */
export async function whyHeldBack(
  tx: Db,
  provider: Provider,
  mail: { readonly to: readonly string[]; readonly protection: MailProtection | null },
  now: Date,
): Promise<string | null> {
  const strangers = strangersIn(mail.to, agreementOf(provider))
  if (strangers.length > 0)
    return `By now the agreement names other domains than that of ${strangers.join(', ')}. Change it under Settings, or draft it anew.`
  const notTheirs = mail.to.filter((address) => !isTheirs(address, provider))
  if (notTheirs.length > 0)
    return `By now ${notTheirs.join(', ')} is no address of this provider. Put it under Settings, or draft it anew.`
  const [own, theirs] = await Promise.all([ownMailKeys(tx), theirMailKeys(tx, provider.id)])
  return whyNotAsReleased(mail.protection, provider.mail, { own, theirs: theirs.map((one) => one.facts) }, now)
}
