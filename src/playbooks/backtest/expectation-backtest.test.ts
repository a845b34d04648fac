import { expect, test } from 'vitest'
import type { RecordedAlert } from '../../db/recorded.ts'
import type { Finding } from '../../model/finding.ts'
import type { Decision, Outcome } from '../../model/triage.ts'
import { sampleAlert, sampleFinding } from '../../triage/evidence.sample.ts'
import { expectationLookBack, type TriedExpectation } from './expectation-backtest.ts'

const alert = sampleAlert({ severity: 'low' })
const tried: TriedExpectation = {
  ...{
    id: '0190a5f0-0000-7000-8000-000000000009',
    number: 3,
    outcome: 'false-alarm-benign',
    reason: 'Backup.',
    decides: false,
  },
  scope: { provider: null, rule: 'suspicious powershell', host: 'PAY-DB-01', account: null, range: null },
  condition: 'answers.change_window_of_asset.found',
}

function recorded(findings: readonly Finding[], outcome: Outcome | null, changes = {}): RecordedAlert {
  const decision: Decision | null =
    outcome === null
      ? null
      : {
          ...{ id: '0190a5f0-0000-7000-8000-000000000008', alertId: alert.id, outcome, reason: 'x', cites: [] },
          ...{ withoutEvidence: true, by: 'user:1', at: alert.receivedAt, undoneAt: null },
        }
  const record = {
    alert: { ...alert, ...changes },
    judgement: null,
    priority: 0,
    filledAt: null,
    outcome,
    decidedAt: null,
    version: 1,
  }
  return { record, findings, ran: findings, decision, history: [], playbookId: null }
}

const changed = sampleFinding('change-window-of-asset', 'found', { answer: { changes: [] } })
const lookBack = expectationLookBack(tried)

test('where it holds, the proposal that would have been made is told, and an incident it would have hidden is named', () => {
  const row = lookBack(recorded([changed], 'incident'))
  expect(row.verdict).toBe('different')
  expect(row.changes).toContainEqual({ what: 'hidden harm', was: 'Incident', now: 'False alarm: benign trigger' })
  expect(row.changes).toContainEqual({ what: 'proposal', was: 'none', now: 'False alarm: benign trigger' })
  expect(lookBack(recorded([changed], 'false-alarm-benign')).changes.map(({ what }) => what)).toEqual(['proposal'])
})

test.each([
  [[sampleFinding('change-window-of-asset', 'nothing')], {}, 'same'],
  [[sampleFinding('change-window-of-asset', 'failed')], {}, 'unknown'],
  [[], {}, 'unknown'],
  [[changed], { host: 'other', entity: 'other' }, 'not-concerned'],
] as const)('%#: %s', (findings, changes, verdict) => {
  expect(lookBack(recorded(findings, null, changes)).verdict).toBe(verdict)
})
