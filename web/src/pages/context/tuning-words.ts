import type { TuningMeasured, TuningRequest, TuningState } from '../../../../src/model/tuning.ts'
import { plural } from '../../words.ts'

export const measuredWords: Record<TuningMeasured, string> = {
  'not-sent': 'Not sent yet',
  waiting: 'Not due yet',
  watching: 'Past due, none came so far',
  kept: 'Kept',
  lapsed: 'Lapsed',
  over: 'Over',
}

export const stateWords: Record<TuningState, string> = {
  asked: 'Asked',
  acknowledged: 'Acknowledged',
  accepted: 'Accepted',
  refused: 'Refused',
  withdrawn: 'Withdrawn',
}

/** "Sent 41 days ago, 6 alerts since". */
export function tuningSays(request: TuningRequest): string {
  if (request.asked === null) return 'Decided, and no answer left yet'
  const days = Math.floor((Date.now() - Date.parse(request.asked.at)) / 86_400_000)
  return `Sent ${days === 0 ? 'today' : `${plural(days, 'day')} ago`}, ${plural(request.since, 'alert')} since`
}
