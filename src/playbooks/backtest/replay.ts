import type { RecordedAlert } from '../../db/recorded.ts'
import { canonicalJson, type Json } from '../../kit/canonical-json.ts'
import { wordsOf } from '../../kit/errors.ts'
import { stableId } from '../../kit/stable-id.ts'
import { chainWords } from '../../model/approval.ts'
import type { Finding } from '../../model/finding.ts'
import type { JournalLine, Playbook, Step } from '../../model/playbook.ts'
import { questions } from '../../model/question.ts'
import type { Judgement } from '../../model/triage.ts'
import { judge } from '../../triage/judge.ts'
import { type Known, wordsFor, wordsForText } from '../condition-words.ts'
import { evaluate } from '../conditions.ts'
import { nextPlace, type Place } from '../journal.ts'
import type { Library } from '../library.ts'
import { type Resolved, resolveQuestion } from '../resolve-question.ts'
import { type Snapshot, snapshotOf } from '../snapshot.ts'
import { renderText } from '../texts.ts'

/** What a playbook would have made of an alert, with the answers that were recorded and no others. */
export type Replay = {
  readonly judgement: Judgement
  readonly asked: number
  /** Questions that nobody asked then, in words: no recorded answer, which is not "nothing". */
  readonly unrecorded: readonly string[]
  readonly effects: readonly string[]
  /** Where it would stand now: "ended", or the step at which a person's word is missing. */
  readonly stands: string
}

/** Steps of one replay; a playbook has at most 100, and calls at most five deep. */
const stepsMax = 2000
const unrecordedMax = 50
const wordsMax = 300

/**
 * Walks a playbook over a recorded alert by the rules of the interpreter: the same places, conditions and texts. Nobody is asked: a question is
 * answered by what was recorded for that very question, or not at all. Nothing is sent, kept or changed. Pure: the same record gives the same.
 */
export function replay(playbook: Playbook, library: Library, recorded: RecordedAlert): Replay {
  const walk = new Replayed(recorded, snapshotOf(playbook, library.byId))
  return walk.toTheEnd()
}

/** The judgement of an alert by all evidence that was recorded, as of the moment it was judged then. */
export function judgeRecorded(recorded: RecordedAlert, findings: readonly Finding[]): Judgement {
  const { record, history } = recorded
  const now = new Date(record.filledAt ?? record.alert.receivedAt)
  return judge({ alert: record.alert, findings, history, now })
}

type Outcome = Pick<JournalLine, 'state'> & { readonly output?: unknown }

class Replayed {
  readonly #recorded: RecordedAlert
  readonly #snapshot: Snapshot
  readonly #journal = new Map<string, JournalLine>()
  readonly #answers = new Map<string, Finding[]>()
  readonly #unrecorded: string[] = []
  readonly #effects: string[] = []
  readonly #choices = new Map<string, string>()
  #findings: Finding[] = []
  #judgement: Judgement
  #asked = 0
  #decided = false

  constructor(recorded: RecordedAlert, snapshot: Snapshot) {
    this.#recorded = recorded
    this.#snapshot = snapshot
    for (const finding of recorded.findings) {
      const key = keyOf(finding.question, finding.ask)
      const same = this.#answers.get(key) ?? []
      same.push(finding)
      this.#answers.set(key, same)
    }
    this.#judgement = judgeRecorded(recorded, [])
  }

