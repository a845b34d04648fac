import { lockAlert } from '../../db/alerts.ts'
import { approvalsOfRun, endApproval } from '../../db/approvals.ts'
import { standingDecision } from '../../db/decisions.ts'
import type { Db } from '../../db/open.ts'
import { insertPersonQuestion, personQuestionOfStep, personQuestionsOf } from '../../db/person-questions.ts'
import { releasedReplyOf } from '../../db/released-replies.ts'
import { setRunState } from '../../db/runs.ts'
import { newSecret } from '../../kit/digest.ts'
import { append } from '../../ledger/append.ts'
import type { Step } from '../../model/playbook.ts'
import { askForApproval } from '../approvals/ask.ts'
import { cannotReach } from '../chat/queue.ts'
import { type Known, wordsFor, wordsForText } from '../condition-words.ts'
import { evaluate } from '../conditions.ts'
import { durationMs } from '../durations.ts'
import type { Place } from '../journal.ts'
import { takeRemembered } from '../remembered-answer.ts'
import { renderText } from '../texts.ts'
import { inStep, loadKnown, onceId, type StepEnd, type Walk, writeEnd } from '../walk.ts'

type Wait = Extract<Step, { step: 'wait-for-person' }>
type WaitPlace = Place & { readonly step: Wait }

/**
 * Waits until a person has decided, answered or released, or until it expires. Called on entering, on being woken and when it
 * has expired (wake.ts); looks each time, and goes on waiting when nothing has happened.
 */
export async function waitForPersonStep(walk: Walk, place: WaitPlace): Promise<StepEnd> {
  const { house, run } = walk
  const { step } = place
  const before = walk.journal.get(place.path)
  // What a person brings is evidence too: whatever was judged before it is not the last word.
  walk.judged = null
  // On entering it is enough to look once the line is written.
  const happened = before === undefined && !run.dryRun ? null : await hasHappened(walk, place, house.db)
  if (happened !== null) return takeHappened(walk, place, happened)
  if (run.dryRun)
    return writeEnd(walk, house.db, place, { state: 'done', output: { wouldWaitFor: step.for, atMost: step.expires } })
  const now = house.clock.now()
  if (before?.deadline != null && now >= new Date(before.deadline)) {
    if (step.for === 'approval') return approvalExpired(walk, place)
    return writeEnd(walk, house.db, place, {
      state: 'timed-out',
      output: { waitedFor: step.for, since: before.startedAt },
    })
  }
  const end =
    before?.deadline == null ? await beginWait(walk, place, now) : await waitOn(walk, place, new Date(before.deadline))
  if (end.state !== 'waiting') return end
  // What happened between our look and our line found no waiting run to wake, so look once more; what happens from here on wakes us.
  const meanwhile = await hasHappened(walk, place, house.db)
  return meanwhile === null ? end : takeHappened(walk, place, meanwhile)
}

/** Nobody, or not enough people, signed in time. What happens then is what the playbook's next steps say: `choices` reads "no-answer". */
async function approvalExpired(walk: Walk, place: WaitPlace): Promise<StepEnd> {
  const { house, run } = walk
  return inStep(walk, place, async (tx) => {
    await lockAlert(tx, run.alertId)
    const approval = (await approvalsOfRun(tx, run.id, place.path)).at(-1)
    if (approval !== undefined && (await endApproval(tx, approval.id, 'expired', house.clock.now()))) {
      const body = { alertId: run.alertId, runId: run.id, state: 'expired', subjectSha256: approval.subjectSha256 }
      await append(
        tx,
        { kind: 'approval.ended', actor: 'system', subject: `approval:${approval.id}`, body },
        house.clock,
      )
      return { state: 'timed-out', output: { choice: 'no-answer', approval: approval.id } }
    }
    // Somebody signed the last signature while we were about to give up: theirs counts.
    const happened = await hasHappened(walk, place, tx)
    return happened === null
      ? { state: 'timed-out', output: { choice: 'no-answer' } }
      : { state: 'done', output: happened }
  })
}

function waitOn(walk: Walk, place: WaitPlace, deadline: Date): Promise<StepEnd> {
  return writeEnd(walk, walk.house.db, place, {
    state: 'waiting',
    waitingFor: place.step.for,
    deadline,
    input: undefined,
  })
}

async function beginWait(walk: Walk, place: WaitPlace, now: Date): Promise<StepEnd> {
  const { step } = place
  const deadline = new Date(now.getTime() + durationMs(step.expires))
  if (step.for === 'answer') {
    return inStep(walk, place, async (tx) => {
      const known = await loadKnown(walk, tx, [step.to ?? '', step.question ?? ''])
      return askPerson(walk, place, tx, known, deadline)
    })
  }
  const { approval: ask } = step
  if (step.for === 'approval' && ask !== undefined) {
    return inStep(walk, place, async (tx) => {
      await lockAlert(tx, walk.run.alertId)
      // Who owns the machine stands in the evidence.
      const asksOwner = ask.from.some(({ people, deputies }) => [...people, ...deputies].includes('owner:asset'))
      const texts = [ask.what, ask.about, ask.why, ask.changes, ask.ifSilent, asksOwner ? 'findings' : '']
      const known = await loadKnown(walk, tx, texts)
      const asking = { path: place.path, ask, known, deadline }
      const { id, subjectSha256 } = await askForApproval(walk, tx, asking)
      const input = { approval: id, subjectSha256, what: ask.what, remind: ask.remind }
      return { state: 'waiting', waitingFor: 'approval', deadline, input }
    })
  }
  const input = { expires: step.expires }
  return writeEnd(walk, walk.house.db, place, { state: 'waiting', waitingFor: step.for, deadline, input })
}

