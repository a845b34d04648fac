import type { LogsFront } from '../http/logs-front.ts'
import { Trouble, wordsOf } from '../kit/errors.ts'

/**
 * The lake's front while there is no lake (another process has it, the engine does not start): every question is answered by why, so
 * that "could not look" never reads as "nothing there", and the rest of the desk works.
 */
export function logsAway(why: unknown): LogsFront {
  const away = (): never => {
    if (why instanceof Trouble) throw why
    throw new Trouble('lake.unreachable', { problem: wordsOf(why) }, why)
  }
  const later = async (): Promise<never> => away()
  return {
    search: later,
    histogram: later,
    facets: later,
    context: later,
    raw: later,
    hunt: later,
    parsers: away,
    page: later,
    source: later,
    saveSource: later,
  }
}
