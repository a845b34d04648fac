import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { silentLog, type TestHouse, testHouse } from '../../test/house.ts'
import { freshOpenLake } from '../../test/lake.ts'
import { detectionsLooked, ruleStates } from '../db/detections.ts'
import { jobCounts } from '../db/jobs.ts'
import { providerById } from '../db/providers.ts'
import { systemClock } from '../kit/clock.ts'
import type { Lake } from '../lake/open.ts'
import type { Rule } from '../lake/sigma/compile.ts'
import { loadRules } from '../lake/sigma/load.ts'
import { runRules, type SigmaRun } from '../lake/sigma/run.ts'
import { Detection, ownDetectionsId } from '../model/detection.ts'
import type { Raw, Receive } from '../model/message.ts'
import { readMessage } from '../playbooks/read-message.ts'
import { makeReceive } from '../playbooks/receive.ts'
import { type DetectionParts, detectionsJob, detectionTasks, lookOnce, scheduleDetections } from './run-detections.ts'

const rulesFolder = path.resolve('content/detections')
const Sample = z.object({ lines: z.array(z.string()), times: z.int().default(1) })
const Samples = z.object({ matches: z.array(Sample).min(1), passes: z.array(Sample).min(1) })

let lake: Lake
let rules: readonly Rule[]
let database: FreshDatabase
let house: TestHouse

beforeAll(async () => {
  ;({ lake } = await freshOpenLake())
  const loaded = await loadRules([rulesFolder])
  expect(loaded.failed).toEqual([])
  rules = loaded.rules
  database = await freshDatabase()
  house = await testHouse(database)
})
afterAll(async () => {
  await database.close()
})

async function take(source: string, lines: readonly string[]): Promise<void> {
  await lake.take({ source, peer: '192.0.2.200', lines: lines.map((line) => Buffer.from(line)), position: null })
}

describe('the rules that come along', () => {
  type Named = { readonly id: string; readonly title: string; readonly samples: z.infer<typeof Samples> }
  const named: Named[] = []
  let run: SigmaRun

  const sourceOf = (rule: Named, kind: 'm' | 'p', at: number): string => `${kind}${at}-${rule.id.slice(-4)}`
  const linesOf = ({ lines, times }: z.infer<typeof Sample>): string[] =>
    Array.from({ length: times }, (_, n) => lines.map((line) => line.replaceAll('{n}', String(n + 10)))).flat()

  beforeAll(async () => {
    const files = (await readdir(rulesFolder)).filter((name) => name.endsWith('.yml'))
    for (const file of files) {
      const documents = parseAllDocuments(await readFile(path.join(rulesFolder, file), 'utf8')).map(
        (one) => one.toJS() as Record<string, unknown>,
      )
      for (const document of documents) {
        if (document['level'] === 'informational') continue
        named.push({
          id: String(document['id']),
          title: String(document['title']),
          samples: Samples.parse(document['samples']),
        })
      }
    }
    for (const rule of named)
      for (const kind of ['m', 'p'] as const) {
        const samples = kind === 'm' ? rule.samples.matches : rule.samples.passes
        for (const [at, sample] of samples.entries()) await take(sourceOf(rule, kind, at), linesOf(sample))
      }
    await lake.settle()
    run = await runRules(
      lake.engine,
      rules,
      { from: '2026-11-20T09:00:00Z', to: '2026-11-20T11:00:00Z' },
      { eventsOfHit: 200 },
    )
  })

  test('there are enough of them, and all could look', () => {
    expect(named.length).toBeGreaterThanOrEqual(12)
    expect(run.notRun).toEqual([])
  })

  test('each matches what it is for, and nothing else of all samples', () => {
    const matched = named.map((rule) => {
      const hit = run.hits.find((one) => one.rule.id === rule.id)
      return { title: rule.title, sources: [...new Set(hit?.events.map((event) => event.source))].toSorted() }
    })
    expect(matched).toEqual(
      named.map((rule) => ({
        title: rule.title,
        sources: rule.samples.matches.map((_, at) => sourceOf(rule, 'm', at)).toSorted(),
      })),
    )
  })
})

