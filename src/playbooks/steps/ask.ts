import { setTimeout as sleep } from 'node:timers/promises'
import { insertFindings, type NewFinding } from '../../db/findings.ts'
import { type Db, transaction } from '../../db/open.ts'
import { holdRun } from '../../db/runs.ts'
import { canonicalJson, type Json } from '../../kit/canonical-json.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { stableId } from '../../kit/stable-id.ts'
import { appendAll } from '../../ledger/append.ts'
import type { Asked } from '../../model/doors.ts'
import type { Answered } from '../../model/finding.ts'
import type { Step } from '../../model/playbook.ts'
import { hasLooked, wakeSleeping } from '../arrange.ts'
import { wordsFor } from '../condition-words.ts'
import { durationMs } from '../durations.ts'
import { nextPlace, type Place } from '../journal.ts'
import { keptOf } from '../kept-answer.ts'
import { rejudge } from '../rejudge.ts'
import { type Resolved, resolveQuestion } from '../resolve-question.ts'
import { attemptOf, Interrupted, inStep, loadKnown, type StepEnd, Superseded, type Walk, writeEnd } from '../walk.ts'

type AskStep = Extract<Step, { step: 'ask' }>
type AskPlace = Place & { readonly step: AskStep }

/** When the playbook says nothing. A connector has a limit of its own, and shorter. */
const timeoutDefault = '60s'
/** A connector that does not heed its signal is given up on this much later. */
const graceMs = 2000
/** Answers that come within this are kept in one transaction: five quick ones cost one commit, a slow one keeps nobody waiting. */
const gatherMs = 20

/** Asks its questions in parallel and keeps each answer as it comes. Every question ends in at least one finding. */
export async function askStep(walk: Walk, place: AskPlace): Promise<StepEnd> {
  const before = walk.journal.get(place.path)
  if (before === undefined) {
    const { questions: asks } = place.step
    const words = wordsFor(
      await loadKnown(
        walk,
        walk.house.db,
        asks.flatMap((one) => [...Object.values(one.with), one.each ?? '']),
      ),
    )
    await writeEnd(walk, walk.house.db, place, {
      state: 'running',
      input: asks.flatMap((question) => resolveQuestion(question, words)),
    })
  }
  const line = walk.journal.get(place.path)
  const resolved = (line?.input ?? []) as readonly Resolved[]
  const inbox = new Inbox(walk, place, attemptOf(walk, place.path))
  await askAll(walk, place, resolved, inbox)
  await inbox.settled()
  if (walk.signal.aborted) throw new Interrupted('this process is stopping')
  const end = await inStep(walk, place, async (tx) => {
    await inbox.keepRest(tx, !asksOn(walk, place))
    return { state: 'done', output: { answers: inbox.counts } }
  })
  walk.house.tell(['queue'])
  return end
}

/** Does another step with questions follow at once? */
function asksOn({ snapshot, journal }: Walk, { path }: AskPlace): boolean {
  const line = journal.get(path)
  if (line === undefined) return false
  return nextPlace(snapshot, new Map([...journal, [path, { ...line, state: 'done' as const }]]))?.step.step === 'ask'
}

async function askAll(walk: Walk, place: AskPlace, resolved: readonly Resolved[], inbox: Inbox): Promise<void> {
  const timeoutMs = durationMs(place.step.timeout ?? timeoutDefault)
  const timeout = AbortSignal.timeout(timeoutMs)
  const signal = AbortSignal.any([timeout, walk.signal])
  await Promise.all(
    resolved.map(async (one, index) => {
      const put = (asked: Asked): void => inbox.put(index, one, asked)
      if (one.notApplicable !== undefined)
        return put(byNobody(walk, { kind: 'not-applicable', why: one.notApplicable }))
      const given = walk.house.ask(one.question, one.ask, {
        signal,
        onAnswer: put,
        ...(one.only === undefined ? {} : { only: one.only }),
        ...(one.except === undefined ? {} : { except: one.except }),
      })
      const late = sleep(timeoutMs + graceMs, 'late' as const, { ref: false, signal: inbox.over.signal }).catch(
        () => 'late' as const,
      )
      const came = await Promise.race([given, late])
      if (came === 'late')
        return put(byNobody(walk, { kind: 'failed', why: `no answer within ${timeoutMs} ms`, query: '' }))
      for (const asked of came) put(asked)
    }),
  ).finally(() => inbox.over.abort())
}

