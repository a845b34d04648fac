import { type TuningMeasured, type TuningState, tuningKeptDays } from '../model/tuning.ts'

const dayMs = 86_400_000

/** What became of a tuning request, by the stream. Times in ms since 1970; `afterDue`: matching alerts after it was due. Pure. */
export function measuredTuning(request: {
  readonly state: TuningState
  readonly askedAt: number | null
  readonly dueAt: number | null
  readonly afterDue: number
  readonly now: number
}): TuningMeasured {
  const { state, askedAt, dueAt, afterDue, now } = request
  if (state === 'refused' || state === 'withdrawn') return 'over'
  if (askedAt === null || dueAt === null) return 'not-sent'
  if (now <= dueAt) return 'waiting'
  if (afterDue > 0) return 'lapsed'
  return now > dueAt + tuningKeptDays * dayMs ? 'kept' : 'watching'
}
