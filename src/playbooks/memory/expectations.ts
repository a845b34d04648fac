import { randomUUID } from 'node:crypto'
import { getAlert, lockAlert } from '../../db/alerts.ts'
import {
  alertsFitting,
  changeExpectation,
  expectationById,
  insertExpectation,
  lockExpectation,
  type NewExpectation,
  newestHit,
} from '../../db/expectations.ts'
import { addJob } from '../../db/jobs.ts'
import { notify, notifyAll } from '../../db/live.ts'
import { type Db, readOnly, transaction } from '../../db/open.ts'
import { type RecordedAlert, recordedByIds } from '../../db/recorded.ts'
import { insertTask } from '../../db/ticket-parts.ts'
import { userById } from '../../db/users.ts'
import { Trouble } from '../../kit/errors.ts'
import { isRange } from '../../kit/ip-ranges.ts'
import { stableId } from '../../kit/stable-id.ts'
import { append } from '../../ledger/append.ts'
import {
  type Expectation,
  type ExpectationDraft,
  type ExpectationPreview,
  expectationDaysMax,
  type PreviewRow,
  previewDays,
  previewRowsMax,
  reviewFrom,
} from '../../model/expectation.ts'
import { scopeWords } from '../../model/expectation-words.ts'
import { isInScope } from '../../triage/expectation.ts'
import type { House } from '../house.ts'
import { type Matched, matchOf, problemOfCondition } from './match.ts'

type Desk = Pick<House, 'db' | 'clock'>
type Held = Pick<Expectation, 'scope' | 'condition' | 'outcome'>

const dayMs = 86_400_000
/** Alerts in scope that a preview looks at; more than fifty a day for three months is a rule to change. */
const inScopeMax = 5000
const batchMax = 50
export const reviewJob = 'review-expectation'

function check(draft: ExpectationDraft): void {
  const { scope, condition } = draft
  const fields: Record<string, string> = {}
  if ([scope.rule, scope.host, scope.account, scope.range].every((part) => part === null))
    fields['scope'] = 'Name a rule, a host, an account or an address range: a provider alone is too wide'
  if (scope.range !== null && !isRange(scope.range)) fields['range'] = 'Write a range such as 192.0.2.0/24'
  const problem = problemOfCondition(condition)
  if (problem !== null) fields['condition'] = problem
  if (Object.keys(fields).length > 0) throw new Trouble('input.invalid', { fields })
}

/**
 * What a scope and condition would have matched in the last 90 days, by recorded alerts and recorded answers. Changes nothing. `match` says of
 * each alert in scope whether it holds; by the condition when it is left out.
 */
export async function previewOf(
  db: Db,
  held: Held,
  sample: boolean,
  now: Date,
  match: (recorded: RecordedAlert) => Matched | null = ({ record, findings }) => matchOf(held, record, findings),
): Promise<ExpectationPreview> {
  const from = new Date(now.getTime() - previewDays * dayMs)
  return readOnly(db, async (tx) => {
    const fitting = await alertsFitting(tx, held.scope, { from, to: now, sample }, inScopeMax)
    const ids = fitting.slice(0, inScopeMax).map(({ id }) => id)
    const rows: PreviewRow[] = []
    for (let at = 0; at < ids.length; at += batchMax) {
      for (const recorded of await recordedByIds(tx, ids.slice(at, at + batchMax))) {
        const { record, decision } = recorded
        const matched = match(recorded)
        if (matched === null) continue
        const { id, number, receivedAt } = record.alert
        const outcome = decision?.outcome ?? null
        const hidden = matched.kind === 'holds' && (outcome === 'incident' || outcome === 'minor-trouble')
        rows.push({
          alertId: id,
          number,
          receivedAt,
          ...matched,
          outcome,
          hidden,
          title: record.alert.rule ?? record.alert.title,
        })
      }
    }
    const holds = rows.filter(({ kind }) => kind === 'holds')
    const hidden = holds.filter((row) => row.hidden).length
    const agrees = holds.filter(({ outcome }) => outcome === held.outcome).length
    const open = holds.filter(({ outcome }) => outcome === null).length
    return {
      ...{ from: from.toISOString(), to: now.toISOString(), inScope: rows.length, holds: holds.length },
      contradicted: rows.filter(({ kind }) => kind === 'contradicted').length,
      unknown: rows.filter(({ kind }) => kind === 'unknown').length,
      ...{ agrees, open, hidden, otherwise: holds.length - agrees - open - hidden },
      cut: fitting.length > inScopeMax,
      rows: rows.toSorted((a, b) => Number(b.hidden) - Number(a.hidden)).slice(0, previewRowsMax),
    }
  })
}

/** A preview for a page, before anything is kept. Throws Trouble('input.invalid') with the field that is wrong. */
export async function previewExpectation(house: Desk, draft: ExpectationDraft): Promise<ExpectationPreview> {
  check(draft)
  return previewOf(house.db, draft, await isSample(house.db, draft), house.clock.now())
}

async function isSample(db: Db, { alertId }: ExpectationDraft): Promise<boolean> {
  if (alertId === null) return false
  const record = await getAlert(db, alertId)
  if (record === null) throw new Trouble('input.invalid', { fields: { alertId: 'There is no such alert' } })
  return record.alert.sample
}

