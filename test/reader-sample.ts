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

const said = (
  field: { value: string; span: { part: string; start: number; end: number } | null } | null,
): string | null =>
  field === null
    ? null
    : `${field.value} @${field.span === null ? '-' : `${field.span.part}:${field.span.start}-${field.span.end}`}`

/** Every span of a reading lies inside the text it points into. */
export function spansInside(reading: Reading, parts: ReadonlyMap<string, string>): void {
  const { ticket, rule, severityText, status, host, account, source, destination, portalUrl, question } = reading
  const fields = [ticket, rule, severityText, status, host, account, source, destination, portalUrl, question]
  const spans = [...fields, ...reading.fields, ...reading.delivered].flatMap((one) => one?.span ?? [])
  for (const { part, start, end } of [...spans, ...reading.observables]) {
    const text = parts.get(part)
    expect(text, part).toBeDefined()
    expect(start).toBeGreaterThanOrEqual(0)
    expect(end).toBeGreaterThanOrEqual(start)
    expect(end).toBeLessThanOrEqual(text?.length ?? -1)
  }
}

/** A reading in one line for each field, with its place: "FIN-LT-014 @1:45-55". */
function toldOf(reading: Reading): Record<string, unknown> {
  const { reader, kind, severity, title, summary, occurredAt, raisedAt } = reading
  return {
    ...{
      reader,
      kind,
      ticket: said(reading.ticket),
      rule: said(reading.rule),
      severity,
      severityText: said(reading.severityText),
    },
    ...{ status: said(reading.status), title, summary, occurredAt, raisedAt },
    ...{ host: said(reading.host), account: said(reading.account), source: said(reading.source) },
    ...{ destination: said(reading.destination), portalUrl: said(reading.portalUrl), question: said(reading.question) },
    rungs: reading.delivered.map(({ rung }) => rung).join(' '),
  }
}

/** The same for a described reader, whose samples are both there and whose expectation is one line for each field. */
export function testDescribed(folder: URL): void {
  const wanted = JSON.parse(readFileSync(new URL('sample.out.json', folder), 'utf8')) as Record<string, unknown>
  test.each(['sample.eml', 'sample.json'])('%s is read as written down in sample.out.json', (name) => {
    const { reading, parts } = readSample(new URL(name, folder))
    Reading.parse(reading)
    expect(toldOf(reading)).toEqual(wanted[name])
    spansPointAtSomething(reading, parts)
  })
}

/** A sample as it is read, with the texts that its spans point into. */
function readSample(file: URL): { reading: Reading; parts: ReadonlyMap<string, string> } {
  const context = { provider: null, receivedAt }
  if (file.pathname.endsWith('.json')) {
    const text = readFileSync(file, 'utf8')
    return { reading: readJson(text, context), parts: new Map([['1', text]]) }
  }
  const letter = letterOf(file)
  return { reading: readLetter(letter, context), parts: new Map(letter.parts.map((part) => [part.path, part.text])) }
}
