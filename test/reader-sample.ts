import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Reading } from '../src/model/alert.ts'
import { readJson, readLetter } from '../src/providers/read.ts'
import { letterOf } from './letter-of.ts'

const receivedAt = '2025-11-04T10:00:00.000Z'

/** The text a span points at. */
function textAt(parts: ReadonlyMap<string, string>, span: { part: string; start: number; end: number }): string {
  return (parts.get(span.part) ?? '').slice(span.start, span.end)
}

function spansPointAtSomething(reading: Reading, parts: ReadonlyMap<string, string>): void {
  for (const one of reading.observables) expect(textAt(parts, one)).toBe(one.text)
  const fields = [reading.ticket, reading.severityText, reading.status, reading.host, reading.account, reading.question]
  for (const field of fields) {
    if (field?.span == null) continue
    const text = textAt(parts, field.span)
    expect(text.trim()).toBe(text)
    expect(text).not.toBe('')
  }
  for (const { span } of reading.delivered) if (span !== null) expect(textAt(parts, span)).not.toBe('')
}

/** Sample in, sample out: `sample.eml` and `sample.json` of a reader's folder, against `sample.out.json` beside them. */
export function testSamples(folder: URL): void {
  const wanted = JSON.parse(readFileSync(new URL('sample.out.json', folder), 'utf8')) as Record<string, unknown>
  for (const name of ['sample.eml', 'sample.json']) {
    const file = new URL(name, folder)
    if (!existsSync(file)) continue
    test(`${name} is read as written down in sample.out.json`, () => {
      const letter = name.endsWith('.eml') ? letterOf(file) : null
      const text = readFileSync(file, 'utf8')
      const reading =
        letter === null
          ? readJson(text, { provider: null, receivedAt })
          : readLetter(letter, { provider: null, receivedAt })
      Reading.parse(reading)
      // Observables are the extractor's own business, with its own score: here only the plain ones must be among them.
      const { observables, ...rest } = reading
      const { mustSee, ...fields } = wanted[name] as { mustSee: string[] }
      expect(rest).toEqual(fields)
      expect(observables.map(({ type, value }) => `${type} ${value}`)).toEqual(expect.arrayContaining(mustSee))
      spansPointAtSomething(
        reading,
        new Map(letter === null ? [['1', text]] : letter.parts.map((part) => [part.path, part.text])),
      )
    })
  }
}
