import { isMailedLink } from '../db/mailed-links.ts'
import type { Db } from '../db/open.ts'
import { sha256Hex } from '../kit/digest.ts'
import { Trouble } from '../kit/errors.ts'
import { peerNetwork } from '../kit/ip-ranges.ts'
import { PerMinute } from './per-minute.ts'

/** Wrong links of one network in a minute. Nobody guesses 256 bits; this keeps a program from asking the database all day. */
export const wrongLinksMax = 20
/**
 * Calls with one link from one network in a minute: its page looks four times, and each second while it waits for the number of its record.
 * By network, too: whoever has a link that is not theirs does not keep its owner from it.
 */
export const callsOfLinkMax = 120
/** Links that were seen to be ours, remembered at once; past it the one that was used longest ago is looked up again. */
const rememberedMax = 10_000

export type LinkGate = {
  /** Before anything else is done for the holder of a link. Throws Trouble('not.found' | 'rate.limited'). */
  readonly enter: (token: string, address: string) => Promise<void>
  /** A link that was handed to somebody who is signed in: their way in stays open where strangers of their network guess. */
  readonly made: (token: string) => void
}

/**
 * What holders of links meet before anything else: each link has a bound of its own, and what is limited together is guessing. A wrong link costs one
 * indexed read and counts against its network; where that has spent its guesses, no link from there is looked up any more, right or wrong, so that
 * the answer says nothing of it. Links that were right before are let through all the same: a stranger in the same office locks nobody out.
 */
export function linkGate(db: Db, now?: () => number): LinkGate {
  const wrong = new PerMinute(wrongLinksMax, now)
  const calls = new PerMinute(callsOfLinkMax, now)
  const right = new Set<string>()
  const remember = (link: string): void => {
    right.delete(link)
    if (right.size >= rememberedMax) for (const oldest of right) if (right.delete(oldest)) break
    right.add(link)
  }

  return {
    enter: async (token, address) => {
      const [link, network] = [sha256Hex(token), peerNetwork(address)]
      if (!right.has(link)) {
        // Counted before it is looked up, so that many at once are no way around it.
        if (!wrong.take(network)) throw new Trouble('rate.limited', { links: 'wrong ones' })
        if (!(await isMailedLink(db, link))) throw new Trouble('not.found')
        wrong.giveBack(network)
      }
      remember(link)
      if (!calls.take(`${link} ${network}`)) throw new Trouble('rate.limited', { links: 'calls of one' })
    },
    made: (token) => remember(sha256Hex(token)),
  }
}
