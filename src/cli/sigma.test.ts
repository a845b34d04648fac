import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { runCommand } from '../../test/program.ts'

// These start the program itself: half a second each, and `test` an engine beside it.
vi.setConfig({ testTimeout: 120_000 })

const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-sigma-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))

const rule = (title: string, detection: string): string =>
  `title: ${title}\nlevel: high\nlogsource: { category: process_creation, product: windows }\ndetection:\n  sel: ${detection}\n  condition: sel\n`
const write = (name: string, text: string): string => {
  const file = path.join(folder, name)
  writeFileSync(file, text)
  return file
}

const counterfoil = (...args: readonly string[]) =>
  runCommand(['sigma', ...args], { COUNTERFOIL_DATA: path.join(folder, 'house') }, { cwd: folder })

const good = write(
  'good.yml',
  rule('Encoded command', "{ Image|endswith: '\\powershell.exe', CommandLine|contains: ' -enc ' }"),
)
const bad = write('bad.yml', rule('Looks behind', "{ CommandLine|re: '(?<=x)y' }"))

test('check says what compiles, and why the rest does not', async () => {
  const { code, out } = await counterfoil('check', good, bad, '--json')
  expect(code).toBe(1)
  const said: unknown = JSON.parse(out)
  expect(said).toEqual({
    rules: 2,
    compiled: 1,
    failed: [{ file: bad, why: expect.stringContaining('look-around') as string }],
  })
  expect(await counterfoil('check', good)).toMatchObject({ code: 0, out: '1 of 1 rules compile.\n' })
  expect((await counterfoil('check')).code).toBe(2)
})

test('test runs a rule over events in a file; a rule that sees nothing fails it', async () => {
  const event = (commandLine: string): object => ({
    Event: {
      System: {
        Provider: { '#attributes': { Name: 'Microsoft-Windows-Sysmon' } },
        EventID: 1,
        Channel: 'Microsoft-Windows-Sysmon/Operational',
        Computer: 'ws-4.example.com',
        TimeCreated: { '#attributes': { SystemTime: '2026-03-02T10:00:00.000Z' } },
      },
      EventData: { Image: 'C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe', CommandLine: commandLine },
    },
  })
  const seen = write(
    'seen.json',
    `${JSON.stringify(event('powershell -enc QQA='), null, 2)}\n${JSON.stringify(event('powershell'), null, 2)}`,
  )
  const { code, out } = await counterfoil('test', good, '--events', seen, '--json')
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({
    hits: [{ rule: { title: 'Encoded command' }, count: 1 }],
    eventsInWindow: 2,
    notRun: [],
  })
  const unseen = write('unseen.ndjson', JSON.stringify(event('powershell')))
  expect(await counterfoil('test', good, '--events', unseen)).toMatchObject({ code: 1 })
})

test('run does not take a lake that was never there for an empty one', async () => {
  const { code, err } = await counterfoil('run', good)
  expect(code).toBe(1)
  expect(err).toContain('There is no installation here.')
})

test('run without a path runs the rules that come along', async () => {
  const { code, err } = await counterfoil('run')
  // It came as far as the lake, which is not there: there were rules to run.
  expect({ code, err }).toMatchObject({
    code: 1,
    err: expect.stringContaining('There is no installation here.') as string,
  })
})
