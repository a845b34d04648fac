import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { detectionsLooked } from '../src/db/detections.ts'
import type { Lake } from '../src/lake/open.ts'
import { ownDetectionsId } from '../src/model/detection.ts'
import { readMessage } from '../src/playbooks/read-message.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { until } from './desk.ts'
import { type TestHouse, testHouse } from './house.ts'
import { freshOpenLake } from './lake.ts'

const rounds = 6
let folder: string
let lake: Lake
let database: FreshDatabase
let house: TestHouse
let program: ChildProcess | null = null

beforeAll(async () => {
  ;({ lake, folder } = await freshOpenLake())
  database = await freshDatabase()
  house = await testHouse(database)
  await lake.engine.rows('SELECT 1')
}, 60_000)
afterAll(async () => {
  program?.kill('SIGKILL')
  await database?.close()
})

async function begin(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [path.resolve('test/detections-program.ts'), database.url, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  program = child
  if (child.stdout !== null) await once(child.stdout, 'data')
  return child
}

function rootLine(host: string): Buffer {
  const [day = '', month = '', , time = ''] = new Date().toUTCString().slice(5, 25).split(' ')
  return Buffer.from(
    `<38>${month} ${day} ${time} ${host} sshd[9]: Accepted password for root from 203.0.113.80 port 50000 ssh2`,
  )
}

test('killed again and again while lines come, every host has its alert, and one', async () => {
  const hosts: string[] = []
  for (let round = 0; round < rounds; round += 1) {
    const child = await begin()
    for (let n = 0; n < 3; n += 1) {
      const host = `killed-${round}-${n}`
      hosts.push(host)
      await lake.take({ source: 'ssh', peer: '192.0.2.200', lines: [rootLine(host)], position: null })
      await sleep(Math.random() * 500)
    }
    // A look takes some 300 ms, and comes a second after its lines: the kill falls into every part of one.
    await sleep(500 + Math.random() * 1_500)
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  const last = Date.now()
  await begin()
  await until(
    'the last lines to be looked at',
    async () => Date.parse((await detectionsLooked(house.db))?.until ?? '1970') > last + 500,
    60_000,
  )
  const waiting = await house.db.selectFrom('message').select('id').where('state', '=', 'received').execute()
  for (const { id } of waiting) await readMessage(house, id, 1)
  const alerts = await house.db
    .selectFrom('alert')
    .select(['host', 'kind'])
    .where('provider_id', '=', ownDetectionsId)
    .execute()
  expect(alerts.map(({ host }) => String(host)).toSorted()).toEqual(hosts.toSorted())
}, 180_000)
