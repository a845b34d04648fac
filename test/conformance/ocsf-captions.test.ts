import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { loadLogParsers } from '../../src/lake/parse/parser-files.ts'
import { lakeColumns, ocsfClasses } from '../../src/model/lake.ts'
import type { LogParser, Mapping } from '../../src/model/log-parser.ts'

// The schema of OCSF 1.8 as its server compiles it, beside the checkout and never copied into it.
const folder = path.resolve(import.meta.dirname, '../../../shared/corpus/ocsf')
const here = existsSync(folder)
if (!here) process.stderr.write('conformance of OCSF captions: passed over, no schema beside the checkout\n')

type Attribute = { readonly enum?: Readonly<Record<string, { readonly caption: string }>> }
type OcsfClass = {
  readonly uid: number
  readonly caption: string
  readonly attributes: Readonly<Record<string, Attribute>>
}
type Schema = { readonly version: string; readonly classes: Readonly<Record<string, OcsfClass>> }

const schema = (): Schema => {
  const file = readdirSync(folder).find((name) => name.endsWith('.json.gz'))
  if (file === undefined) throw new Error('there is no compiled schema')
  return JSON.parse(gunzipSync(readFileSync(path.join(folder, file))).toString('utf8')) as Schema
}

/** Every constant that a mapping can give; those of derived fields that it takes too. */
function constantsOf(parser: LogParser, mapping: Mapping | undefined, depth = 0): readonly (string | number)[] {
  if (mapping === undefined || depth > 10) return []
  const plain = typeof mapping === 'string' || Array.isArray(mapping) ? { from: mapping } : mapping
  const from = typeof plain.from === 'string' ? [plain.from] : plain.from
  const own =
    'values' in plain ? [...Object.values(plain.values), ...[plain.unlisted ?? '', plain.otherwise ?? '']] : []
  // A table puts its own words in the place of a derived field's, unless it lets those through that it does not list.
  const table = 'values' in plain && (Object.keys(plain.values).length > 0 || plain.unlisted !== undefined)
  const through = table ? [] : from.flatMap((name) => constantsOf(parser, parser.derive[name], depth + 1))
  return [...own, ...through].filter((value) => value !== '')
}

const classesOf = (parser: LogParser): readonly number[] =>
  typeof parser.class === 'number'
    ? [parser.class]
    : [...new Set([...Object.values(parser.class.values), parser.class.otherwise])]

describe.skipIf(!here)('the words of our log parsers are those of OCSF 1.8', async () => {
  const parsers = await loadLogParsers()
  const compiled = here ? schema() : { version: '', classes: {} }
  const byUid = new Map(Object.values(compiled.classes).map((known) => [known.uid, known]))
  const captions = (uid: number, attribute: string): readonly string[] =>
    Object.values(byUid.get(uid)?.attributes[attribute]?.enum ?? {}).map(({ caption }) => caption)

  test('our classes are classes of it, by number and name', () => {
    expect(compiled.version).toMatch(/^1\.8\./)
    for (const [uid, name] of Object.entries(ocsfClasses))
      expect([uid, byUid.get(Number(uid))?.caption]).toEqual([uid, name])
    expect(parsers.flatMap((parser) => constantsOf(parser, parser.map.activity_name)).length).toBeGreaterThan(500)
  })

  test('columns that are not our own are attributes of some class', () => {
    const roots = new Set(Object.values(compiled.classes).flatMap((known) => Object.keys(known.attributes)))
    const unknown = lakeColumns.filter((column) => !('ours' in column) && !roots.has(column.ocsf.split('.')[0] ?? ''))
    expect(unknown.map((column) => column.ocsf)).toEqual([])
  })

  test.each(parsers.map((parser) => [parser.id, parser] as const))('%s', (_id, parser) => {
    const classes = classesOf(parser)
    const allowed = (attribute: string): Set<string> => new Set(classes.flatMap((uid) => captions(uid, attribute)))
    const strange = (words: readonly (string | number)[], known: ReadonlySet<string>): readonly (string | number)[] =>
      words.filter((word) => !known.has(String(word)))
    expect(strange(constantsOf(parser, parser.map.activity_name), allowed('activity_id'))).toEqual([])
    const severities = new Set(Object.keys(byUid.get(0)?.attributes['severity_id']?.enum ?? {}))
    expect(strange(constantsOf(parser, parser.map.severity_id), severities)).toEqual([])
    expect(
      strange(constantsOf(parser, parser.map.status), new Set([...allowed('status_id'), 'Success', 'Failure'])),
    ).toEqual([])
    expect(strange(constantsOf(parser, parser.map.action), new Set(captions(4001, 'action_id')))).toEqual([])
  })
})
