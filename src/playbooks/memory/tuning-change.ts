import { notifyAll } from '../../db/live.ts'
import { transaction } from '../../db/open.ts'
import { repliesOf } from '../../db/replies.ts'
import { saveTuningChange } from '../../db/tuning.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import { append } from '../../ledger/append.ts'
import type { Alert } from '../../model/alert.ts'
import { previewDays } from '../../model/expectation.ts'
import type { LogWindow } from '../../model/lake.ts'
import type { LeftOut, TuningChange, TuningRequest, TuningTrial } from '../../model/tuning.ts'
import type { House } from '../house.ts'
import { previewOf } from './expectations.ts'
import { type Matched, matchOf, problemOfCondition } from './match.ts'
import { tuningNow } from './tuning-now.ts'

export type ChangeDesk = Pick<House, 'db' | 'clock' | 'draftReply'> & {
  /** What is wrong with a Sigma filter, in words; null: nothing. */
  readonly problemOfFilter: (text: string) => string | null
  /** What a Sigma filter would leave out of our own logs. */
  readonly tryFilter: (text: string, window: LogWindow) => Promise<LeftOut>
  /** The draft of an alert's answer, made where there is none. */
  readonly draft: (alertId: string, by: string) => Promise<string>
  readonly saveText: (replyId: string, text: string, version: number, by: string) => Promise<number>
}

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
/** An alert comes so long after the event it is about, or names its time so roughly; what lies nearer is taken for the same. */
export const nearMinutes = 15

/**
 * What a proposed change would have done to the last 90 days. A condition is held against the recorded alerts of the request. A Sigma filter is
 * run over our own logs; an alert is left out when an event that the filter leaves out lies within 15 minutes of it and names its machine,
 * account or address, and nobody can tell where the logs do not reach. Throws Trouble('input.invalid') with what is wrong with the text.
 */
export async function tryChange(desk: ChangeDesk, id: string, change: TuningChange): Promise<TuningTrial> {
  return trialOf(desk, await requestOf(desk, id), change)
}

async function requestOf(desk: Pick<ChangeDesk, 'db' | 'clock'>, id: string): Promise<TuningRequest> {
  const [request] = await tuningNow(desk.db, { id }, desk.clock.now())
  if (request === undefined) throw new Trouble('not.found', { id })
  return request
}

async function trialOf(desk: ChangeDesk, request: TuningRequest, change: TuningChange): Promise<TuningTrial> {
  const problem = change.kind === 'condition' ? problemOfCondition(change.text) : desk.problemOfFilter(change.text)
  if (problem !== null) throw new Trouble('input.invalid', { fields: { text: problem } })
  const now = desk.clock.now()
  const scope = { provider: request.providerId, rule: request.rule, host: request.entity, account: null, range: null }
  const held = { scope, condition: change.kind === 'condition' ? change.text : '', outcome: 'tune' as const }
  if (change.kind === 'condition') return { preview: await previewOf(desk.db, held, request.sample, now), logs: null }
  const window = { from: new Date(now.getTime() - previewDays * dayMs).toISOString(), to: now.toISOString() }
  const logs = await desk.tryFilter(change.text, window)
  const preview = await previewOf(desk.db, held, request.sample, now, ({ record, findings }) =>
    matchOf(held, record, findings) === null ? null : nearEvent(record.alert, logs),
  )
  if (logs.kind === 'could-not-look') return { preview, logs }
  const { shown: _, ...counts } = logs
  return { preview, logs: counts }
}

/** Would the filter have left this alert out? */
export function nearEvent(alert: Alert, logs: LeftOut): Matched {
  if (logs.kind === 'could-not-look') return { kind: 'unknown', why: `Could not look: ${logs.why}` }
  const at = Date.parse(alert.occurredAt ?? alert.receivedAt)
  const names = namesOf(alert)
  const near = logs.shown.find(
    (event) =>
      Math.abs(Date.parse(event.time) - at) <= nearMinutes * minuteMs &&
      event.names.some((name) => names.has(name) || names.has(name.split('.')[0] ?? name)),
  )
  if (near !== undefined) return { kind: 'holds', why: `An event of ${near.time.slice(0, 19)}Z is left out.` }
  const reach = {
    from: Date.parse(logs.logs.from) - nearMinutes * minuteMs,
    to: Date.parse(logs.logs.to) + nearMinutes * minuteMs,
  }
  if (at < reach.from || at > reach.to) return { kind: 'unknown', why: 'There are no logs of that time here.' }
  const last = logs.shown.at(-1)
  if (logs.events > logs.shown.length && last !== undefined && at >= Date.parse(last.time) - nearMinutes * minuteMs)
    return { kind: 'unknown', why: `Only the first ${logs.shown.length} of ${logs.events} events were looked at.` }
  return { kind: 'contradicted', why: 'No event near it is left out.' }
}

