import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { lakeColumns, ocsfClasses } from '../src/model/lake.ts'
import { readLogParser } from '../src/parsers/log/validate.ts'

const doc = await readFile('docs/log-parsers.md', 'utf8')

test('the parser that docs/log-parsers.md shows is one', () => {
  const yaml = /```yaml\n( *id: acme-gate\n[^`]*)```/.exec(doc)?.[1] ?? ''
  const { value, issues } = readLogParser(yaml.replaceAll(/^ {3}/gm, ''))
  expect(issues).toEqual([])
  expect(value?.id).toBe('acme-gate')
})

test('docs/log-parsers.md names every class, and every column that a parser may fill', () => {
  const classes = [...doc.matchAll(/(\d+) ([A-Z][A-Za-z ]+?) *(?=·|\n|$)/g)].map(([, uid, name]) => [uid, name])
  expect(Object.fromEntries(classes)).toEqual(ocsfClasses)
  // The engine and the source say these, not a parser.
  const made = [
    'time',
    'class_uid',
    'metadata.logged_time',
    'metadata.log_provider',
    'metadata.log_format',
    'metadata.product.name',
  ]
  const missing = lakeColumns.filter(({ ocsf }) => !made.includes(ocsf) && !doc.includes(`\`${ocsf}\``))
  expect(missing).toEqual([])
})
