import type { ApiKey, KeyHolder } from '../db/api-keys.ts'
import { transaction } from '../db/open.ts'
import { doorOf, noteLook } from '../db/provider-door.ts'
import type { Session } from '../db/sessions.ts'
import { Trouble } from '../kit/errors.ts'
import { inRanges, plainAddress } from '../kit/ip-ranges.ts'
import { append } from '../ledger/append.ts'
import type { User } from '../model/user.ts'
import type { Front } from './front.ts'
import { PerMinute } from './per-minute.ts'

/** Calls of all analysts and systems of one provider in a minute: ten people whose pages look by themselves make forty, a program that reads answers a few hundred. */
const perMinuteMax = 600
/** Calls of one key of theirs in a minute: two a second read every answer there is, and leave most of the provider's share to its people. */
const perMinuteOfKeyMax = 120

/** What those of a provider meet besides their role: addresses that were agreed, and a limit for all of them together. */
export type ProviderGate = {
  /**
   * For a person's session. From another address it is nobody's: it is answered like one that does not exist, whatever is asked for.
   * Throws Trouble('sign-in.needed' | 'rate.limited').
   */
  readonly person: (session: Session, address: string) => Promise<void>
  /** Whether a key may be used from there: for a provider's only where both it and the door say so, and it names addresses at all. */
  readonly keyFits: (holder: KeyHolder, address: string) => Promise<boolean>
  /** Counts a call with a key of theirs. Throws Trouble('rate.limited'). */
  readonly countKey: (user: User, key: ApiKey) => void
}

export function providerGate(front: Pick<Front, 'db'>): ProviderGate {
  const [ofProvider, ofKey] = [new PerMinute(perMinuteMax), new PerMinute(perMinuteOfKeyMax)]
  const count = (counted: PerMinute, id: string): void => {
    if (!counted.take(id)) throw new Trouble('rate.limited', { of: id })
  }
  const atDoor = async (providerId: string, address: string): Promise<boolean> => {
    const { ranges } = await doorOf(front.db, providerId)
    return ranges.length === 0 || inRanges(plainAddress(address), ranges)
  }
  return {
    person: async ({ user }, address) => {
      if (user.role !== 'provider-analyst' || user.providerId === null) return
      if (!(await atDoor(user.providerId, address)))
        throw new Trouble('sign-in.needed', { provider: user.providerId, address })
      count(ofProvider, user.providerId)
    },
    keyFits: async ({ user, key }, address) => {
      const listed = inRanges(plainAddress(address), key.allowFrom)
      if (user.providerId === null) return key.allowFrom.length === 0 || listed
      return listed && (await atDoor(user.providerId, address))
    },
    countKey: (user, key) => {
      if (user.providerId === null) return
      count(ofKey, key.id)
      count(ofProvider, user.providerId)
    },
  }
}

type Look = { readonly what: 'ticket' | 'download' | 'refused'; readonly subject: string; readonly address: string }

/** Keeps that one of theirs, or a system of theirs, looked at something of ours: once an hour for each, for the page and the ledger. */
export async function noteProviderLook(
  front: Pick<Front, 'db' | 'clock'>,
  { user, key }: Pick<Session, 'user'> & { readonly key: Pick<ApiKey, 'id'> | null },
  look: Look,
): Promise<void> {
  if (user.providerId === null) return
  const { providerId } = user
  const address = plainAddress(look.address)
  const keyId = key?.id ?? null
  await transaction(front.db, async (tx) => {
    if (!(await noteLook(tx, { ...look, address, providerId, userId: user.id, keyId }, front.clock.now()))) return
    const body = { what: look.what, of: look.subject, address }
    const actor = `user:${user.id}${keyId === null ? '' : `/key:${keyId}`}`
    const kind = look.what === 'refused' ? 'door.refused' : 'door.looked'
    await append(tx, { kind, actor, subject: `provider:${providerId}`, body }, front.clock)
  })
}
