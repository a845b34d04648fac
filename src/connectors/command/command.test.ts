import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixedClock } from '../../kit/clock.ts'
import { makeAsk } from '../ask.ts'
import { command } from './index.ts'

const clock = fixedClock('2026-11-02T09:00:00.000Z')
const context = { signal: new AbortController().signal, clock }
let folder: string
let tool: string

/** An old tool: what it does is said by its first argument. */
const script = `#!/bin/sh
case "$1" in
  json) printf '{"id":"7","owner":"%s","mail":"m@corp.example"}' "$2" ;;
  csv) printf 'id,name\\n7,"Weiss, Mara"\\n' ;;
  lines) printf 'Owner of %s: Mara Weiss <m@corp.example>\\n' "$2" ;;
  env) env | sort | tr '\\n' ' ' >&2; exit 3 ;;
  none) exit 4 ;;
  empty) ;;
  slow) sleep 60 & echo $! > "$2"; wait ;;
  flood) yes ;;
  nonsense) echo 'Segmentation fault?' ;;
esac
`
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'cf-command-'))
  tool = path.join(folder, 'tool')
  writeFileSync(tool, script)
  chmodSync(tool, 0o755)
})
afterAll(() => rmSync(folder, { recursive: true }))

function source(args: string[], more: Record<string, unknown> = {}, settings: Record<string, unknown> = {}) {
  const questions = { 'owner-of-host': { program: tool, args, columns: { name: 'owner', email: 'mail' }, ...more } }
  return command.open({ id: 'tool', title: 'Tool', settings: { questions, ...settings }, secret: async () => null })
}
async function asked(connector: ReturnType<typeof source>, host = 'pay-db-01') {
  return (
    await makeAsk({ connectors: [connector], clock, news: () => undefined })('owner-of-host', { host }, context)
  )[0]?.answered
}

test('found: JSON, CSV and lines become the answer', async () => {
  expect(await asked(source(['json', '{host}']))).toMatchObject({
    kind: 'found',
    answer: { id: '7', name: 'pay-db-01', email: 'm@corp.example' },
  })
  expect(await asked(source(['csv'], { output: 'csv', columns: {} }))).toMatchObject({
    kind: 'found',
    answer: { id: '7', name: 'Weiss, Mara' },
  })
  const lines = { output: 'lines', pattern: 'Owner of (?<id>\\S+): (?<owner>.+) <(?<mail>[^>]+)>' }
  expect(await asked(source(['lines', '{host}'], lines))).toMatchObject({
    kind: 'found',
    answer: { id: 'pay-db-01', name: 'Mara Weiss', email: 'm@corp.example' },
  })
})

test('nothing is an exit code that says so, or no output; every other ending is a failure', async () => {
  expect(await asked(source(['none'], { nothingExitCodes: [4] }))).toMatchObject({ kind: 'nothing' })
  expect(await asked(source(['empty']))).toMatchObject({ kind: 'nothing' })
  expect(await asked(source(['none']))).toMatchObject({ kind: 'failed', why: expect.stringContaining('ended with 4') })
  expect(await asked(source(['nonsense']))).toMatchObject({ kind: 'failed', why: expect.stringContaining('nonsense') })
  const lines = { output: 'lines', pattern: 'Owner of (?<id>\\S+)' }
  expect(await asked(source(['nonsense'], lines))).toMatchObject({
    kind: 'failed',
    why: expect.stringContaining('no line fits'),
  })
  const absent = { questions: { 'owner-of-host': { program: '/no/such/tool' } } }
  expect(await asked(command.open({ id: 'x', title: 'X', settings: absent, secret: async () => null }))).toMatchObject({
    kind: 'failed',
    why: expect.stringContaining('could not be started'),
  })
})

test('no shell reads a value, none becomes an option, and the environment is empty', async () => {
  const proof = path.join(folder, 'pwned')
  for (const host of [`$(touch ${proof})`, `; touch ${proof}`, `\`touch ${proof}\``, `a b "c" 'd'`, '*'])
    expect(await asked(source(['json', 'is {host}']), host)).toMatchObject(
      host.includes('"') ? { kind: 'failed' } : { kind: 'found', answer: { name: `is ${host}` } },
    )
  expect(existsSync(proof)).toBe(false)
  expect(await asked(source(['json', '{host}']), '--help')).toMatchObject({
    kind: 'failed',
    why: expect.stringContaining('option'),
  })
  const env = await asked(source(['env']))
  expect(env).toMatchObject({ kind: 'failed', why: expect.stringContaining('LC_ALL=C.UTF-8') })
  expect(JSON.stringify(env)).not.toMatch(/HOME=|NODE|VITEST|DATABASE/)
})

test('slow: it ends in time with what it started; flood: it is ended', async () => {
  const pidFile = path.join(folder, 'pid')
  expect(await asked(source(['slow', pidFile], {}, { timeoutMs: 700 }))).toMatchObject({
    kind: 'failed',
    why: expect.stringContaining('700 ms'),
  })
  const pid = Number(readFileSync(pidFile, 'utf8'))
  await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false)
  expect(await asked(source(['flood']))).toMatchObject({
    kind: 'failed',
    why: expect.stringContaining('writes more than'),
  })
})

/** A process that was ended and not fetched yet by its new parent runs no more. */
function isRunning(pid: number): boolean {
  const stat = path.join('/proc', String(pid), 'stat')
  if (!existsSync(stat)) return false
  return !/\) Z /.test(readFileSync(stat, 'utf8'))
}

test('settings that do not fit are refused; the test button asks its sample', async () => {
  expect(() => source(['{nobody}'])).toThrow(
    expect.objectContaining({ details: expect.objectContaining({ problem: expect.stringContaining('{nobody}') }) }),
  )
  expect(() => source([], { output: 'lines', pattern: '(' })).toThrow()
  expect(() => source([], { output: 'lines', pattern: 'no groups' })).toThrow()
  expect(await source(['json', '{host}'], { sample: { host: 'a' } }).tryOut?.(context)).toMatchObject({
    kind: 'read',
    rows: [{ came: 'found' }],
  })
})
