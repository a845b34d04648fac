import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { alertBody, mail, testHouse } from '../../test/house.ts'
import { addPeople } from '../../test/people.ts'
import { decide } from '../playbooks/decide.ts'
import { readMessage } from '../playbooks/read-message.ts'
import { makeReceive } from '../playbooks/receive.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cf-expectations-'))
let database: FreshDatabase
let owner: string
beforeAll(async () => {
  database = await freshDatabase()
  const house = await testHouse(database)
  const [kari] = await addPeople(database.db, [{ name: 'Kari Dahl', role: 'lead' }])
  owner = kari.email
  const receipt = await makeReceive(house)(mail('DNS', alertBody))
  await readMessage(house, receipt.id, 1)
  const alert = await database.db.selectFrom('alert').select(['id', 'version']).executeTakeFirstOrThrow()
  const deciding = {
    alertId: alert.id,
    version: alert.version,
    cites: [],
    withoutEvidence: true,
    by: `user:${kari.id}`,
  }
  await decide(house, { ...deciding, outcome: 'incident', reason: 'It was one.' })
})
afterAll(async () => {
  await database.close()
  rmSync(folder, { recursive: true, force: true })
})

function counterfoil(...args: string[]) {
  const script = `const { main } = await import('./src/cli.ts'); process.exitCode = await main(['node', 'counterfoil', ...process.argv.slice(1)])`
  const env = { ...process.env, COUNTERFOIL_DATA: path.join(folder, 'data'), DATABASE_URL: database.url }
  return spawnSync(process.execPath, ['--input-type=module', '-e', script, '--', 'expectations', ...args], {
    encoding: 'utf8',
    env,
  })
}

test('what would hide an incident is said loudly and not kept; another is added, listed and retired', () => {
  const hiding = ['--rule', 'suspicious dns query', '--outcome', 'false-alarm-benign']
  const told = counterfoil('preview', ...hiding)
  expect(told.status).toBe(1)
  expect(told.stdout).toContain('IT WOULD HAVE HIDDEN 1')
  const refused = counterfoil('add', ...hiding, '--reason', 'Known.', '--owner', owner)
  expect(refused.status).toBe(1)
  expect(refused.stderr).toContain('It would have hidden')
  const added = counterfoil(
    'add',
    '--rule',
    'Beaconing',
    '--host',
    'ws-1',
    '--outcome',
    'tune',
    '--reason',
    'Known.',
    '--owner',
    owner,
  )
  expect(added.stderr).toBe('')
  const name = added.stdout.trim()
  expect(name).toMatch(/^E-\d+$/)
  expect(counterfoil('list').stdout).toContain(`${name}\tstands\trule Beaconing, host ws-1\ttune\t0 hits`)
  expect(counterfoil('retire', name, '--reason', 'Gone.').status).toBe(0)
  expect(counterfoil('list').stdout).toContain(`${name}\tretired`)
})

test('a wrong call is said: days, outcome, owner, condition', () => {
  expect(
    counterfoil('add', '--rule', 'x', '--outcome', 'tune', '--reason', 'x', '--owner', owner, '--days', '181').status,
  ).toBe(2)
  expect(counterfoil('preview', '--rule', 'x', '--outcome', 'incident').status).toBe(2)
  expect(
    counterfoil('add', '--rule', 'x', '--outcome', 'tune', '--reason', 'x', '--owner', 'no@example.com').stderr,
  ).toContain('Nobody has this address')
  expect(counterfoil('preview', '--rule', 'x', '--outcome', 'tune', '--where', 'alert.nothing == ""').stderr).toContain(
    'condition',
  )
})
