import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import Ajv, { type ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { exportCacao } from '../../src/playbooks/cacao/export.ts'
import { importCacao } from '../../src/playbooks/cacao/import.ts'
import { loadLibrary, validatePlaybook } from '../../src/playbooks/load.ts'

const corpus = path.resolve(import.meta.dirname, '../../../shared/corpus/cacao')
const here = existsSync(path.join(corpus, 'schemas/playbook.json'))
const root = 'https://raw.githubusercontent.com/oasis-open/cacao-json-schemas/main/schemas/'

type Schema = Record<string, unknown>

/**
 * The official schemas in two readings. They say draft-07 and use `unevaluatedProperties`, which came with 2019-09: read as they say, that word means
 * nothing. Read as 2020-12, it means so much that OASIS' own examples fail: the items of `commands` are the base type, which then lets no command
 * have a `command`. So the strict reading leaves that one word of that one file out.
 */
function validator(strict: boolean): ValidateFunction {
  const ajv = strict
    ? new Ajv2020({ strict: false, allErrors: true, unicodeRegExp: false })
    : new Ajv.default({ strict: false, allErrors: true, unicodeRegExp: false })
  for (const file of globSync('schemas/**/*.json', { cwd: corpus })) {
    const schema = JSON.parse(readFileSync(path.join(corpus, file), 'utf8')) as Schema
    if (strict) delete schema['$schema']
    if (strict && file.endsWith('commands/command-data.json')) delete schema['unevaluatedProperties']
    ajv.addSchema(schema)
  }
  const found = ajv.getSchema(`${root}playbook.json`)
  if (found === undefined) throw new Error('the schema of a playbook is not there')
  return found
}

describe.skipIf(!here)('CACAO 2.0', () => {
  const asSaid = here ? validator(false) : null
  const strictly = here ? validator(true) : null
  const examples = here
    ? globSync('**/*.json', { cwd: path.join(corpus, 'examples') })
        .map((file) => [file, readFileSync(path.join(corpus, 'examples', file), 'utf8')] as const)
        .filter(([, text]) => (JSON.parse(text) as { workflow?: unknown }).workflow !== undefined)
    : []
  const valid = examples.filter(([, text]) => asSaid?.(JSON.parse(text)) === true)

  test('saw the examples and their schemas', () => {
    expect(valid.length).toBeGreaterThanOrEqual(5)
    expect(
      examples
        .filter(([, text]) => strictly?.(JSON.parse(text)) === true)
        .map(([file]) => file)
        .sort(),
    ).toEqual(['basic-example-1.json', 'spec-3.1-example.json'])
  })

  test.each(valid)('%s is taken, is a right playbook, and goes out as it came', (_file, text) => {
    const playbook = importCacao(text)
    expect(playbook.steps.length).toBeGreaterThan(0)
    expect(validatePlaybook(stringify(playbook)).issues).toEqual([])
    expect(exportCacao(playbook, new Date())).toBe(text)
  })

  test('every playbook of ours goes out as a document that both readings of the schemas take, and so does one that was changed', async () => {
    const library = await loadLibrary(['content/playbooks'])
    const changed = valid.map(([, text]) => ({ ...importCacao(text), title: 'Changed here' }))
    expect(library.all.length + changed.length).toBeGreaterThan(12)
    for (const playbook of library.all) {
      const document: unknown = JSON.parse(exportCacao(playbook, new Date()))
      expect(asSaid?.(document), JSON.stringify(asSaid?.errors)).toBe(true)
      expect(strictly?.(document), JSON.stringify(strictly?.errors)).toBe(true)
    }
    for (const playbook of changed) {
      const document: unknown = JSON.parse(exportCacao(playbook, new Date()))
      expect(asSaid?.(document), JSON.stringify(asSaid?.errors)).toBe(true)
    }
  })
})
