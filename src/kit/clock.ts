/** The time, passed in so that judgement stays pure and tests can set it. */
export type Clock = { readonly now: () => Date }

export const systemClock: Clock = { now: () => new Date() }

/** A clock that stands still until `set`. For tests and for replays. */
export function fixedClock(start: string | Date): Clock & { set: (to: string | Date) => void } {
  let at = new Date(start)
  return {
    now: () => new Date(at),
    set: (to) => {
      at = new Date(to)
    },
  }
}
