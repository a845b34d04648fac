const minuteMs = 60_000
/** Who is counted at once, at most; past it whoever was counted longest ago is forgotten, so that nobody fills the memory with names. */
const countedMax = 10_000

/** Counts by name, in windows of a minute that begin with the first count of a name. Each node counts for itself. */
export class PerMinute {
  readonly #windows = new Map<string, { from: number; n: number }>()
  readonly #most: number
  readonly #now: () => number

  constructor(most: number, now: () => number = () => performance.now()) {
    this.#most = most
    this.#now = now
  }

  /** Counts it; false, and not counted, where the minute has no more of them. */
  take(name: string): boolean {
    const n = this.#counted(name)
    if (n >= this.#most) return false
    const from = n === 0 ? this.#now() : (this.#windows.get(name)?.from ?? this.#now())
    // Put in anew, so that the first of the map is the one that was counted longest ago.
    this.#windows.delete(name)
    if (this.#windows.size >= countedMax)
      for (const oldest of this.#windows.keys()) if (this.#windows.delete(oldest)) break
    this.#windows.set(name, { from, n: n + 1 })
    return true
  }

  /** Takes one count back. */
  giveBack(name: string): void {
    const window = this.#windows.get(name)
    if (window !== undefined && window.n > 0) window.n -= 1
  }

  isSpent(name: string): boolean {
    return this.#counted(name) >= this.#most
  }

  #counted(name: string): number {
    const window = this.#windows.get(name)
    return window === undefined || this.#now() - window.from >= minuteMs ? 0 : window.n
  }
}