/** It has happened: the run walks on. */
async function takeHappened(walk: Walk, place: WaitPlace, happened: unknown): Promise<StepEnd> {
  const { house, run } = walk
  const end = { state: 'done', output: happened } as const
  if (!walk.journal.has(place.path)) return writeEnd(walk, house.db, place, end)
  return inStep(walk, place, async (tx) => {
    await lockAlert(tx, run.alertId)
    await setRunState(tx, run.id, 'running', null)
    return end
  })
}

/** What the wait is for, if it is there already. */
async function hasHappened(walk: Walk, place: WaitPlace, tx: Db): Promise<unknown> {
  const { alertId } = walk.run
  switch (place.step.for) {
    case 'decision': {
      const decision = await standingDecision(tx, alertId)
      return decision === null
        ? null
        : { decisionId: decision.id, outcome: decision.outcome, by: decision.by, at: decision.at }
    }
    case 'release': {
      const reply = await releasedReplyOf(tx, alertId)
      return reply === null ? null : reply
    }
    case 'approval': {
      const approval = (await approvalsOfRun(tx, walk.run.id, place.path)).at(-1)
      if (approval === undefined || (approval.state !== 'approved' && approval.state !== 'refused')) return null
      return {
        choice: approval.state,
        approval: approval.id,
        at: approval.endedAt,
        subjectSha256: approval.subjectSha256,
      }
    }
    case 'answer': {
      const asked = await personQuestionOfStep(tx, walk.run.id, place.path)
      if (asked?.answeredAt == null) return null
      return { answer: asked.answer, by: asked.email, at: asked.answeredAt, findingId: asked.findingId }
    }
  }
}

async function askPerson(walk: Walk, place: WaitPlace, tx: Db, known: Known, deadline: Date): Promise<StepEnd> {
  const { house, run } = walk
  const { step } = place
  const to = evaluate(step.to ?? '""', wordsFor(known))
  const email = to.kind === 'value' ? String(to.value ?? '').trim() : ''
  if (!/^[^\s@<>,;]+@[^\s@<>,;]+$/.test(email)) {
    return {
      state: 'skipped',
      error: to.kind === 'unknown' ? `nobody to ask: ${to.why}` : 'nobody to ask: there is no mail address',
    }
  }
  // Nobody is asked the same twice: an answer about this alert from this person counts here too.
  const earlier = (await personQuestionsOf(tx, run.alertId)).find(
    (asked) => asked.email.toLowerCase() === email.toLowerCase() && asked.answeredAt !== null,
  )
  if (earlier !== undefined)
    return {
      state: 'done',
      output: { answer: earlier.answer, by: earlier.email, at: earlier.answeredAt, findingId: earlier.findingId },
    }

  const what = renderText(step.question ?? '', wordsForText(known))
    .replace(/\s+/g, ' ')
    .trim()
  const findingId = onceId(walk, place.path, 'answer')
  if (step.remember !== undefined) {
    const asked = { alertId: run.alertId, runId: run.id, email, what }
    const take = { forMs: durationMs(step.remember), findingId, actor: `playbook:${run.playbookId}` }
    const remembered = await takeRemembered(house, tx, asked, take)
    if (remembered !== null) return { state: 'done', output: remembered }
  }
  const problem = await cannotReach(house, tx, [email])
  if (problem !== null) return { state: 'skipped', error: `nobody was asked: ${problem}` }
  const token = newSecret()
  const now = house.clock.now()
  await insertPersonQuestion(tx, token, {
    alertId: run.alertId,
    runId: run.id,
    stepPath: place.path,
    findingId,
    email,
    name: null,
    what,
    askedAt: now.toISOString(),
    expiresAt: deadline.toISOString(),
  })
  await house.mailNotice(tx, {
    id: onceId(walk, place.path, 'question'),
    kind: 'person-question',
    to: [email],
    about: { alertId: run.alertId, words: what, link: house.answerUrl(token), expiresAt: deadline.toISOString() },
    subject: `Was this you? (A-${known.alert.alert.number})`,
    text: `${what}\n\nPlease answer here, it takes one tap:\n${house.answerUrl(token)}\n\nThe link is for you alone and works once, until ${deadline.toISOString().slice(0, 16).replace('T', ' ')} UTC. If you are unsure, say so: that helps too.\n`,
  })
  await append(
    tx,
    {
      kind: 'person.asked',
      actor: `playbook:${run.playbookId}`,
      subject: `alert:${run.alertId}`,
      body: { runId: run.id, step: place.path, email, findingId },
    },
    house.clock,
  )
  return { state: 'waiting', waitingFor: 'answer', deadline, input: { to: email, what } }
}
