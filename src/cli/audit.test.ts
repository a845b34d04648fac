import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { type Env, runCommand, type Said } from '../../test/program.ts'
import { systemClock } from '../kit/clock.ts'
import { appendAll } from '../ledger/append.ts'

// These start the program itself, again and again: half a second each, five on a machine that is busy.
vi.setConfig({ testTimeout: 120_000 })

const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-audit-'))
const root = path.resolve(import.meta.dirname, '../..')
const at = (name: string) => path.join(folder, name)
let house: FreshDatabase

const counterfoil = (args: readonly string[], env: Env = {}) =>
  runCommand(args, { COUNTERFOIL_DATA: at('data'), ...env }, { cwd: folder })
/** A script of ours that shares no code with the product. */
const run = (script: string, args: readonly string[]) =>
  new Promise<Said>((resolve) => {
    const child = execFile(process.execPath, [path.join(root, script), ...args], { cwd: folder }, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    )
  })

beforeAll(async () => {
  chmodSync(folder, 0o755)
  house = await freshDatabase()
  const lines = Array.from({ length: 25 }, (_, n) => ({
    ...{ kind: 'alert.opened' as const, actor: 'system', subject: `alert:${n}`, body: { n, says: '\u2028\r"ü' } },
  }))
  await appendAll(house.db, lines, systemClock)
})
afterAll(async () => {
  await house.close()
  rmSync(folder, { recursive: true })
})

test('export, verify with the key, and what a change, another key or a missing file say', async () => {
  const database = { DATABASE_URL: house.url }
  const exported = await counterfoil(['audit', 'export', '--out', at('all.jsonl')], database)
  expect(exported).toMatchObject({ code: 0, out: '' })
  expect(exported.err).toContain('25 records')
  expect(statSync(at('all.jsonl')).mode & 0o777).toBe(0o600)
  const key = (await counterfoil(['audit', 'key'])).out.trim()
  const verified = await counterfoil(['audit', 'verify', at('all.jsonl'), '--key', key, '--json'])
  expect(verified.code).toBe(0)
  expect(JSON.parse(verified.out)).toMatchObject({ ok: true, complete: true, records: 25, keyFrom: 'you' })
  const kept = await counterfoil(['audit', 'checkpoint'], database)
  writeFileSync(at('kept'), kept.out)
  writeFileSync(at('key'), `${key}\n`)
  expect(
    await counterfoil(['audit', 'verify', at('all.jsonl'), '--key', at('key'), '--checkpoint', at('kept')]),
  ).toMatchObject({ code: 0 })

  writeFileSync(
    at('changed.jsonl'),
    readFileSync(at('all.jsonl'), 'utf8').replace('"alert:7', '"alert:8').replace('alert:7', 'alert:8'),
  )
  const changed = await counterfoil(['audit', 'verify', at('changed.jsonl'), '--key', key])
  expect(changed.code).toBe(1)
  expect(changed.out).toMatch(/record 7: the text of the record does not give its hash/)
  expect(await counterfoil(['audit', 'verify', at('nowhere.jsonl')])).toMatchObject({ code: 2 })
  expect(await counterfoil(['audit', 'verify', at('all.jsonl'), '--key', 'nonsense'])).toMatchObject({ code: 2 })
  expect(await counterfoil(['audit', 'export'], database)).toMatchObject({ code: 2 })
  expect(
    await counterfoil(['audit', 'export', '--out', at('b'), '--alert', '1', '--from', '2026-01-01'], database),
  ).toMatchObject({ code: 2 })
})

test('the stand-alone verifier, which shares no code with us, comes to the same verdicts', async () => {
  const database = { DATABASE_URL: house.url }
  const tool = (...args: string[]) => run('tools/verify-export.mjs', args)
  await counterfoil(['audit', 'export', '--out', at('whole.jsonl')], database)
  await counterfoil(['audit', 'export', '--out', at('part.jsonl'), '--from', '2026-01-01'], database)
  const key = (await counterfoil(['audit', 'key'])).out.trim()
  for (const name of ['whole.jsonl', 'part.jsonl']) {
    expect(await tool(at(name), key)).toMatchObject({ code: 0, out: expect.stringContaining('25 records') })
    const bytes = readFileSync(at(name))
    for (let n = 0; n < 8; n++) {
      const changed = Buffer.from(bytes)
      const place = Math.floor((bytes.length / 8) * (n + 0.37))
      changed[place] = (changed[place] as number) ^ (1 << n)
      writeFileSync(at('bit.jsonl'), changed)
      expect(await tool(at('bit.jsonl'), key), `byte ${place}`).toMatchObject({ code: 1 })
    }
    writeFileSync(at('cut.jsonl'), bytes.subarray(0, -1))
    expect(await tool(at('cut.jsonl'), key)).toMatchObject({ code: 1 })
  }
  const other = key.replace(/.$/, key.endsWith('A') ? 'B' : 'A')
  expect((await tool(at('whole.jsonl'), other)).code).toBe(1)
  expect((await tool(at('nowhere.jsonl'))).code).toBe(2)
  const source = readFileSync(path.join(root, 'tools/verify-export.mjs'), 'utf8')
  expect([...source.matchAll(/from '([^']+)'/g)].map((match) => match[1])).toEqual(['node:crypto', 'node:fs'])
  // Short enough to be read in an hour: records, approvals, releases and time-stamps.
  expect(source.split('\n').length).toBeLessThan(400)
})

test('the ledger in the database is checked, and a change in it is said with exit 1', async () => {
  const database = { DATABASE_URL: house.url }
  expect(await counterfoil(['audit', 'check'], database)).toMatchObject({
    code: 0,
    out: expect.stringContaining('25 records'),
  })
  await house.db.deleteFrom('ledger_node').where('level', '=', 1).where('index', '=', '3').execute()
  const check = await counterfoil(['audit', 'check', '--json'], database)
  expect(check.code).toBe(1)
  expect(JSON.parse(check.out)).toMatchObject({ ok: false, signatures: 'checked' })
})

test('with no installation there it says so, makes none, and leaves no half file', async () => {
  const result = await counterfoil(['audit', 'export', '--out', at('none.jsonl')], { COUNTERFOIL_DATA: at('empty') })
  expect(result).toMatchObject({ code: 1, err: expect.stringContaining('no installation') })
  expect(existsSync(at('empty'))).toBe(false)
  expect(existsSync(at('none.jsonl'))).toBe(false)
})
