/** One measurement against the goal it has to meet. `ok` is false when the goal is missed; nothing is hidden in a note. */
export type BenchResult = { name: string; value: number; unit: string; goal: string; ok: boolean; note?: string }