function byNobody(walk: Walk, answered: Answered): Asked {
  return { connector: 'none', answered, costMs: 0, askedAt: walk.house.clock.now() }
}

/** Gathers answers and writes them down as they come, each once. */
class Inbox {
  readonly over = new AbortController()
  readonly counts: Record<string, number> = {}
  readonly #walk: Walk
  readonly #place: AskPlace
  readonly #attempt: number
  readonly #seen = new Set<string>()
  #waiting: NewFinding[] = []
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #failed: { readonly error: unknown } | null = null

  constructor(walk: Walk, place: AskPlace, attempt: number) {
    this.#walk = walk
    this.#place = place
    this.#attempt = attempt
  }

  put(index: number, one: Resolved, asked: Asked): void {
    const finding = findingOf(this.#walk, this.#place, { index, one, asked, attempt: this.#attempt })
    if (this.#seen.has(finding.id)) return
    this.#seen.add(finding.id)
    this.counts[finding.kind] = (this.counts[finding.kind] ?? 0) + 1
    this.#waiting.push(finding)
    this.#timer ??= setTimeout(() => this.#write(), gatherMs)
  }

  #write(): void {
    this.#timer = undefined
    const { house, run } = this.#walk
    this.#writing = this.#writing
      .then(async () => {
        if (this.#waiting.length === 0) return
        const batch = this.#waiting
        this.#waiting = []
        await transaction(house.db, async (tx) => {
          await keep(this.#walk, tx, batch, false)
          if (!(await holdRun(tx, run.id, run.epoch))) throw new Superseded()
        })
        house.tell([`alert:${run.alertId}`, 'queue'])
      })
      .catch((error: unknown) => {
        this.#failed ??= { error }
      })
  }

  /** After the last answer: nothing is being written any more. Throws what a write threw. */
  async settled(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#writing
    if (this.#failed !== null) throw this.#failed.error
  }

  /** Keeps what is still in hand, in the transaction that ends the step. `full`: no more questions follow, the ladder is as full as it gets. */
  async keepRest(tx: Db, full: boolean): Promise<void> {
    await keep(this.#walk, tx, this.#waiting, full)
  }
}

async function keep(walk: Walk, tx: Db, findings: readonly NewFinding[], full: boolean): Promise<void> {
  const { house, run } = walk
  if (run.dryRun) {
    walk.dryFindings.push(...findings)
    return
  }
  const fresh = await insertFindings(tx, findings)
  const lines = findings
    .filter((finding) => fresh.has(finding.id))
    .map((finding) => ({
      kind: 'finding.recorded' as const,
      actor: `playbook:${run.playbookId}`,
      subject: `alert:${run.alertId}`,
      body: {
        findingId: finding.id,
        runId: run.id,
        question: finding.question,
        connector: finding.connector,
        kind: finding.kind,
        // What was asked may have left the house: names and addresses, as a digest.
        askSha256: sha256Hex(canonicalJson(finding.ask as Json)),
      },
    }))
  await appendAll(tx, lines, house.clock)
  walk.judged = await rejudge(house, tx, run.alertId, { full })
  if (findings.some(({ id, kind }) => fresh.has(id) && hasLooked(kind)))
    await wakeSleeping(house, tx, run.alertId, 'evidence')
}

function findingOf(
  walk: Walk,
  place: AskPlace,
  from: { index: number; one: Resolved; asked: Asked; attempt: number },
): NewFinding {
  const { one, asked } = from
  const id = stableId(
    'finding',
    walk.run.id,
    place.path,
    String(from.index),
    one.question,
    asked.connector,
    String(from.attempt),
  )
  const { alertId, id: runId } = walk.run
  return { id, alertId, runId, question: one.question, ask: one.ask, aroundMinutes: null, ...keptOf(asked) }
}
