import { ownMailKeys, sealedMailKey, theirMailKeys } from '../db/mail-keys.ts'
import type { Db } from '../db/open.ts'
import type { Clock } from '../kit/clock.ts'
import { unseal } from '../kit/seal.ts'
import type { KeysToOpen, OpenSealed } from '../model/doors.ts'
import type { House } from './house.ts'
import { sealedFor } from './replies/protect.ts'

/** Opens what comes with the keys of this house: ours, also those that sign nothing any more, and those of all providers. */
export function makeOpenMail(parts: {
  readonly db: Db
  readonly clock: Clock
  readonly sealKey: Uint8Array
  readonly open: OpenSealed
}): House['openMail'] {
  return (bytes) => parts.open(bytes, () => keysNow(parts))
}

async function keysNow({ db, clock, sealKey }: Parameters<typeof makeOpenMail>[0]): Promise<KeysToOpen> {
  const own: KeysToOpen['own'][number][] = []
  for (const key of await ownMailKeys(db)) {
    const sealed = await sealedMailKey(db, key.id)
    if (sealed !== null)
      own.push({
        ...{ method: key.facts.method, certificate: key.publicText },
        privateKey: unseal(sealKey, sealed, sealedFor(key.id)),
      })
  }
  const theirs = (await theirMailKeys(db, null)).map(({ facts, providerId, publicText }) => ({
    method: facts.method,
    providerId,
    publicText,
  }))
  return { own, theirs, at: clock.now().toISOString() }
}
