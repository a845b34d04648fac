import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { alertBody, mail, testHouse } from '../../test/house.ts'
import { addPeople } from '../../test/people.ts'
import { listRuns } from '../db/runs.ts'
import { decide } from '../playbooks/decide.ts'
import { continueRun } from '../playbooks/interpreter.ts'
import { loadLibrary } from '../playbooks/load.ts'
import { readMessage } from '../playbooks/read-message.ts'
import { makeReceive } from '../playbooks/receive.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cf-backtest-'))
let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
  const house = await testHouse(database, { library: await loadLibrary(['content/playbooks']) })
  const receipt = await makeReceive(house)(mail('Beacon \u001b[2J', alertBody))
  await readMessage(house, receipt.id, 1)
  const [run] = await listRuns(house.db)
  await continueRun(house, run?.id ?? '', { resumed: false, signal: new AbortController().signal })
})
afterAll(async () => {
  await database.close()
  rmSync(folder, { recursive: true, force: true })
})

function counterfoil(...args: string[]) {
  const script = `const { main } = await import('./src/cli.ts'); process.exitCode = await main(['node', 'counterfoil', ...process.argv.slice(1)])`
  const env = { ...process.env, COUNTERFOIL_DATA: path.join(folder, 'data'), DATABASE_URL: database.url }
  return spawnSync(process.execPath, ['--input-type=module', '-e', script, '--', ...args], { encoding: 'utf8', env })
}

test('a playbook is tried on the past, in words and as JSON', () => {
  const file = path.join('content', 'playbooks', 'provider-alert.yaml')
  const words = counterfoil('backtest', 'playbook', file, '--days', '3')
  expect(words.stderr).toBe('')
  expect(words.stdout).toBe('1 alerts: 1 same, 0 different, 0 cannot tell, 0 not concerned.\n')
  const more = path.join(folder, 'more.yaml')
  const extra =
    '      - ask: registration-of-domain\n        with: { domain: \'"example.com"\' }\n      - ask: person-of-account'
  writeFileSync(more, readFileSync(file, 'utf8').replace('      - ask: person-of-account', extra))
  const told = counterfoil('backtest', 'playbook', more).stdout
  expect(told).toContain('1 alerts: 0 same, 0 different, 1 cannot tell, 0 not concerned.')
  expect(told).toContain('there is no recorded answer')
  const lines = counterfoil('backtest', 'playbook', file, '--json').stdout.trim().split('\n')
  expect(lines.map((line) => Object.keys(JSON.parse(line) as object)[0])).toEqual(['alertId', 'summary'])
})

test('a reader is tried on the messages of the past', () => {
  const file = path.join(folder, 'reader.yaml')
  writeFileSync(
    file,
    'reader: 1\nid: acme-taught\ntitle: Acme\nfrom: [provider.example]\nfields: { rule: { label: Severity } }\n',
  )
  const { stdout } = counterfoil('backtest', 'reader', file)
  expect(stdout).toContain('1 messages: 0 same, 1 different')
  expect(stdout).toMatch(/rule: Suspicious DNS query -> High/)
  expect(stdout).not.toContain('\u001b')
})

test('an expectation is tried on the past by its number, and what it would have hidden is said', async () => {
  const [kari] = await addPeople(database.db, [{ name: 'Kari Dahl', role: 'lead' }])
  const make = ['expectations', 'add', '--rule', 'Suspicious DNS query', '--outcome', 'false-alarm-benign']
  const added = counterfoil(...make, '--reason', 'The scanner of the lab.', '--owner', kari.email)
  expect(added.stderr).toBe('')
  const number = added.stdout.trim()
  const open = counterfoil('backtest', 'expectation', number, '--days', '3')
  expect(open.stderr).toBe('')
  expect(open.stdout).toContain('1 alerts: 0 same, 1 different, 0 cannot tell, 0 not concerned.')
  const alert = await database.db.selectFrom('alert').select(['id', 'version']).executeTakeFirstOrThrow()
  await decide(await testHouse(database), {
    ...{ alertId: alert.id, version: alert.version, cites: [], withoutEvidence: true, by: `user:${kari.id}` },
    ...{ outcome: 'incident', reason: 'It was one.' },
  })
  expect(counterfoil('backtest', 'expectation', number.toLowerCase()).stdout).toContain('hidden harm: ')
  expect(counterfoil('backtest', 'expectation', 'E-4711')).toMatchObject({ status: 1 })
})

test('what is wrong is said: the file, the line, the call', () => {
  expect(counterfoil('backtest', 'playbook', 'no-such.yaml')).toMatchObject({ status: 1 })
  const file = path.join(folder, 'wrong.yaml')
  writeFileSync(file, 'playbook: 1\nid: mine\n')
  const wrong = counterfoil('backtest', 'playbook', file)
  expect(wrong.status).toBe(1)
  expect(wrong.stderr).toContain('1:1')
  expect(counterfoil('backtest', 'playbook', file, '--days', '0').status).toBe(2)
})
