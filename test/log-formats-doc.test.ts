import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { loadLogParsers } from '../src/lake/parse/parser-files.ts'

test('docs/log-formats.md names every log parser that comes along, with its number of samples', async () => {
  const page = readFileSync(path.join(import.meta.dirname, '..', 'docs', 'log-formats.md'), 'utf8')
  const parsers = await loadLogParsers()
  expect(parsers.length).toBeGreaterThan(50)
  const rows = new Map(
    [...page.matchAll(/^\| .* \| `([a-z0-9-]+)` \| .* \| (\d+) \| .* \|$/gm)].map((row) => [row[1], Number(row[2])]),
  )
  expect(rows).toEqual(new Map(parsers.map((parser) => [parser.id, parser.samples.length])))
})