/** It would have hidden harm: refused whoever asks, see docs/decisions/0016. */
function refuseHidden({ hidden, rows }: ExpectationPreview): void {
  if (hidden === 0) return
  const named = rows.filter((row) => row.hidden).map(({ number, outcome }) => `A-${number} (${outcome})`)
  const says = `It would have hidden ${named.slice(0, 5).join(', ')}${hidden > 5 ? ` and ${hidden - 5} more` : ''}. Narrow the scope or the condition until it does not.`
  throw new Trouble('input.invalid', { fields: { preview: says } })
}

/** Keeps an expectation, after a preview of its own that found no harm hidden. It proposes from now on; it decides only when its owner says so. */
export async function addExpectation(
  house: Desk,
  adding: { readonly draft: ExpectationDraft; readonly owner: string; readonly by: string },
): Promise<{ readonly id: string; readonly number: number }> {
  const { draft, by } = adding
  check(draft)
  const sample = await isSample(house.db, draft)
  if (draft.scope.range !== null && draft.alertId !== null) {
    const record = await getAlert(house.db, draft.alertId)
    if (record !== null && !isInScope(draft.scope, record.alert))
      throw new Trouble('input.invalid', { fields: { range: 'The alert it is made from is not in this scope' } })
  }
  const at = house.clock.now()
  const preview = await previewOf(house.db, draft, sample, at)
  refuseHidden(preview)
  const fresh = freshOf(draft, { owner: adding.owner, sample, preview, by, at })
  return { id: fresh.id, number: await transaction(house.db, (tx) => keep(house, tx, fresh)) }
}

type Made = Pick<NewExpectation, 'owner' | 'sample' | 'preview' | 'by' | 'at'>

function freshOf({ scope, condition, outcome, reason, days, alertId }: ExpectationDraft, made: Made): NewExpectation {
  const expiresAt = new Date(made.at.getTime() + days * dayMs)
  return { ...made, id: randomUUID(), scope, condition, outcome, reason, sourceAlert: alertId, expiresAt }
}

/** Its row, its line, its review and the news of it; its number. */
async function keep(house: Desk, tx: Db, fresh: NewExpectation): Promise<number> {
  const number = await insertExpectation(tx, fresh)
  const { id, scope, condition, outcome, reason, owner, sourceAlert, at, expiresAt } = fresh
  const { rows: _, ...preview } = fresh.preview
  const body = { number, scope, condition, outcome, reason, owner, expiresAt: expiresAt.toISOString(), preview }
  await append(tx, { kind: 'expectation.added', actor: fresh.by, subject: `expectation:${id}`, body }, house.clock)
  await queueReview(tx, id, at, expiresAt)
  await notifyAll(tx, ['expectations', ...(sourceAlert === null ? [] : [`alert:${sourceAlert}`])])
  return number
}

async function queueReview(tx: Db, id: string, from: Date, expiresAt: Date): Promise<void> {
  const runAt = reviewFrom({ fromAt: from.toISOString(), expiresAt: expiresAt.toISOString() })
  await addJob(tx, reviewJob, { expectationId: id }, { key: `${reviewJob}:${id}`, runAt })
}

type On = { readonly id: string; readonly by: string }

/** One act on an expectation that stands. Throws 'not.found', or 'state.conflict' when it was retired. */
async function act(
  house: Desk,
  { id, by }: On,
  what: (
    tx: Db,
    seen: Expectation,
  ) => Promise<{
    readonly kind: 'expectation.retired' | 'expectation.renewed' | 'expectation.decides'
    readonly body: Record<string, unknown>
  }>,
): Promise<void> {
  await transaction(house.db, async (tx) => {
    await lockExpectation(tx, id)
    const seen = await expectationById(tx, id, house.clock.now())
    if (seen === null) throw new Trouble('not.found', { id })
    if (seen.retired !== null)
      throw new Trouble('state.conflict', { fields: { expectation: 'It was retired already.' } })
    const { kind, body } = await what(tx, seen)
    await append(tx, { kind, actor: by, subject: `expectation:${id}`, body }, house.clock)
    await notify(tx, 'expectations')
  })
}

/** Takes an expectation out of use; its matches stay. */
export async function retireExpectation(house: Desk, on: On & { readonly reason: string }): Promise<void> {
  await act(house, on, async (tx) => {
    await changeExpectation(tx, on.id, { retired: { by: on.by, at: house.clock.now(), reason: on.reason } })
    return { kind: 'expectation.retired', body: { reason: on.reason } }
  })
}

/** Begins its time anew, after a new preview; one that held for harm meanwhile is not renewed. */
export async function renewExpectation(house: Desk, on: On & { readonly days: number }): Promise<void> {
  if (on.days < 1 || on.days > expectationDaysMax)
    throw new Trouble('input.invalid', { fields: { days: `From 1 to ${expectationDaysMax} days` } })
  await act(house, on, async (tx, seen) => {
    const at = house.clock.now()
    const preview = await previewOf(house.db, seen, seen.sample, at)
    refuseHidden(preview)
    const expiresAt = new Date(at.getTime() + on.days * dayMs)
    await changeExpectation(tx, on.id, { renewed: { at, expiresAt, preview } })
    await queueReview(tx, on.id, at, expiresAt)
    return { kind: 'expectation.renewed', body: { expiresAt: expiresAt.toISOString() } }
  })
}

