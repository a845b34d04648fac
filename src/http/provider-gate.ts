import { transaction } from '../db/open.ts'
import { doorOf, noteLook } from '../db/provider-door.ts'
import type { Session } from '../db/sessions.ts'
import { Trouble } from '../kit/errors.ts'
import { inRanges, plainAddress } from '../kit/ip-ranges.ts'
import { append } from '../ledger/append.ts'
import type { Front } from './front.ts'

/** Calls of all analysts of one provider in a minute: ten people whose pages look by themselves make forty, a program that reads answers a few hundred. */
const perMinuteMax = 600

type Window = { from: number; calls: number }

/**
 * What the analysts of a provider meet besides their role: addresses that were agreed, and a limit for all of them together. From another
 * address a session is nobody's: it is answered like one that does not exist, whatever is asked for.
 */
export function providerGate(front: Pick<Front, 'db'>): (session: Session, address: string) => Promise<void> {
  const windows = new Map<string, Window>()
  return async ({ user }, address) => {
    if (user.role !== 'provider-analyst' || user.providerId === null) return
    const { ranges } = await doorOf(front.db, user.providerId)
    if (ranges.length > 0 && !inRanges(plainAddress(address), ranges))
      throw new Trouble('sign-in.needed', { provider: user.providerId, address })
    const now = performance.now()
    const window = windows.get(user.providerId)
    if (window === undefined || now - window.from > 60_000) windows.set(user.providerId, { from: now, calls: 1 })
    else if (window.calls >= perMinuteMax) throw new Trouble('rate.limited', { provider: user.providerId })
    else window.calls += 1
  }
}

/** Keeps that one of theirs looked at something of ours: once an hour for each, for the page and the ledger. */
export async function noteProviderLook(
  front: Pick<Front, 'db' | 'clock'>,
  session: Session,
  look: { readonly what: 'ticket' | 'download'; readonly subject: string; readonly address: string },
): Promise<void> {
  const { user } = session
  if (user.providerId === null) return
  const { providerId } = user
  const address = plainAddress(look.address)
  await transaction(front.db, async (tx) => {
    if (!(await noteLook(tx, { ...look, address, providerId, userId: user.id }, front.clock.now()))) return
    const body = { what: look.what, of: look.subject, address }
    await append(
      tx,
      { kind: 'door.looked', actor: `user:${user.id}`, subject: `provider:${providerId}`, body },
      front.clock,
    )
  })
}
