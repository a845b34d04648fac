import type { KeyShown } from '../../../contract/mail-keys.ts'
import { type OwnMailKey, ownMailKeys, theirMailKeys } from '../../../db/mail-keys.ts'
import { namesOfActors } from '../../../db/users.ts'
import { openpgpHere } from '../../../kit/openpgp.ts'
import { endsSoon, whyUnusable } from '../../../triage/mail-protection.ts'
import { serve } from '../../serve.ts'

export const showMailKeys = serve('GET /api/mail-keys', async ({ front }) => {
  const [own, theirs] = await Promise.all([ownMailKeys(front.db), theirMailKeys(front.db, null)])
  const nameOf = await namesOfActors(
    front.db,
    [...own, ...theirs].map((one) => one.addedBy),
  )
  const now = front.clock.now()
  const shown = ({ facts, publicText, addedBy, addedAt }: Omit<OwnMailKey, 'id' | 'retiredAt'>): KeyShown => ({
    ...{ ...facts, publicText, addedByName: nameOf(addedBy), addedAt },
    ...{ unusable: whyUnusable(facts, now), endsInDays: endsSoon(facts, now) },
  })
  return {
    openpgp: (await openpgpHere()) !== null,
    own: own.map((one) => ({ ...shown(one), id: one.id, retiredAt: one.retiredAt })),
    theirs: theirs.map((one) => ({ ...shown(one), providerId: one.providerId })),
  }
})
