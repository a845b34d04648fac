import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { runCommand } from '../../../test/program.ts'

// These start the program and an engine: seconds each, more on a machine that is busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const line = 'ACME-GATE v1|2026-11-23 04:05:06|door=7|who=bob|verdict=REFUSED|ip=10.9.9.9'
/** The one that docs/log-parsers.md shows. */
const gate = `id: acme-gate
title: ACME door gate
vendor: acme
product: gate
identify:
  - body: '^ACME-GATE v1\\|'
split:
  kind: regex
  patterns: ['^ACME-GATE v1\\|(?P<at>[^|]+)\\|door=(?P<door>\\d+)\\|who=(?P<who>\\w+)\\|verdict=(?P<verdict>\\w+)\\|ip=(?P<ip>\\S+)$']
time: { from: [at] }
class: 3002
map:
  actor.user.name: who
  src_endpoint.ip: ip
  status: { from: verdict, values: { refused: Failure, opened: Success } }
samples:
  - line: '${line}'
    expect: { time: '2026-11-23T04:05:06.000Z', class_uid: 3002, actor.user.name: bob, src_endpoint.ip: 10.9.9.9, status: Failure, fields.door: '7' }
`
let folder = ''
const file = (name: string): string => path.join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-parsers-'))
  await writeFile(file('acme-gate.yaml'), gate)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const parsers = (args: readonly string[], input = '') =>
  runCommand(['lake', 'parsers', ...args], { COUNTERFOIL_DATA: folder }, { input })

test('all parsers are listed, those that come along and those of the house', async () => {
  await writeFile(file('counterfoil.yaml'), `lake: { parsers: [${file('acme-gate.yaml')}] }\n`)
  const { code, out } = await parsers(['list', '--json'])
  const listed = JSON.parse(out) as { id: string; own: boolean }[]
  await rm(file('counterfoil.yaml'))
  expect(code).toBe(0)
  expect(listed.length).toBeGreaterThan(60)
  expect(listed.filter(({ own }) => own).map(({ id }) => id)).toEqual(['acme-gate'])
  expect((await parsers([])).out).toContain('fortigate')
})

test('a parser whose samples are read as they say is well', async () => {
  expect(await parsers(['check', file('acme-gate.yaml')])).toMatchObject({
    code: 0,
    out: '1 parsers, 1 samples: all well\n',
  })
})

test('a sample that says what is not so is named, with what came instead', async () => {
  await writeFile(file('wrong.yaml'), gate.replace('actor.user.name: bob', 'actor.user.name: eve'))
  const { code, out } = await parsers(['check', file('wrong.yaml')])
  expect(code).toBe(1)
  expect(out).toContain('samples.0: actor.user.name is "bob", and should be "eve"')
})

test('a line that the parser does not recognise, or that another takes, is said', async () => {
  await writeFile(file('deaf.yaml'), gate.replace('^ACME-GATE v1\\|', '^ACME-GATE v2\\|'))
  expect((await parsers(['check', file('deaf.yaml')])).out).toContain('no parser recognises this line')
})

test('a file that is no parser is named with line and place', async () => {
  await writeFile(file('broken.yaml'), gate.replace('class: 3002', 'class: 1'))
  const { code, out } = await parsers(['check', file('broken.yaml')])
  expect(code).toBe(1)
  expect(out).toMatch(/broken\.yaml:11:\d+ class: /)
})

test('lines are tried with a parser that is not configured yet, and nothing is stored', async () => {
  const before = await parsers(['try', '-'], `${line}\n`)
  expect(before).toMatchObject({ code: 1, err: 'counterfoil: 1 lines, 1 of them read by no parser\n' })
  expect(before.out).toContain('read by no parser')
  const { code, out } = await parsers(['try', '-', '--with', file('acme-gate.yaml'), '--json'], `${line}\n`)
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({
    parser: 'acme-gate',
    raw: line,
    attributes: { 'src_endpoint.ip': '10.9.9.9' },
  })
})

test('what cannot be tried is said', async () => {
  expect((await parsers(['try', file('none.log')])).err).toContain('could not be read')
  expect((await parsers(['try', '-'])).err).toContain('there is no line in it')
  expect((await parsers(['try', '-', '--parser', 'nope'], 'a\n')).err).toContain('no such parser')
  expect((await parsers(['try'])).code).toBe(2)
})