describe('running them over what is new', () => {
  const received: Raw[] = []
  let failAt: number | null = null
  let receive: Receive

  beforeAll(() => {
    const keep = makeReceive(house)
    receive = async (raw) => {
      if (failAt !== null && received.length === failAt) throw new Error('killed here')
      received.push(raw)
      return keep(raw)
    }
  })

  const parts = (change: Partial<DetectionParts> = {}): DetectionParts => ({
    ...{
      db: house.db,
      clock: systemClock,
      log: silentLog,
      engine: lake.engine,
      hasBegun: lake.hasBegun,
      rules,
      receive,
    },
    oldestWaiting: async () => null,
    everyMinutes: 5,
    settleMs: 0,
    ...change,
  })
  const detections = (): Detection[] =>
    received.map((raw) => Detection.parse(JSON.parse(Buffer.from(raw.bytes).toString())))
  const now = (): string => new Date().toUTCString().slice(5, 25)
  /** A line of now, as sshd writes it. */
  const rootLine = (host: string, n = 0): string => {
    const [day = '', month = '', , time = ''] = now().split(' ')
    return `<38>${month} ${day} ${time} ${host} sshd[9${n}]: Accepted password for root from 203.0.113.80 port 5000${n} ssh2`
  }
  async function looked(change: Partial<DetectionParts> = {}) {
    await lake.settle()
    // The window ends before this moment: what was received in this very millisecond is looked at next time.
    await new Promise((resolve) => setTimeout(resolve, 5))
    return lookOnce(parts(change))
  }
  async function readAll(): Promise<void> {
    const waiting = await house.db
      .selectFrom('message')
      .select('id')
      .where('state', '=', 'received')
      .orderBy('received_at')
      .execute()
    for (const { id } of waiting) await readMessage(house, id, 1)
  }
  const alerts = () =>
    house.db
      .selectFrom('alert')
      .select(['id', 'title', 'severity', 'provider_id', 'host', 'ticket', 'kind'])
      .where('provider_id', '=', ownDetectionsId)
      .orderBy('number')
      .execute()

  test('what is there already becomes alerts, and looking again raises nothing', async () => {
    // The samples above were received just now, and are of the past by their own times: late events are not missed.
    const look = await looked()
    expect(look?.raised).toBeGreaterThan(8)
    expect(await providerById(house.db, ownDetectionsId)).toMatchObject({ dryRun: true, format: 'own-detections' })
    const shadow = detections().find(({ rule }) => rule.title.startsWith('Shadow copies'))
    expect(shadow).toMatchObject({
      part: 1,
      count: 1,
      counted: 'exactly',
      host: 'pc-18.corp.example',
      entity: { kind: 'host', value: 'pc-18.corp.example' },
    })
    const before = received.length
    await looked()
    await looked()
    expect(received).toHaveLength(before)
  })

  test('they are alerts like any other: read, placed, with host and severity', async () => {
    await readAll()
    const made = await alerts()
    expect(made).toHaveLength(received.length)
    expect(made.find((alert) => alert.title.startsWith('Shadow copies'))).toMatchObject({
      severity: 'critical',
      kind: 'alert',
      host: 'pc-18.corp.example',
    })
    const kinds = await house.db.selectFrom('message').select(['kind', 'channel', 'state']).distinct().execute()
    expect(kinds).toEqual([{ kind: 'alert', channel: 'detection', state: 'read' }])
  })

  test('a correlation is raised for whom it came true', async () => {
    await take(
      'now',
      Array.from({ length: 12 }, (_, n) =>
        rootLine('bastion-9', n).replace('Accepted', 'Failed').replace('203.0.113.80', '203.0.113.99'),
      ),
    )
    await looked()
    expect(detections().at(-1)).toMatchObject({
      rule: { title: 'Many failed SSH sign-ins from one address' },
      entity: { kind: 'group', value: '203.0.113.99' },
      source: '203.0.113.99',
      account: 'root',
    })
    await readAll()
  })

  test('more of the same rule and entity within the hour joins its alert with the count; another entity opens one', async () => {
    await take('now', [rootLine('mail-1'), rootLine('mail-1', 1)])
    await looked()
    await take('now', [rootLine('mail-1', 2), rootLine('mail-2')])
    await looked()
    const [first, second, other] = detections().slice(-3)
    expect(first).toMatchObject({ part: 1, count: 2, host: 'mail-1' })
    const joined = [second, other].find((one) => one?.host === 'mail-1')
    expect(joined).toMatchObject({ id: first?.id, part: 2, count: 3, first: first?.first })
    expect([second, other].find((one) => one?.host === 'mail-2')).toMatchObject({ part: 1, count: 1 })
    const before = (await alerts()).length
    await readAll()
    expect(await alerts()).toHaveLength(before + 2)
  })

  test('killed between any two messages, the same stretch raises the same messages once', async () => {
    await take(
      'now',
      ['kill-1', 'kill-2', 'kill-3'].map((host) => rootLine(host)),
    )
    const before = received.length
    const alertsBefore = (await alerts()).length
    for (const at of [0, 1, 2]) {
      failAt = before + at
      received.length = before
      await expect(looked()).rejects.toThrow('killed here')
      // Lines that come in between belong to the next stretch.
      await take('now', [rootLine(`later-${at}`)])
    }
    failAt = null
    const look = await looked()
    expect(look?.raised).toBe(3)
    await looked()
    await readAll()
    const hosts = (await alerts()).slice(alertsBefore).map((alert) => String(alert.host))
    expect(hosts.toSorted()).toEqual(['kill-1', 'kill-2', 'kill-3', 'later-0', 'later-1', 'later-2'])
  })

  test('two nodes at once raise everything once', async () => {
    await take(
      'now',
      ['twin-1', 'twin-2'].map((host) => rootLine(host)),
    )
    const alertsBefore = (await alerts()).length
    await lake.settle()
    await new Promise((resolve) => setTimeout(resolve, 5))
    await Promise.all([lookOnce(parts()), lookOnce(parts())])
    await looked()
    await readAll()
    expect(
      (await alerts())
        .slice(alertsBefore)
        .map((alert) => String(alert.host))
        .toSorted(),
    ).toEqual(['twin-1', 'twin-2'])
  })

  test('a flood of entities is one alert that says so', async () => {
    await take(
      'now',
      Array.from({ length: 60 }, (_, n) => rootLine(`flood-${n}`)),
    )
    await looked()
    const last = detections().at(-1)
    expect(last).toMatchObject({ count: 60, host: null, entity: { kind: 'several', value: '60 entities' } })
    expect(last?.says).toMatch(
      /flood was put together into one alert \(more than 20 entities at once\): root on flood-0, root on flood-1, .* and more/,
    )
  })

  test('lines that the engine does not have yet are waited for', async () => {
    const oldest = new Date()
    await take('now', [rootLine('waiting-1')])
    await lake.settle()
    const before = received.length
    await looked({ oldestWaiting: async () => oldest })
    expect(received).toHaveLength(before)
    await looked()
    expect(detections().at(-1)?.host).toBe('waiting-1')
  })

  test('how each rule did is kept: what it saw, and why it could not look', async () => {
    await take('now', [rootLine('state-1')])
    await looked()
    const states = await ruleStates(house.db)
    expect(states.find((state) => state.title.startsWith('Root signed in'))).toMatchObject({
      notRun: null,
      hits: expect.any(Number),
    })
    expect(states.find((state) => state.title.startsWith('Logging of an AWS'))?.notRun).toContain('no source')
    expect((await detectionsLooked(house.db))?.says).toMatch(/[1-9]\d* rules could not look\.$/)
  })

  test('the job goes on by itself, also when the engine does not answer', async () => {
    await scheduleDetections(house.db, systemClock)
    expect((await jobCounts(house.db)).later).toBe(1)
    const rows = async (): Promise<never> => {
      throw new Error('the engine is away')
    }
    const tasks = detectionTasks(parts({ engine: { ...lake.engine, rows, batches: rows as never }, settleMs: 0 }))
    await take('now', [rootLine('away-1')])
    await lake.settle()
    await tasks[detectionsJob]?.({}, { signal: new AbortController().signal })
    expect((await detectionsLooked(house.db))?.says).toBe('They could not look: the engine is away')
    expect((await jobCounts(house.db)).later).toBe(1)
    await detectionTasks(parts())[detectionsJob]?.({}, { signal: new AbortController().signal })
    expect(detections().at(-1)?.host).toBe('away-1')
  })
})
