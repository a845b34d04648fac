import { randomUUID } from 'node:crypto'
import { afterAll } from 'vitest'
import { getAlert } from '../src/db/alerts.ts'
import { insertFindings } from '../src/db/findings.ts'
import { transaction } from '../src/db/open.ts'
import { fixedClock } from '../src/kit/clock.ts'
import type { ExpectationDraft } from '../src/model/expectation.ts'
import type { FindingKind } from '../src/model/finding.ts'
import type { Outcome } from '../src/model/triage.ts'
import { decide } from '../src/playbooks/decide.ts'
import type { Notice } from '../src/playbooks/house.ts'
import { loadLibrary } from '../src/playbooks/load.ts'
import { addExpectation } from '../src/playbooks/memory/expectations.ts'
import { readMessage } from '../src/playbooks/read-message.ts'
import { makeReceive } from '../src/playbooks/receive.ts'
import { rejudge } from '../src/playbooks/rejudge.ts'
import { freshDatabase } from './database.ts'
import { mail, testHouse } from './house.ts'
import { addPeople } from './people.ts'

/** An expectation of a rule on one machine. */
export const draft = (rule: string, changes: Partial<ExpectationDraft> = {}): ExpectationDraft => ({
  scope: { provider: null, rule, host: 'ws-1', account: null, range: null },
  ...{ condition: '', outcome: 'false-alarm-benign', reason: 'Our backup does that.', days: 90, alertId: null },
  ...changes,
})

const change = {
  ...{ id: 'CHG-1', title: 'Patch day', owner: null },
  ...{ from: '2026-01-01T00:00:00.000Z', to: '2027-01-01T00:00:00.000Z' },
}

/** A house that remembers, with two leads, for the tests of one file: alerts come in, are answered by its sources and decided by Kari. */
export async function memoryHouse() {
  const clock = fixedClock('2026-11-23T09:00:00Z')
  const notices: Notice[] = []
  const database = await freshDatabase()
  afterAll(() => database.close())
  const house = {
    ...(await testHouse(database, { library: await loadLibrary(['content/playbooks']), clock })),
    cannotMail: () => null,
    mailNotice: async (_tx: unknown, notice: Notice) => void notices.push(notice),
  }
  const [kari, ida] = await addPeople(database.db, [
    { name: 'Kari Dahl', role: 'lead' },
    { name: 'Ida Holm', role: 'lead' },
  ])
  const by = `user:${kari.id}`
  let count = 0

  /** A new alert of a rule about a machine; its id. */
  const newAlert = async (rule: string, host = 'ws-1', source = '192.0.2.7'): Promise<string> => {
    count += 1
    const body = `Ticket: N-${count}\nRule: ${rule}\nSeverity: Low\nHost: ${host}\nSource IP: ${source}\nDestination IP: 198.51.100.9\n`
    const raw = mail(`[N-${count}] Low: ${rule}`, body, { 'Message-ID': `<m${count}@provider.example>` })
    const { id } = await makeReceive(house)(raw)
    await readMessage(house, id, 1)
    const row = await database.db
      .selectFrom('message')
      .select('alert_id')
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
    return String(row.alert_id)
  }

  const decided = async (alertId: string, outcome: Outcome): Promise<string> => {
    const version = (await getAlert(database.db, alertId))?.version ?? 0
    const { decisionId } = await decide(house, {
      ...{ alertId, outcome, reason: 'Looked at.', cites: [], withoutEvidence: true, version, by },
    })
    return decisionId
  }

  /** The questions of its playbook were answered so. */
  const answered = async (alertId: string, kind: FindingKind): Promise<void> => {
    const asked = { id: randomUUID(), alertId, runId: null, question: 'change-window-of-asset' as const, ask: {} }
    const finding = {
      ...{ ...asked, connector: 'calendar', kind, answer: kind === 'found' ? { changes: [change] } : null },
      ...{
        why: kind === 'failed' ? 'no answer' : '',
        query: '',
        windowFrom: null,
        windowTo: null,
        aroundMinutes: null,
      },
      ...{ costMs: 1, askedAt: clock.now().toISOString() },
    }
    await transaction(database.db, async (tx) => {
      await insertFindings(tx, [finding])
      await rejudge(house, tx, alertId, { full: true })
    })
  }

  return {
    ...{ clock, notices, database, house, kari, ida, by, newAlert, decided, answered },
    add: (made: ExpectationDraft) => addExpectation(house, { draft: made, owner: kari.id, by }),
    proposalOf: async (alertId: string) => (await getAlert(database.db, alertId))?.judgement?.proposal,
    outcomeOf: async (alertId: string) => (await getAlert(database.db, alertId))?.outcome,
  }
}
