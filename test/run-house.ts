import { changeAlert, getAlert, lockAlert } from '../src/db/alerts.ts'
import { insertDecision } from '../src/db/decisions.ts'
import { transaction } from '../src/db/open.ts'
import { getRun, listRuns } from '../src/db/runs.ts'
import { stableId } from '../src/kit/stable-id.ts'
import type { Playbook } from '../src/model/playbook.ts'
import { libraryOf } from '../src/playbooks/library.ts'
import { startRun } from '../src/playbooks/on-alert.ts'
import { readMessage } from '../src/playbooks/read-message.ts'
import { makeReceive } from '../src/playbooks/receive.ts'
import { onDecision } from '../src/playbooks/wake.ts'
import { alertBody, mail, type TestHouse } from './house.ts'

export const still = new AbortController().signal
let mails = 0

/** An alert of its own for one test, by a mail through the whole way in; with the run its playbook started. */
export async function alertIn(house: TestHouse, body = alertBody): Promise<{ alertId: string; runId: string }> {
  mails += 1
  const receipt = await makeReceive(house)(
    mail(`Alert ${mails}`, `${body}Test: ${mails}\n`, { 'Message-ID': `<${mails}@engine.example>` }),
  )
  await readMessage(house, receipt.id, 1)
  const row = await house.db
    .selectFrom('message')
    .select('alert_id')
    .where('id', '=', receipt.id)
    .executeTakeFirstOrThrow()
  const alertId = row.alert_id ?? ''
  const [run] = await listRuns(house.db, { alertId })
  return { alertId, runId: run?.id ?? '' }
}

export async function decideOn(house: TestHouse, alertId: string): Promise<void> {
  await transaction(house.db, async (tx) => {
    await lockAlert(tx, alertId)
    const record = await getAlert(tx, alertId)
    await changeAlert(tx, alertId, record?.version ?? -1, {
      state: 'decided',
      outcome: 'false-alarm-benign',
      decidedAt: new Date(),
    })
    await insertDecision(tx, {
      id: stableId('decision', alertId),
      alertId,
      outcome: 'false-alarm-benign',
      reason: 'planned',
      cites: [],
      withoutEvidence: true,
      by: 'user:1',
      at: new Date().toISOString(),
    })
    await onDecision(tx, alertId)
  })
}

export const step = { csf: 'DE.AE-07', phase: 'analysis' as const }
export const waitFor = (id: string, expires = '1h') => ({
  ...step,
  id,
  step: 'wait-for-person' as const,
  title: id,
  for: 'decision' as const,
  expires,
})
export function playbookOf(id: string, steps: Playbook['steps'], version = 1): Playbook {
  return { playbook: 1, id, version, title: id, description: '', on: 'manual', priority: 50, steps }
}

export async function started(house: TestHouse, playbook: Playbook): Promise<{ alertId: string; runId: string }> {
  const { alertId } = await alertIn(house)
  const runId = await transaction(house.db, (tx) =>
    startRun({ ...house, library: libraryOf([playbook, ...house.library.all]) }, tx, {
      playbook,
      alertId,
      trigger: 'test',
    }),
  )
  return { alertId, runId }
}

export const journal = async (house: TestHouse, runId: string): Promise<string[]> =>
  (await getRun(house.db, runId))?.journal.map((line) => `${line.path} ${line.state}`) ?? []