/** What one that is there would have matched in the last 90 days, as of now: what its review goes by. */
export async function previewAgain(house: Desk, id: string): Promise<ExpectationPreview> {
  const now = house.clock.now()
  const seen = await expectationById(house.db, id, now)
  if (seen === null) throw new Trouble('not.found', { id })
  return previewOf(house.db, seen, seen.sample, now)
}

/** Another condition or reason for the same scope: the one that stood is retired, and a new one of the same owner begins, which only proposes. */
export async function changeCondition(
  house: Desk,
  on: On & Pick<ExpectationDraft, 'condition' | 'reason' | 'days'>,
): Promise<{ readonly id: string; readonly number: number }> {
  const at = house.clock.now()
  return transaction(house.db, async (tx) => {
    await lockExpectation(tx, on.id)
    const seen = await expectationById(tx, on.id, at)
    if (seen === null) throw new Trouble('not.found', { id: on.id })
    if (seen.retired !== null)
      throw new Trouble('state.conflict', { fields: { expectation: 'It was retired already.' } })
    const { condition, reason, days, by } = on
    const draft = { ...seen, condition, reason, days, alertId: seen.sourceAlert?.id ?? null }
    check(draft)
    const preview = await previewOf(house.db, draft, seen.sample, at)
    refuseHidden(preview)
    const fresh = freshOf(draft, { owner: seen.owner.id, sample: seen.sample, preview, by, at })
    const number = await keep(house, tx, fresh)
    const retired = { by, at, reason: `Changed: E-${number} is in its place.` }
    await changeExpectation(tx, on.id, { retired })
    const line = { actor: by, subject: `expectation:${on.id}`, body: { reason: retired.reason, by: fresh.id } }
    await append(tx, { kind: 'expectation.retired', ...line }, house.clock)
    return { id: fresh.id, number }
  })
}

/** Only its owner lets an expectation decide, and only one that names a rule and has hidden nothing; anybody who may can stop it. */
export async function letDecide(
  house: Desk,
  on: On & { readonly userId: string; readonly decides: boolean },
): Promise<void> {
  await act(house, on, async (tx, seen) => {
    if (on.decides && seen.owner.id !== on.userId)
      throw new Trouble('input.invalid', {
        fields: { decides: `Only its owner, ${seen.owner.name}, lets it decide by itself.` },
      })
    if (on.decides && (seen.scope.rule === null || seen.against > 0))
      throw new Trouble('input.invalid', {
        fields: {
          decides:
            seen.against > 0 ? 'It held for an alert that was harm.' : 'One that names no rule is too wide to decide.',
        },
      })
    await changeExpectation(tx, on.id, { decides: on.decides })
    return { kind: 'expectation.decides', body: { decides: on.decides } }
  })
}

/** Some days before it runs out its owner gets a task, on the newest alert it held for, and a mail. Once for each time it counts. */
export async function reviewExpectation(
  house: Pick<House, 'db' | 'clock' | 'mailNotice' | 'cannotMail'>,
  id: string,
): Promise<void> {
  const now = house.clock.now()
  await transaction(house.db, async (tx) => {
    await lockExpectation(tx, id)
    const seen = await expectationById(tx, id, now)
    if (seen === null || seen.retired !== null || seen.sample) return
    if (reviewFrom(seen).getTime() - now.getTime() > dayMs) return
    const title =
      `Review E-${seen.number} (${scopeWords(seen.scope)}): it runs out on ${seen.expiresAt.slice(0, 10)}`.slice(0, 300)
    const alertId = (await newestHit(tx, id)) ?? seen.sourceAlert?.id ?? null
    if (alertId !== null && (await lockAlert(tx, alertId))) {
      const task = {
        id: randomUUID(),
        alertId,
        title,
        owner: seen.owner.id,
        dueAt: new Date(seen.expiresAt),
        by: 'system',
        at: now,
      }
      await insertTask(tx, task)
      const body = { task: task.id, title, act: 'added', owner: seen.owner.id, expectation: id }
      await append(tx, { kind: 'ticket.task', actor: 'system', subject: `alert:${alertId}`, body }, house.clock)
      await notify(tx, `alert:${alertId}`)
    }
    const owner = await userById(tx, seen.owner.id)
    if (owner === null || house.cannotMail([owner.email]) !== null) return
    await house.mailNotice(tx, {
      id: stableId('expectation-review', id, seen.expiresAt),
      ...{ kind: 'notify', to: [owner.email], subject: title },
      text: `${title}.\n\nIt held for ${seen.hits} alerts, decided ${seen.decided} of them by itself, and ${seen.against} turned out to be harm.\nUntil somebody renews it, it only proposes; then it ends. Renew it, change it or let it go: W in the queue.\n`,
    })
  })
}
