import { type ConnectorNews, forgetOldDays, recordNews } from '../db/connector-state.ts'
import type { Db } from '../db/open.ts'
import type { Clock } from '../kit/clock.ts'
import { wordsOf } from '../kit/errors.ts'
import type { Log } from '../playbooks/house.ts'

/** News of connectors are written down together this often: a row for each question would be the busiest row of the house. */
const newsEveryMs = 1000

type Heard = { readonly ok: boolean; readonly why: string; readonly ms: number; readonly isQuestion: boolean }

/** Gathers what came of each call and writes it down once a second. A sign of life is news too, and counts as no question. */
export function newsKeeper(parts: { readonly db: Db; readonly clock: Clock; readonly log: Log }) {
  const heard = new Map<string, ConnectorNews>()
  const write = async (): Promise<void> => {
    const batch = [...heard]
    heard.clear()
    for (const [connector, news] of batch) await recordNews(parts.db, connector, news)
  }
  const writeOrLog = () =>
    write().catch((error: unknown) => parts.log.warn({ error: wordsOf(error) }, 'news of connectors could not be kept'))
  const timer = setInterval(() => void writeOrLog(), newsEveryMs)
  timer.unref()
  const note = (connector: string, one: Heard): void => {
    const at = parts.clock.now()
    heard.set(connector, added(heard.get(connector) ?? silence, one, at))
  }
  return {
    heard: (connector: string, ok: boolean, why: string, ms: number): void =>
      note(connector, { ok, why, ms, isQuestion: true }),
    sign: (connector: string, ok: boolean, why: string, ms: number): void =>
      note(connector, { ok, why, ms, isQuestion: false }),
    forgetOld: () => forgetOldDays(parts.db, parts.clock.now()),
    write: writeOrLog,
    close: async (): Promise<void> => {
      clearInterval(timer)
      await writeOrLog()
    },
  }
}

const silence: ConnectorNews = {
  asked: 0,
  failed: 0,
  lastSuccess: null,
  lastFailure: null,
  failingSince: null,
  lastMs: null,
}

function added(before: ConnectorNews, { ok, why, ms, isQuestion }: Heard, at: Date): ConnectorNews {
  return {
    asked: before.asked + (isQuestion ? 1 : 0),
    failed: before.failed + (isQuestion && !ok ? 1 : 0),
    lastSuccess: ok ? at : before.lastSuccess,
    lastFailure: ok ? before.lastFailure : { at, why },
    failingSince: ok ? null : (before.failingSince ?? at),
    lastMs: ok && isQuestion ? ms : before.lastMs,
  }
}
