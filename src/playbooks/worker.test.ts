import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { alertBody, mail, silentLog, type TestHouse, testHouse } from '../../test/house.ts'
import { addJob, jobCounts } from '../db/jobs.ts'
import { listNodes } from '../db/nodes.ts'
import { listRuns } from '../db/runs.ts'
import { loadLibrary } from './load.ts'
import { makeReceive } from './receive.ts'
import { houseTasks, newNodeId, startWorker, type Tasks, type Worker } from './worker.ts'

/** What we promise: one node dies, another has its work within this. */
const takeoverMsMax = 15_000

let database: FreshDatabase
let house: TestHouse
const workers: Worker[] = []
const children: ChildProcess[] = []
beforeAll(async () => {
  database = await freshDatabase()
  house = await testHouse(database, { library: await loadLibrary(['content/playbooks']) })
})
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()))
  for (const child of children.splice(0)) child.kill('SIGKILL')
})
afterAll(() => database.close())

async function work(tasks: Tasks): Promise<Worker> {
  const worker = await startWorker({ url: database.url, node: newNodeId(), log: silentLog, tasks })
  workers.push(worker)
  return worker
}

test('a worker whose first look at the database fails begins anew and has the jobs done', async () => {
  const own = await freshDatabase()
  const admin = new pg.Client({ connectionString: own.url })
  await admin.connect()
  const blocker = new pg.Client({ connectionString: own.url })
  await blocker.connect()
  await blocker.query('begin; lock table graphile_worker._private_tasks in access exclusive mode')
  let done = 0
  const tasks = { greet: async () => void done++ }
  const worker = await startWorker({ url: own.url, node: newNodeId(), log: silentLog, tasks })
  // Whatever waits for that table is its first look; one that is called off there fails as one does whose connection breaks.
  const callOff = async () =>
    (
      await admin.query<{ ended: boolean }>(
        `select pg_cancel_backend(pid) as ended from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock' and query like '%_private_tasks%'`,
      )
    ).rowCount
  await expect.poll(callOff, { timeout: 10_000 }).toBeGreaterThan(0)
  await blocker.query('rollback')
  await blocker.end()
  await addJob(own.db, 'greet', {})
  await expect.poll(() => done, { timeout: 10_000 }).toBe(1)
  await worker.stop()
  await admin.end()
  await own.close()
})

test('a node is killed in the middle of its runs, and another on this machine has them at once', async () => {
  const child = spawn(process.execPath, [path.resolve('test/engine-worker.ts'), database.url, '4000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const receive = makeReceive(house)
  for (let n = 0; n < 5; n += 1)
    await receive(mail(`Alert ${n}`, `${alertBody}${n}`, { 'Message-ID': `<w${n}@provider.example>` }))
  await expect.poll(async () => (await listRuns(house.db, { state: 'running' })).length, { timeout: 10_000 }).toBe(5)
  await expect
    .poll(async () => (await house.db.selectFrom('step').select('path').execute()).length, { timeout: 10_000 })
    .toBe(5)
  child.kill('SIGKILL')
  const began = performance.now()
  await work(houseTasks(house))
  await expect
    .poll(async () => (await listRuns(house.db, { state: 'waiting' })).length, { timeout: takeoverMsMax })
    .toBe(5)
  expect(performance.now() - began).toBeLessThan(takeoverMsMax)
  const runs = await listRuns(house.db)
  expect(runs.map((run) => run.resumedTimes)).toEqual([1, 1, 1, 1, 1])
})

/** A job as another machine's node would hold it. */
async function jobHeldElsewhere(name: string, heartbeatAgoSeconds: number): Promise<void> {
  await sql`insert into node (id, host, pid, started_at, heartbeat_at, worker_pool) values (${name}, 'elsewhere', 1, now(), now() - ${heartbeatAgoSeconds} * interval '1 s', ${`pool-${name}`})`.execute(
    house.db,
  )
  await addJob(house.db, name, {})
  await sql`update graphile_worker._private_jobs job set locked_by = ${`pool-${name}`}, locked_at = now() - interval '9 seconds' from graphile_worker._private_tasks task
    where task.id = job.task_id and task.identifier = ${name}`.execute(house.db)
}

test('a node of another machine that falls silent loses its jobs within 15 s; one that lives keeps them', async () => {
  const done: string[] = []
  const task = (name: string) => async (): Promise<void> => void done.push(name)
  await jobHeldElsewhere('dead', 9)
  await jobHeldElsewhere('alive', -60)
  const began = performance.now()
  await work({ dead: task('dead'), alive: task('alive') })
  await expect.poll(() => done, { timeout: takeoverMsMax }).toEqual(['dead'])
  expect(performance.now() - began).toBeLessThan(takeoverMsMax)
  const nodes = await listNodes(house.db, 10_000)
  expect(nodes.find((node) => node.id === 'alive')?.alive).toBe(true)
  expect(nodes.find((node) => node.id === 'dead')?.alive).toBe(false)
  await sql`delete from node`.execute(house.db)
  await sql`delete from graphile_worker._private_jobs`.execute(house.db)
})

test('on stopping, work under way is given back and signs off', async () => {
  let began = 0
  const worker = await work({
    long: async (_payload, { signal }) => {
      began += 1
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopping'))))
    },
  })
  await addJob(house.db, 'long', {})
  await expect.poll(() => began).toBe(1)
  await worker.stop()
  expect(await listNodes(house.db, 10_000)).toEqual([])
  const jobs = await sql<{ locked_by: string | null }>`select locked_by from graphile_worker._private_jobs`.execute(
    house.db,
  )
  expect(jobs.rows).toEqual([{ locked_by: null }])
  await sql`delete from graphile_worker._private_jobs`.execute(house.db)
})

test('a worker whose connections are all cut goes on by itself', async () => {
  let done = 0
  await work({ quick: async () => void (done += 1) })
  await addJob(house.db, 'quick', {})
  await expect.poll(() => done).toBe(1)
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`.execute(
    house.db,
  )
  await expect
    .poll(() =>
      addJob(house.db, 'quick', {}).then(
        () => 'queued',
        () => 'away',
      ),
    )
    .toBe('queued')
  await expect.poll(() => done, { timeout: 10_000 }).toBeGreaterThanOrEqual(2)
  await expect.poll(async () => (await jobCounts(house.db)).ready, { timeout: 10_000 }).toBe(0)
})