  toTheEnd(): Replay {
    let stands = 'ended'
    for (let count = 0; count < stepsMax; count += 1) {
      const place = nextPlace(this.#snapshot, this.#journal)
      if (place === null) break
      const came = this.#take(place)
      if (came === null) {
        stands = place.step.title
        break
      }
      this.#journal.set(place.path, lineOf(place, came))
    }
    this.#judgement = judgeRecorded(this.#recorded, this.#findings)
    return {
      judgement: this.#judgement,
      asked: this.#asked,
      unrecorded: this.#unrecorded,
      effects: this.#effects,
      stands,
    }
  }

  #known(): Known {
    const { record, decision } = this.#recorded
    return {
      alert: record,
      findings: this.#findings,
      judgement: this.#judgement,
      decision: this.#decided ? decision : null,
      steps: new Map([...this.#journal].map(([path, line]) => [path, line.state])),
      choices: this.#choices,
    }
  }

  /** One step; null: a person's word is missing, and the run would still wait. */
  #take(place: Place): Outcome | null {
    const { step } = place
    if (step.when !== undefined) {
      const holds = evaluate(step.when, wordsFor(this.#known()))
      if (holds.kind !== 'value' || holds.value !== true) return { state: 'skipped' }
    }
    switch (step.step) {
      case 'ask':
        return this.#ask(step)
      case 'branch':
        return this.#branch(step)
      case 'wait-for-person':
        return this.#wait(step)
      case 'notify':
        return this.#say(`mail to ${step.to.join(', ')}: ${this.#text(step.subject)}`)
      case 'reply':
        return this.#say('a draft of the answer to the provider')
      case 'checklist':
        return this.#checklist(step)
      case 'decide-proposal':
      case 'sub-playbook':
        return { state: 'done' }
    }
  }

  #ask(step: Extract<Step, { step: 'ask' }>): Outcome {
    const words = wordsFor(this.#known())
    for (const resolved of step.questions.flatMap((question) => resolveQuestion(question, words)))
      this.#findings.push(...this.#answersTo(resolved))
    this.#judgement = judgeRecorded(this.#recorded, this.#findings)
    return { state: 'done' }
  }

  #answersTo(resolved: Resolved): readonly Finding[] {
    this.#asked += 1
    const { question, ask, only, notApplicable } = resolved
    if (notApplicable !== undefined) return [this.#notApplicable(resolved, notApplicable)]
    const found = (this.#answers.get(keyOf(question, ask)) ?? []).filter(
      // `none`: nobody was there to answer, and that was written down.
      ({ connector }) => only === undefined || only.includes(connector) || connector === 'none',
    )
    if (found.length === 0 && this.#unrecorded.length < unrecordedMax)
      this.#unrecorded.push(
        `${questions[question].title} ${Object.values(ask).map(String).join(', ')}`.slice(0, wordsMax),
      )
    const have = new Set(this.#findings.map((finding) => finding.id))
    return found.filter((finding) => !have.has(finding.id))
  }

  #notApplicable({ question }: Resolved, why: string): Finding {
    const { alert } = this.#recorded.record
    return {
      ...{ id: stableId('replay', alert.id, question, String(this.#asked)), alertId: alert.id, question, ask: {} },
      ...{ connector: 'none', kind: 'not-applicable', answer: null, why, query: '', costMs: 0 },
      ...{ windowFrom: null, windowTo: null, aroundMinutes: null, askedAt: alert.receivedAt },
    }
  }

  #branch(step: Extract<Step, { step: 'branch' }>): Outcome {
    const words = wordsFor(this.#known())
    const taken = step.branches.findIndex((branch) => {
      const holds = evaluate(branch.if, words)
      return holds.kind === 'value' && holds.value === true
    })
    const otherwise = step.else === undefined ? null : ('else' as const)
    return { state: 'done', output: { taken: taken === -1 ? otherwise : taken } }
  }

  #wait(step: Extract<Step, { step: 'wait-for-person' }>): Outcome | null {
    switch (step.for) {
      case 'decision':
        this.#decided = this.#recorded.decision !== null
        return this.#decided ? { state: 'done' } : null
      case 'release':
        return { state: 'done' }
      case 'answer':
        return this.#askPerson(step)
      case 'approval':
        this.#effects.push(`an approval of ${step.approval === undefined ? 'nobody' : chainWords(step.approval.from)}`)
        return null
    }
  }

  #askPerson(step: Extract<Step, { step: 'wait-for-person' }>): Outcome {
    const to = evaluate(step.to ?? '""', wordsFor(this.#known()))
    const email = to.kind === 'value' ? String(to.value ?? '').trim() : ''
    if (email === '') return { state: 'skipped' }
    this.#asked += 1
    this.#effects.push(`a question to ${email}`)
    const said = this.#recorded.findings.filter(
      (finding) =>
        finding.question === 'was-this-you' &&
        String(finding.ask['email']).toLowerCase() === email.toLowerCase() &&
        !this.#findings.includes(finding),
    )
    if (said.length === 0) this.#unrecorded.push(`${questions['was-this-you'].title} ${email}`.slice(0, wordsMax))
    this.#findings.push(...said)
    this.#judgement = judgeRecorded(this.#recorded, this.#findings)
    return { state: said.length === 0 ? 'timed-out' : 'done' }
  }

  /** Lists are for people: what they would have done, nobody knows, so the walk goes on as if all of it were done. */
  #checklist(step: Extract<Step, { step: 'checklist' }>): Outcome {
    return this.#say(`a list for people: ${step.title} (${step.items.length})`)
  }

  #say(effect: string): Outcome {
    this.#effects.push(effect.slice(0, wordsMax))
    return { state: 'done' }
  }

  #text(template: string): string {
    try {
      return renderText(template, wordsForText(this.#known())).replace(/\s+/g, ' ').trim()
    } catch (error) {
      return `(this text would fail: ${wordsOf(error)})`
    }
  }
}

function keyOf(question: string, ask: Readonly<Record<string, unknown>>): string {
  return `${question} ${canonicalJson(ask as Json)}`
}

function lineOf({ path, step }: Place, { state, output }: Outcome): JournalLine {
  return {
    ...{
      path,
      stepId: step.id,
      kind: step.step,
      title: step.title,
      state,
      attempt: 1,
      csf: step.csf,
      phase: step.phase,
    },
    ...{ why: '', input: null, output: output ?? null, error: null, waitingFor: null, deadline: null },
    ...{ startedAt: '', endedAt: '', node: '' },
  }
}
