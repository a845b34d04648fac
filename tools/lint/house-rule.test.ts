import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'

const root = path.resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-lint-'))
afterAll(() => rmSync(folder, { recursive: true }))

const Report = z.object({
  diagnostics: z.array(z.object({ code: z.string(), message: z.string(), filename: z.string() })),
  number_of_files: z.number(),
})
type Report = z.infer<typeof Report>

/** Runs the linter with the rules of the house and nothing else. */
const lint = (cwd: string, rules: Record<string, 'error'>) =>
  new Promise<{ code: number; report: Report }>((resolve, reject) => {
    const config = path.join(folder, 'oxlintrc.json')
    const plugin = path.join(root, 'tools/lint/house-rule.js')
    writeFileSync(config, JSON.stringify({ jsPlugins: [plugin], categories: { correctness: 'off' }, rules }))
    const bin = path.join(root, 'node_modules/oxlint/bin/oxlint')
    const args = [bin, '-c', config, '-f', 'json', 'src', 'web/src']
    const child = execFile(process.execPath, args, { cwd, maxBuffer: 64 * 1024 * 1024 }, (_error, out, err) => {
      const start = out.indexOf('{')
      if (start < 0) return reject(new Error(out + err))
      resolve({ code: child.exitCode ?? -1, report: Report.parse(JSON.parse(out.slice(start))) })
    })
  })

const houseRules = {
  'counterfoil/who-may-import-whom': 'error',
  'counterfoil/sql-in-the-cellar': 'error',
  'counterfoil/no-clock-in-judgement': 'error',
  'counterfoil/env-only-in-config': 'error',
} as const

test('the rules see every file of ours, and know the room of each', async () => {
  const { report } = await lint(root, { 'counterfoil/saw-file': 'error' })
  const seen = report.diagnostics.filter(({ code }) => code === 'counterfoil(saw-file)')
  const files = (name: string): string[] =>
    readdirSync(path.join(root, name), { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file))
  const ours = [...files('src'), ...files('web/src')].length
  expect(ours).toBeGreaterThan(200)
  expect(seen.length).toBe(ours)
  expect(seen.filter(({ message }) => message === 'saw nothing')).toEqual([])
  const rooms = readdirSync(path.join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  for (const { name } of rooms) {
    if (files(`src/${name}`).length === 0) continue
    expect(seen.map(({ message }) => message)).toContain(`saw ${name}`)
  }
}, 60_000)

const planted: [file: string, text: string, code: string | null][] = [
  ['src/kit/a.ts', "import { b } from '../model/b.ts'", 'who-may-import-whom'],
  ['src/model/a.ts', "export * from '../contract/b.ts'", 'who-may-import-whom'],
  ['src/triage/a.ts', "import { b } from '../db/b.ts'", 'who-may-import-whom'],
  ['src/triage/b.ts', "const b = await import('../db/b.ts')", 'who-may-import-whom'],
  ['src/triage/c.ts', "import { b } from '../observables/b.ts'", null],
  ['src/providers/acme/a.ts', "export type { B } from '../../../test/b.ts'", 'who-may-import-whom'],
  ['src/intake/smtp/a.ts', "import { b } from '../imap/b.ts'", 'who-may-import-whom'],
  ['src/intake/smtp/b.ts', "import { b } from '../../db/b.ts'", 'who-may-import-whom'],
  ['src/intake/smtp/c.ts', "import { b } from '../../config/config.ts'", 'who-may-import-whom'],
  ['src/intake/smtp/d.ts', "import type { B } from '../../config/config.ts'\nimport { c } from '../limits.ts'", null],
  ['src/connectors/index.ts', "import { b } from './asset-list/index.ts'", null],
  ['src/ledger/a.ts', "import { b } from '../db/b.ts'", 'who-may-import-whom'],
  ['src/ledger/b.ts', "import { type B } from '../db/b.ts'", null],
  ['src/db/a.ts', "import { append } from '../ledger/append.ts'", null],
  ['src/playbooks/a.ts', "type B = import('../http/b.ts').B", 'who-may-import-whom'],
  ['src/playbooks/b.ts', "import { b } from '../connectors/b.ts'", 'who-may-import-whom'],
  ['src/http/a.ts', "import { b } from '../cli/b.ts'", 'who-may-import-whom'],
  ['src/main.ts', "import { b } from './connectors/b.ts'", null],
  ['web/src/a.tsx', "import { b } from '../../src/db/b.ts'", 'who-may-import-whom'],
  ['web/src/b.tsx', "import { b } from '../../src/contract/b.ts'", null],
  ['src/triage/a.test.ts', "import { b } from '../db/b.ts'\nnew Date()", null],
  ['src/http/b.ts', "import { sql } from 'kysely'", 'sql-in-the-cellar'],
  ['src/http/c.ts', "import type { Kysely } from 'kysely'", null],
  ['src/db/b.ts', "import { sql } from 'kysely'", null],
  ['src/measure/a.ts', 'export const a = new Date()', 'no-clock-in-judgement'],
  ['src/measure/b.ts', 'export const a = Date.now()', 'no-clock-in-judgement'],
  ['src/measure/c.ts', "export const a = new Date('2026-01-01')", null],
  ['src/playbooks/c.ts', "export const a = process.env['A']", 'env-only-in-config'],
  ['src/config/a.ts', "export const a = process.env['A']", null],
]

test('each wrong import that is planted is found, and nothing that is right', async () => {
  const house = path.join(folder, 'house')
  for (const [file, text] of planted) {
    mkdirSync(path.dirname(path.join(house, file)), { recursive: true })
    writeFileSync(path.join(house, file), `${text}\n`)
  }
  const { code, report } = await lint(house, houseRules)
  expect(code).toBe(1)
  expect(report.number_of_files).toBe(planted.length)
  const found = new Map(report.diagnostics.map(({ filename, code: rule }) => [filename.replaceAll('\\', '/'), rule]))
  for (const [file, text, rule] of planted) {
    expect(found.get(file), `${file}: ${text}`).toBe(rule === null ? undefined : `counterfoil(${rule})`)
  }
})

test('the rules are on in our own settings', () => {
  const Settings = z.object({ jsPlugins: z.array(z.string()), rules: z.record(z.string(), z.unknown()) })
  const settings = Settings.parse(JSON.parse(readFileSync(path.join(root, '.oxlintrc.json'), 'utf8')))
  expect(settings.jsPlugins).toEqual(['./tools/lint/house-rule.js'])
  for (const rule of Object.keys(houseRules)) expect(settings.rules[rule]).toBe('error')
})
