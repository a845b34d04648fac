/** A bar thinner than this is not seen. Per cent of the lane. */
const barMin = 0.6

export type ScaleKind = 'linear' | 'log'
export type Scale = {
  readonly now: number
  readonly bar: (start: number, end: number) => { readonly left: string; readonly width: string }
  readonly ticks: readonly { readonly ms: number; readonly left: string }[]
}

/** What the axis may be marked with. */
const marks = [100, 1000, 10_000, 60_000, 600_000, 3_600_000, 86_400_000, 604_800_000]

/** Where instants stand on the lane. The logarithmic one keeps 300 ms visible beside two days. */
export function scaleOf(from: number, to: number, now: number, kind: ScaleKind): Scale {
  const place = (at: number): number => {
    const since = Math.max(0, at - from)
    const share = kind === 'linear' ? since / (to - from) : Math.log1p(since) / Math.log1p(to - from)
    return Math.min(100, share * 100)
  }
  return {
    now,
    bar: (start, end) => {
      const left = Math.min(place(start), 100 - barMin)
      return { left: `${left}%`, width: `${Math.min(Math.max(barMin, place(end) - left), 100 - left)}%` }
    },
    ticks: marks
      .filter((ms) => ms < (to - from) * 0.95 && place(from + ms) > 8)
      .map((ms) => ({ ms, left: `${place(from + ms)}%` })),
  }
}
