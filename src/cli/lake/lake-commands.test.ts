import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { addEvents } from '../../../test/lake-events.ts'
import { cli, runCommand } from '../../../test/program.ts'
import { systemClock } from '../../kit/clock.ts'
import type { Engine } from '../../lake/engine/engine.ts'
import { openEngine } from '../../lake/engine/open-engine.ts'
import { saveSource } from '../../lake/sources.ts'
import { LogSource } from '../../model/lake.ts'

// These start the program itself: a second each, more on a machine that is busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let dataFolder = ''
let engine: Engine
const hoursAgo = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString()

beforeAll(async () => {
  dataFolder = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-lake-cli-'))
  const folder = path.join(dataFolder, 'lake')
  await mkdir(folder, { mode: 0o700 })
  engine = openEngine({
    folder,
    clickhouseUrl: null,
    log: { info: () => undefined, warn: () => undefined },
    memoryMaxMiB: 512,
  })
  await addEvents(engine, [
    {
      time: hoursAgo(1),
      source: 'fw-1',
      src_endpoint_ip: '::ffff:10.0.0.5',
      action: 'Denied',
      fields: { policy: 'a,"b"' },
      raw: 'new \u001b]0;x\u0007line',
    },
    { time: hoursAgo(30), source: 'fw-1', src_endpoint_ip: '::ffff:10.0.0.5', raw: 'old line' },
  ])
  await saveSource(engine, LogSource.parse({ id: 'fw-1', silentAfterMinutes: 10 }), systemClock)
})
afterAll(async () => {
  await engine.close()
  await rm(dataFolder, { recursive: true, force: true })
})

const lake = (args: readonly string[], { input = '', data = dataFolder }: { input?: string; data?: string } = {}) =>
  runCommand(['lake', ...args], { COUNTERFOIL_DATA: data }, { input })

test('search looks at the last 24 hours and says so; a hostile line cannot move the cursor', async () => {
  const found = await lake(['search', 'src:10.0.0.0/8'])
  expect(found).toMatchObject({ code: 0, err: expect.stringContaining('1 events from') })
  expect(found.err).toContain('the last 24 hours')
  expect(found.out).toContain('fw-1  new \u241b]0;x\u2407line')
  const longer = await lake(['search', 'src:10.0.0.0/8', '--from', '-7d', '--json'])
  expect(
    longer.out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { raw: string }).raw),
  ).toEqual(['new \u001b]0;x\u0007line', 'old line'])
  expect((await lake(['search', 'line', '--from', '-7d', '--limit', '1', '--raw'])).err).toContain('there are more')
  expect((await lake(['search', '--fields', 'action,src,policy', '--csv'])).out).toBe(
    'action,src,policy\r\nDenied,10.0.0.5,"a,""b"""\r\n',
  )
})

/** util-linux: runs a program on a terminal of its own. */
const terminal = '/usr/bin/script'

test.skipIf(!existsSync(terminal))('on a terminal nothing of a line acts, in whatever form it was asked for', () => {
  for (const form of ['--raw', '--json', '--fields=raw --csv', '--fields=raw']) {
    const command = `${process.execPath} ${cli} lake search 'line' ${form} 2>/dev/null`
    const env = { PATH: process.env['PATH'], COUNTERFOIL_DATA: dataFolder }
    const { stdout } = spawnSync(terminal, ['-qec', command, '/dev/null'], { env, encoding: 'utf8' })
    expect(stdout).toMatch(/new .*]0;x.*line/)
    expect(stdout).not.toMatch(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/)
  }
})

test('what cannot be read is shown with its place; nothing found is no failure', async () => {
  expect(await lake(['search', 'a (b'])).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining('a (b\n  ^\n'),
  })
  expect(await lake(['search', 'nosuch:1'])).toMatchObject({
    code: 0,
    out: '',
    err: expect.stringContaining('"nosuch" is no field of ours'),
  })
  expect(await lake(['search', '--from', 'yesterday'])).toMatchObject({ code: 2 })
})

test('lines that wait to be stored were not looked at, and that is said', async () => {
  const spool = path.join(dataFolder, 'lake', 'spool', '1')
  await mkdir(spool, { recursive: true })
  await writeFile(path.join(spool, '1795408000000000.lines'), 'a line\n')
  const waits = expect.stringMatching(/lines that wait to be stored since \d{4}-.* were not looked at/)
  const [searched, hunted] = [
    await lake(['search', 'line']),
    await lake(['hunt', '--iocs', '-'], { input: '192.0.2.1' }),
  ]
  await rm(spool, { recursive: true })
  expect(searched).toMatchObject({ code: 0, err: waits })
  expect(hunted).toMatchObject({ code: 0, err: waits })
  expect((await lake(['search', 'line'])).err).not.toContain('wait to be stored')
})

test('SQL reads, and only reads', async () => {
  const sql = 'SELECT source, toUInt32(count()) AS n FROM events GROUP BY source'
  expect((await lake(['search', '--sql', sql])).out).toBe('source  n\nfw-1    2\n')
  expect((await lake(['search', '--sql', sql, '--json'])).out).toBe('{"source":"fw-1","n":2}\n')
  expect((await lake(['search', '--sql', sql, '--csv'])).out).toBe('source,n\r\nfw-1,2\r\n')
  expect(await lake(['search', '--sql', 'DROP TABLE events'])).toMatchObject({ code: 1, out: '' })
})

test('hunt tells hits, misses and what it could not read', async () => {
  const hunted = await lake(['hunt', '--iocs', '-'], { input: '10.0.0[.]5\n192.0.2.1\n;;\n' })
  expect(hunted).toMatchObject({
    code: 0,
    err: expect.stringContaining('1 of 2 indicators were seen, 1 were not, in all that is kept'),
  })
  expect(hunted.out).toMatch(/10\.0\.0\.5\s+2\s/)
  expect(hunted.err).toContain('line 3: ;;')
  const pattern = { type: 'indicator', id: 'indicator--1', pattern_type: 'stix', pattern: '[a:b = 1 AND c:d = 2]' }
  const address = { ...pattern, id: 'indicator--2', pattern: "[ipv4-addr:value = '192.0.2.1']" }
  const bundle = { type: 'bundle', objects: [pattern, address] }
  expect(
    (await lake(['hunt', '--iocs', '-'], { input: JSON.stringify(bundle) })).err.match(/indicator--1/g),
  ).toHaveLength(1)
  const json = await lake(['hunt', '--iocs', '-', '--from', '-90d', '--json'], { input: '192.0.2.1' })
  expect(JSON.parse(json.out)).toMatchObject({
    indicators: 1,
    hits: [],
    misses: 1,
    window: { from: expect.any(String) },
  })
  expect(await lake(['hunt', '--iocs', '/nowhere'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('could not be read'),
  })
})

test('status names what is silent, and fails for it', async () => {
  const status = await lake(['status'])
  expect(status).toMatchObject({ code: 1, out: expect.stringMatching(/fw-1\s+2\s+100 %.*SILENT/) })
  expect(status.out).toContain('Nothing waits to be stored.')
  const json = JSON.parse((await lake(['status', '--json'])).out) as { sources: unknown[]; backlog: unknown }
  expect(json).toMatchObject({
    sources: [{ source: { id: 'fw-1' }, events: 2, silent: true }],
    backlog: { segments: 0 },
  })
})

test('to look makes no lake where there is none', async () => {
  const empty = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-no-lake-'))
  expect(await lake(['search', 'x'], { data: empty })).toMatchObject({
    code: 1,
    err: expect.stringContaining('There is no installation here'),
  })
  await rm(empty, { recursive: true })
})
