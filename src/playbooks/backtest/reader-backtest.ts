import type { RecordedAlert, RecordedMessage } from '../../db/recorded.ts'
import type { Alert, Field, Reading } from '../../model/alert.ts'
import type { BacktestChange, BacktestRow } from '../../model/backtest.ts'
import type { Provider } from '../../model/provider.ts'
import { readJson, readLetter } from '../../providers/read.ts'
import type { Reader } from '../../providers/reader.ts'
import { judge } from '../../triage/judge.ts'
import { changed, judgementChanges, resultOf } from './playbook-backtest.ts'

const fields = ['ticket', 'rule', 'severityText', 'status', 'source', 'destination', 'host', 'account', 'portalUrl', 'question'] as const // biome-ignore format: one line
const valueMax = 200

/**
 * Reads one recorded message again with a reader among (before) those of the house, and says which fields come out differently. A message that
 * opened its alert is judged again as well, with the evidence that was recorded. Pure.
 */
export function lookAtMessage(
  reader: Reader,
  message: RecordedMessage,
  context: { readonly provider: Provider | null; readonly recorded: RecordedAlert | null },
): BacktestRow {
  const { provider, recorded } = context
  const reading = readAgain(reader, message, provider)
  const concerned = reading.reader === reader.id || message.reading.reader === reader.id
  const changes = concerned ? readingChanges(message.reading, reading) : []
  const judged = concerned && message.opened && recorded !== null ? judgedAgain(recorded, message, reading) : null
  const all = [...changes, ...(judged?.changes ?? [])]
  return {
    alertId: message.alertId,
    number: recorded?.record.alert.number ?? null,
    messageId: message.id,
    title: message.reading.title,
    receivedAt: message.receivedAt,
    verdict: concerned ? (all.length > 0 ? 'different' : 'same') : 'not-concerned',
    changes: all,
    was: judged?.was ?? null,
    now: judged?.now ?? null,
    decision: message.opened ? (recorded?.decision?.outcome ?? null) : null,
    asked: 0,
    unrecorded: [],
    effects: [],
  }
}

function readAgain(reader: Reader, message: RecordedMessage, provider: Provider | null): Reading {
  const context = { provider, receivedAt: message.receivedAt, taught: [reader] }
  if (message.letter !== null) return readLetter(message.letter, context)
  return message.json === null ? message.reading : readJson(message.json, context)
}

const valueOf = (field: Field | null): string => (field === null ? 'not read' : field.value.slice(0, valueMax))

function readingChanges(was: Reading, now: Reading): readonly BacktestChange[] {
  const observables = ({ observables }: Reading): string =>
    [...new Set(observables.map(({ type, value }) => `${type} ${value}`))].sort().join(', ')
  const same = observables(was) === observables(now)
  return [
    ...changed('reader', was.reader, now.reader),
    ...changed('kind', was.kind, now.kind),
    ...fields.flatMap((field) => changed(field, valueOf(was[field]), valueOf(now[field]))),
    ...changed('severity', was.severity, now.severity),
    ...changed('title', was.title.slice(0, valueMax), now.title.slice(0, valueMax)),
    ...changed('occurredAt', was.occurredAt ?? 'not read', now.occurredAt ?? 'not read'),
    ...(same ? [] : changed('observables', String(was.observables.length), `${now.observables.length}, others`)),
    ...changed('delivered', rungsOf(was), rungsOf(now)),
  ]
}

const rungsOf = ({ delivered }: Reading): string => delivered.map(({ rung }) => rung).sort().join(', ') || 'none' // biome-ignore format: one line

/** The alert as this reading would have made it, judged by the evidence that was recorded. */
function judgedAgain(recorded: RecordedAlert, message: RecordedMessage, reading: Reading) {
  const { record, findings, history, playbookId } = recorded
  const now = new Date(record.filledAt ?? record.alert.receivedAt)
  const judgedOf = (read: Reading) =>
    resultOf(judge({ alert: alertWith(record.alert, read), findings, history, now }), playbookId)
  const before = judgedOf(message.reading)
  const after = judgedOf(reading)
  return { was: before, now: after, changes: judgementChanges(before, after) }
}

function alertWith(alert: Alert, reading: Reading): Alert {
  return {
    ...alert,
    ticket: reading.ticket?.value ?? null,
    rule: reading.rule?.value ?? null,
    severity: reading.severity,
    title: reading.title,
    entity: reading.entity,
    host: reading.host?.value ?? null,
    account: reading.account?.value ?? null,
    source: reading.source?.value ?? null,
    destination: reading.destination?.value ?? null,
    occurredAt: reading.occurredAt,
    reading,
  }
}
