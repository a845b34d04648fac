import type { z } from 'zod'
import type { Duration } from '../model/playbook.ts'

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** "300ms", "5s", "10m", "4h", "3d" in milliseconds. The text is already of the schema `Duration`. */
export function durationMs(text: z.infer<typeof Duration>): number {
  const match = /^(\d+)(ms|s|m|h|d)$/.exec(text)
  return Number(match?.[1] ?? Number.NaN) * (unitMs[match?.[2] ?? ''] ?? Number.NaN)
}

/** Twice as long each time, at most an hour: "backoff 1s" waits 1 s, 2 s, 4 s... `attempt` is the one that failed, from 1. */
export function backoffMs(backoff: z.infer<typeof Duration>, attempt: number): number {
  return Math.min(durationMs(backoff) * 2 ** (attempt - 1), 3_600_000)
}
