import { ownMailKeys, theirMailKeys } from '../../db/mail-keys.ts'
import type { Db } from '../../db/open.ts'
import { listProviders } from '../../db/providers.ts'
import type { MailKeyFacts } from '../../model/mail-key.ts'
import { protectingOf } from '../../playbooks/replies/protect.ts'
import { endsSoon, whyUnusable } from '../../triage/mail-protection.ts'
import { broken, type Check, notApplicable, ok, warn } from './check.ts'

const name = 'mail-keys'

/** Whether mail that has to be signed or encrypted can be, and which keys end soon: before a provider's answer stays here for it. */
export async function lookAtMailKeys(db: Db, now: Date): Promise<Check> {
  const [own, theirs, providers] = await Promise.all([ownMailKeys(db), theirMailKeys(db, null), listProviders(db)])
  const ruled = providers.filter((one) => one.mail !== undefined && one.mail.protect !== 'none')
  const used = [...own.filter((one) => one.retiredAt === null), ...theirs].map((one) => one.facts)
  if (ruled.length === 0 && used.length === 0) return notApplicable(name, 'mail is neither signed nor encrypted')
  for (const provider of ruled) {
    const { state, says, next } = await protectingOf(db, provider, now)
    if (state === 'blocked') return broken(name, `mail to ${provider.name}: ${says}`, next ?? '')
  }
  const late = used.flatMap((facts) => lateWords(facts, now))
  if (late.length > 0)
    return warn(name, late.join('; '), 'Get the next ones and put them under Settings, Mail keys, or Providers.')
  return ok(name, `${used.length} keys, none of which ends within a month`)
}

function lateWords(facts: MailKeyFacts, now: Date): string[] {
  const who = facts.emails[0] ?? facts.subject
  const why = whyUnusable(facts, now)
  if (why !== null) return [`the key of ${who} cannot be used: ${why}`]
  const days = endsSoon(facts, now)
  return days === null ? [] : [`the key of ${who} ends in ${days} days`]
}
