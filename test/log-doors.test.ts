import { mkdtemp, rm } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Config } from '../src/config/config.ts'
import { doorStates } from '../src/db/intake.ts'
import { systemClock } from '../src/kit/clock.ts'
import { newSecret, sha256Hex } from '../src/kit/digest.ts'
import { type Lake, openLake } from '../src/lake/open.ts'
import { loadLogParsers, loadSignatures } from '../src/lake/parse/parser-files.ts'
import { saveSource } from '../src/lake/sources.ts'
import { type LogDoors, logPostDoor, openLogDoors } from '../src/main/log-doors.ts'
import { LogSource } from '../src/model/lake.ts'
import type { LogPost } from '../src/model/log-post.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { silentLog } from './house.ts'

const silent = { info: () => undefined, warn: () => undefined }
const config = Config.parse({
  lake: { freeDiskMinMiB: 16, syslog: { tcp: 0, udp: 0, sources: [{ from: ['127.0.0.1'], source: 'net' }] } },
})
const firewall =
  'date=2026-03-02 time=10:11:12 devname="fw-branch-1" devid="FG100E0000000001" eventtime=1772446272123456789 tz="+0100" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=10.20.30.40 srcport=51544 dstip=198.51.100.23 dstport=443 proto=6 action="close" policyid=12 service="HTTPS"'
const sshd = 'sshd[812]: Failed password for root from 203.0.113.77 port 50122 ssh2'

let folder: string
let lake: Lake
let database: FreshDatabase
let doors: LogDoors

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-log-doors-'))
  database = await freshDatabase()
  lake = await openLake({
    ...{ folder, clickhouseUrl: null, clock: systemClock, log: silent, config: config.lake },
    parsers: await loadLogParsers(),
    signatures: await loadSignatures(),
  })
  const settings = {
    dataFolder: folder,
    databaseUrl: database.url,
    clickhouseUrl: null,
    config,
    logLevel: 'error',
    sealKey: { kind: 'folder' } as const,
  }
  doors = await openLogDoors({ lake, db: database.db, clock: systemClock, log: silentLog, settings })
})
afterAll(async () => {
  await doors.close()
  await lake.close()
  await database.close()
  await rm(folder, { recursive: true })
})

type Row = {
  readonly parser: string
  readonly host: string
  readonly src: string
  readonly time: string
  readonly raw: string
}
const eventsOf = async (source: string): Promise<readonly Row[]> => {
  await lake.settle()
  return lake.engine.rows<Row>(
    `SELECT parser, device_hostname AS host, replaceOne(toString(src_endpoint_ip), '::ffff:', '') AS src, toString(time) AS time, raw
     FROM events WHERE source = {source:String} ORDER BY load, line`,
    { source },
  )
}

test('a syslog line over TCP is read by its parser under the source of its sender', async () => {
  const { tcp } = (await doors.syslog()) ?? {}
  const socket = net.connect(tcp?.port ?? 0, '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.end(`<38>Nov 20 10:00:00 bastion-1 ${sshd}\n`)
  await expect.poll(async () => (await doors.syslog())?.linesTaken, { timeout: 10_000 }).toBe(1)
  expect(await eventsOf('net')).toMatchObject([{ parser: 'sshd', host: 'bastion-1', src: '203.0.113.77' }])
  expect((await doorStates(database.db)).find(({ door }) => door === 'syslog')).toMatchObject({ state: 'active' })
})

test('HEC events are read by their parsers, with the time and the host of their envelope', async () => {
  const key = newSecret()
  const made = new Date().toISOString()
  await saveSource(
    lake.engine,
    LogSource.parse({ id: 'hec', keys: [{ name: 'k', digest: sha256Hex(key), made }] }),
    systemClock,
  )
  const door = logPostDoor({ lake, clock: systemClock })
  expect(await door.sourceOfKey(newSecret())).toBeNull()
  expect(await door.sourceOfKey(key)).toBe('hec')
  const envelope = { time: 1772446272.5, host: 'shipper-1', sourcetype: 'demo' }
  const events = [firewall, sshd, { hello: 'world' }].map((event) => JSON.stringify({ ...envelope, event }))
  const post: LogPost = {
    form: 'hec-events',
    body: Readable.from([Buffer.from(events.join('\n'))]),
    ...{ contentType: 'application/json', contentEncoding: '', source: 'hec', peer: '192.0.2.8' },
    ...{ idempotencyKey: 'once', said: {} },
  }
  expect(await door.take(post)).toMatchObject({ kind: 'taken', lines: 3 })
  // The same request again, as after an answer that was lost.
  await door.take({ ...post, body: Readable.from([Buffer.from(events.join('\n'))]) })
  const rows = await eventsOf('hec')
  expect(rows).toHaveLength(3)
  expect(rows[0]).toMatchObject({ parser: 'fortigate', src: '10.20.30.40' })
  expect(rows[1]).toMatchObject({ host: 'shipper-1', time: expect.stringContaining('2026-03-02') })
  expect(rows[2]?.raw).toContain('[shipper@32473 sourcetype="demo"] {"hello":"world"}')
})

test('without a lake the doors for posts are there, and say that there is none', async () => {
  const door = logPostDoor({ lake: null, clock: systemClock })
  await expect(door.sourceOfKey('any')).rejects.toMatchObject({ code: 'lake.unreachable' })
  expect(door.hasRoom()).toBe(false)
})