/** A filter that names a machine by its first label means the same machine. */
function namesOf({ host, entity, account, source, destination }: Alert): ReadonlySet<string> {
  const names = [host, entity, account, source, destination].flatMap((name) =>
    name === null ? [] : [name.toLowerCase()],
  )
  return new Set(names.flatMap((name) => (/^[\d.:a-f]*$/.test(name) ? [name] : [name, name.split('.')[0] ?? name])))
}

/**
 * Proposes a change to the provider: it is tried once more, kept with the request, and stands with its back-test in the answer, for a person to
 * review and release. Refused where it would have hidden an incident or minor trouble (decision 0016).
 */
export async function proposeChange(
  desk: ChangeDesk,
  proposing: { readonly id: string; readonly change: TuningChange; readonly by: string },
): Promise<{ readonly replyId: string }> {
  const { id, change, by } = proposing
  const request = await requestOf(desk, id)
  if (request.state === 'withdrawn' || request.state === 'refused')
    throw new Trouble('state.conflict', { fields: { change: 'This request is over.' } })
  const trial = await trialOf(desk, request, change)
  if (trial.preview.hidden > 0) {
    const named = trial.preview.rows.filter(({ hidden }) => hidden).map(({ number }) => `A-${number}`)
    throw new Trouble('input.invalid', {
      fields: { text: `It would have hidden harm: ${named.slice(0, 5).join(', ')}. Ask for less.` },
    })
  }
  const words = changeWords(request, change, trial)
  const replyId =
    request.asked === null ? await intoDraft(desk, request, words, by) : await asFollowUp(desk, request, change, words)
  const { rows: _, ...counts } = trial.preview
  await transaction(desk.db, async (tx) => {
    const kept = { ...change, trial: { preview: counts, logs: trial.logs }, by, at: desk.clock.now().toISOString() }
    await saveTuningChange(tx, id, kept)
    const body = { kind: change.kind, sha256: sha256Hex(change.text), replyId, trial: { ...counts, logs: trial.logs } }
    await append(tx, { kind: 'tuning.proposed', actor: by, subject: `tuning:${id}`, body }, desk.clock)
    await notifyAll(tx, ['tuning', `alert:${request.alert.id}`])
  })
  return { replyId }
}

/** The answer that asks for the first time has it below what it says already. */
async function intoDraft(desk: ChangeDesk, request: TuningRequest, words: string, by: string): Promise<string> {
  const replyId = await desk.draft(request.alert.id, by)
  const found = (await repliesOf(desk.db, request.alert.id)).find(({ reply }) => reply.id === replyId)
  if (found === undefined) throw new Trouble('not.found', { replyId })
  if (found.reply.state !== 'draft')
    throw new Trouble('state.conflict', { fields: { change: 'The answer is about to leave: take it back first.' } })
  if (!found.reply.text.includes(words))
    await desk.saveText(replyId, `${found.reply.text.trimEnd()}\n\n${words}\n`, found.reply.version, by)
  return replyId
}

async function asFollowUp(
  desk: ChangeDesk,
  request: TuningRequest,
  change: TuningChange,
  words: string,
): Promise<string> {
  const asked = request.asked?.at.slice(0, 10) ?? ''
  const text = [
    'Hello,',
    `on ${asked} we asked you to tune the rule "${request.rule}" (our TR-${request.number}). This is what we propose.`,
    words,
    'The same decision in machine-readable form is attached (counterfoil.json).',
    '',
  ].join('\n\n')
  const named = `change ${sha256Hex(`${change.kind}\n${change.text}`)}`
  return (await transaction(desk.db, (tx) => desk.draftReply(tx, request.alert.id, text, false, named))).replyId
}

function changeWords(request: TuningRequest, change: TuningChange, { preview, logs }: TuningTrial): string {
  const what =
    change.kind === 'condition' ? 'leave out alerts for which this condition holds' : 'join this Sigma filter to it'
  const about = request.entity === null ? '' : ` about ${request.entity}`
  const { inScope, holds, unknown } = preview
  const told = [
    `Tried on our records of ${preview.from.slice(0, 10)} to ${preview.to.slice(0, 10)}: of ${inScope} alerts of this rule${about}, ${holds} would not have come; none of these was an incident or minor trouble.`,
    ...(unknown === 0 ? [] : [`For ${unknown} we cannot tell.`]),
    ...(logs === null || logs.kind === 'could-not-look'
      ? []
      : [
          `In our own logs it leaves out ${logs.events} events${logs.first === null ? '' : `, from ${logs.first.slice(0, 10)} to ${logs.last?.slice(0, 10)}`}.`,
        ]),
  ]
  const quoted = change.text.split('\n').map((line) => `    ${line}`)
  return [
    `Proposed change of the rule "${request.rule}" (TR-${request.number}): ${what}.`,
    quoted.join('\n'),
    told.join(' '),
  ].join('\n\n')
}
