import { type Db, readOnly } from '../../db/open.ts'
import { listProviders } from '../../db/providers.ts'
import {
  type After,
  countRecordedAlerts,
  countRecordedMessages,
  recordedAlerts,
  recordedByIds,
  recordedMessages,
  type Stretch,
} from '../../db/recorded.ts'
import type { BacktestRow, BacktestSummary } from '../../model/backtest.ts'
import type { Outcome } from '../../model/triage.ts'
import type { Reader } from '../../providers/reader.ts'
import type { LookBack } from './playbook-backtest.ts'
import { lookAtMessage } from './reader-backtest.ts'

/** Looked at between two breaths of the event loop: 50 cost about 30 ms of it. */
const batchMax = 50
/** More is a job for a copy of the house; a busy provider sends this in three years. */
export const lookedMax = 100_000

export type BacktestWalk = {
  readonly from: Date
  readonly to: Date
  readonly signal: AbortSignal
  readonly onTotal: (total: number) => Promise<void>
  /** The rows of one batch, in order; the walk waits until they are taken. */
  readonly onRows: (rows: readonly BacktestRow[]) => Promise<void>
}

/** Looks back over recorded alerts, oldest first, in transactions that cannot write. Throws what the signal was aborted with. */
export async function backtestPlaybook(db: Db, lookBack: LookBack, walk: BacktestWalk): Promise<BacktestSummary> {
  const stretch = { from: walk.from, to: walk.to }
  return walked(walk, await readOnly(db, (tx) => countRecordedAlerts(tx, stretch)), async (after) => {
    const page = await readOnly(db, (tx) => recordedAlerts(tx, stretch, after, batchMax))
    return { rows: page.rows.map(lookBack), next: page.next }
  })
}

/** The same over recorded messages, with a reader before those of the house. */
export async function backtestReader(db: Db, reader: Reader, walk: BacktestWalk): Promise<BacktestSummary> {
  const stretch: Stretch = { from: walk.from, to: walk.to }
  const providers = new Map((await listProviders(db)).map((provider) => [provider.id, provider]))
  return walked(walk, await readOnly(db, (tx) => countRecordedMessages(tx, stretch)), async (after) =>
    readOnly(db, async (tx) => {
      const page = await recordedMessages(tx, stretch, after, batchMax)
      const ids = [...new Set(page.rows.flatMap((message) => message.alertId ?? []))]
      const alerts = new Map((await recordedByIds(tx, ids)).map((one) => [one.record.alert.id, one]))
      const rows = page.rows.map((message) =>
        lookAtMessage(reader, message, {
          provider: providers.get(message.providerId ?? '') ?? null,
          recorded: alerts.get(message.alertId ?? '') ?? null,
        }),
      )
      return { rows, next: page.next }
    }),
  )
}

async function walked(
  walk: BacktestWalk,
  total: number,
  next: (after: After | null) => Promise<{ readonly rows: readonly BacktestRow[]; readonly next: After | null }>,
): Promise<BacktestSummary> {
  await walk.onTotal(Math.min(total, lookedMax))
  const summary = new Summing(walk.from, walk.to)
  let after: After | null = null
  while (summary.looked < lookedMax) {
    walk.signal.throwIfAborted()
    const page = await next(after)
    if (page.next === null) break
    for (const row of page.rows) summary.add(row)
    await walk.onRows(page.rows)
    after = page.next
  }
  return summary.result()
}

/** Counts rows as they come; a million alerts cost what one costs. */
class Summing {
  looked = 0
  readonly #verdicts = { same: 0, different: 0, unknown: 0, 'not-concerned': 0 }
  readonly #byChange: Record<string, number> = {}
  readonly #was = { agrees: 0, differs: 0, none: 0 }
  readonly #now = { agrees: 0, differs: 0, none: 0 }
  #withUnrecorded = 0
  #decided = 0
  readonly #from: Date
  readonly #to: Date

  constructor(from: Date, to: Date) {
    this.#from = from
    this.#to = to
  }

  add(row: BacktestRow): void {
    this.looked += 1
    this.#verdicts[row.verdict] += 1
    if (row.unrecorded.length > 0) this.#withUnrecorded += 1
    for (const { what } of row.changes) this.#byChange[what] = (this.#byChange[what] ?? 0) + 1
    if (row.decision === null || row.was === null || row.now === null) return
    this.#decided += 1
    this.#was[agreement(row.was.proposal, row.decision)] += 1
    this.#now[agreement(row.now.proposal, row.decision)] += 1
  }

  result(): BacktestSummary {
    const { same, different, unknown } = this.#verdicts
    return {
      looked: this.looked,
      ...{ same, different, unknown, notConcerned: this.#verdicts['not-concerned'] },
      withUnrecorded: this.#withUnrecorded,
      byChange: this.#byChange,
      decided: this.#decided,
      was: this.#was,
      now: this.#now,
      from: this.#from.toISOString(),
      to: this.#to.toISOString(),
    }
  }
}

function agreement(proposal: Outcome | null, decision: Outcome): 'agrees' | 'differs' | 'none' {
  if (proposal === null) return 'none'
  return proposal === decision ? 'agrees' : 'differs'
}
