import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { insertAlert } from '../../src/db/alerts.ts'
import { startPostgres } from '../../src/db/launcher.ts'
import { migrate } from '../../src/db/migrate.ts'
import { type Database, openDatabase, transaction } from '../../src/db/open.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { stableId } from '../../src/kit/stable-id.ts'
import type { Reading } from '../../src/model/alert.ts'
import type { Playbook } from '../../src/model/playbook.ts'
import type { House } from '../../src/playbooks/house.ts'
import { libraryOf } from '../../src/playbooks/library.ts'
import { startRun } from '../../src/playbooks/on-alert.ts'
import { houseTasks, newNodeId, startWorker } from '../../src/playbooks/worker.ts'
import type { BenchResult } from './result.ts'

/** Enough to run for several seconds; queued before the clock starts, so that starting them is not measured. */
const runs = 1000
/** n8n 58 runs/s on this kind of machine without durability; we promise twice that with it. */
const goal = 120

const step = { csf: 'DE.AE-07', phase: 'analysis' as const }
const playbook: Playbook = {
  playbook: 1,
  id: 'five-questions',
  version: 1,
  title: 'Five questions, a proposal, a person',
  description: '',
  on: 'manual',
  steps: [
    {
      ...step,
      id: 'ask',
      step: 'ask',
      title: 'Ask',
      questions: [
        { ask: 'asset-of-address', with: { address: 'alert.source' } },
        { ask: 'owner-of-host', with: { host: 'alert.host' } },
        { ask: 'person-of-account', with: { account: 'alert.account' } },
        { ask: 'network-of-address', with: { address: 'alert.destination' } },
        { ask: 'business-role-of-asset', with: { asset: 'alert.host' } },
      ],
    },
    { ...step, id: 'propose', step: 'decide-proposal', title: 'Propose' },
    { ...step, id: 'wait', step: 'wait-for-person', title: 'Wait', for: 'decision', expires: '3d' },
  ],
}

function field(value: string): Reading['host'] {
  return { value, span: null }
}

function reading(n: number): Reading {
  return {
    reader: 'bench',
    kind: 'alert',
    because: '',
    ticket: field(`T-${n}`),
    rule: field('Rule'),
    severity: 'high',
    severityText: null,
    status: null,
    title: `Alert ${n}`,
    summary: 'A sample',
    occurredAt: '2026-11-20T10:00:00.000Z',
    raisedAt: null,
    source: field('192.0.2.10'),
    destination: field('198.51.100.7'),
    host: field(`host-${n}.example.org`),
    account: field('jdoe'),
    entity: `host-${n}.example.org`,
    portalUrl: null,
    question: null,
    fields: [],
    observables: [],
    delivered: [],
  }
}

/** A source that answers each question after 1 ms, like the stub that n8n was measured with. */
const ask: House['ask'] = async (_question, _ask, { onAnswer }) => {
  await sleep(1)
  const one = {
    connector: 'stub',
    answered: { kind: 'nothing' as const, query: 'stub' },
    costMs: 1,
    askedAt: new Date(),
  }
  onAnswer?.(one)
  return [one]
}

const never = (): never => {
  throw new Error('not part of this measurement')
}

export function benchHouse(database: Database, change: Partial<House> = {}): House {
  const log = { debug: () => undefined, info: () => undefined, warn: console.error, error: console.error }
  return {
    db: database.db,
    clock: systemClock,
    log,
    node: newNodeId(),
    library: libraryOf([playbook]),
    parse: never,
    authenticate: never,
    ask,
    people: {},
    tell: () => undefined,
    answerUrl: never,
    mailNotice: never,
    draftReply: never,
    cannotMail: () => null,
    replySeen: never,
    ...change,
  }
}

export async function withCluster<T>(work: (url: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-bench-'))
  const postgres = await startPostgres({ folder, log: { info: () => undefined, warn: () => undefined } })
  try {
    await migrate(postgres.url)
    return await work(postgres.url)
  } finally {
    await postgres.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Runs of a five-question playbook to the point where a person decides, each step committed with fsync on, ledger and judgement included. */
export async function bench(): Promise<BenchResult[]> {
  return withCluster(async (url) => {
    const database = await openDatabase(url)
    const house = benchHouse(database)
    for (let n = 0; n < runs; n += 1) {
      const id = stableId('bench', String(n))
      await transaction(house.db, async (tx) => {
        await insertAlert(tx, {
          id,
          providerId: 'acme',
          kind: 'alert',
          reading: reading(n),
          receivedAt: new Date(),
          sample: false,
        })
        await startRun(house, tx, { playbook, alertId: id, trigger: 'bench' })
      })
    }
    const began = performance.now()
    const worker = await startWorker({
      url,
      clock: house.clock,
      node: house.node,
      log: house.log,
      tasks: houseTasks(house),
    })
    for (;;) {
      const { n } = await house.db
        .selectFrom('run')
        .select((eb) => eb.fn.countAll<string>().as('n'))
        .where('state', '=', 'waiting')
        .executeTakeFirstOrThrow()
      if (Number(n) === runs) break
      await sleep(50)
    }
    const perSecond = runs / ((performance.now() - began) / 1000)
    await worker.stop()
    await database.close()
    return [
      {
        name: 'Five-question playbook to the decision, durable',
        value: Math.round(perSecond),
        unit: 'runs/s',
        goal: `>= ${goal}`,
        ok: perSecond >= goal,
        note: `${runs} runs, fsync on`,
      },
    ]
  })
}

if (import.meta.main) console.log(await bench())
