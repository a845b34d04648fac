import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { letterFrom } from '../../test/letter-of.ts'
import { spansInside, testDescribed } from '../../test/reader-sample.ts'
import type { Reading } from '../model/alert.ts'
import type { Letter } from '../model/letter.ts'
import { Anchor, ReaderDescription, type ReaderDraft } from '../model/reader.ts'
import { readAnchor } from './anchors.ts'
import { described, readerOf } from './described.ts'
import { matterOf } from './matter.ts'
import { letterOfJson, readLetter } from './read.ts'
import { readers } from './readers.ts'

const folderOf = (id: string) => new URL(`./${id}/`, import.meta.url)
const isDescribed = (id: string) => readFileSync(new URL('index.ts', folderOf(id)), 'utf8').includes('described(')
const describedIds = readers.map(({ id }) => id).filter(isDescribed)
const context = { provider: null, receivedAt: '2025-11-04T10:00:00.000Z' }

describe.each(describedIds)('%s', (id) => {
  testDescribed(folderOf(id))
})

test('at least twenty providers are read in mail and as JSON', () => {
  const both = readers.filter(({ id }) =>
    ['sample.eml', 'sample.json', 'sample.out.json'].every((name) => existsSync(new URL(name, folderOf(id)))),
  )
  expect(both.length).toBeGreaterThanOrEqual(20)
  expect(new Set(readers.map(({ id }) => id)).size).toBe(readers.length)
  expect(describedIds.length).toBeGreaterThan(15)
})

test('no reader takes the sample of another', () => {
  for (const { id } of readers.filter((one) => one.id !== 'generic')) {
    for (const name of ['sample.eml', 'sample.json']) {
      const file = new URL(name, folderOf(id))
      if (!existsSync(file)) continue
      const letter = name === 'sample.json' ? letterOfJson(readFileSync(file, 'utf8')) : letterFrom(readFileSync(file))
      expect(readLetter(letter, context).reader, `${id} ${name}`).toBe(id)
    }
  }
})

const mail = (body: string, subject = 'Alert') =>
  letterFrom(
    `From: soc@acme-mdr.example\nTo: d@nordhaven.example\nSubject: ${subject}\nDate: Tue, 14 Oct 2025 10:00:00 +0000\n\n${body}\n`,
  )
const found = (letter: Letter, anchor: unknown) => readAnchor(matterOf(letter, context), Anchor.parse(anchor))

describe('an anchor', () => {
  const body = 'Ticket No: 4711 (new)\n\nAlert name\nBeaconing\n\nseen on host WS-1182 by sensor 4\nTicket No: 4712'
  test.each([
    [{ label: 'ticket no' }, '4711 (new)', '1:11-21'],
    [{ label: 'Ticket No', until: ' (' }, '4711', '1:11-15'],
    [{ label: 'Ticket No', nth: 1 }, '4712', '1:89-93'],
    [{ label: 'Ticket No', take: '\\((\\w+)\\)' }, 'new', '1:17-20'],
    [{ below: 'Alert name' }, 'Beaconing', '1:34-43'],
    [{ in: 'body', after: 'on host ', until: ' by' }, 'WS-1182', '1:58-65'],
    [{ in: 'subject', take: 'ert' }, 'ert', 'subject:2-5'],
  ])('%j', (anchor, value, place) => {
    const field = found(mail(body), anchor)
    expect(field?.value).toBe(value)
    expect(`${field?.span?.part}:${field?.span?.start}-${field?.span?.end}`).toBe(place)
  })
  test.each([
    [{ label: 'Case' }],
    [{ label: 'Ticket No', nth: 2 }],
    [{ label: 'Ticket No', after: 'x' }],
    [{ below: 'Nothing' }],
    [{ in: 'body', after: 'on host ', until: 'never' }],
    [{ json: 'a.b' }],
  ])('%j finds nothing, and says so', (anchor) => {
    expect(found(mail(body), anchor)).toBeNull()
  })
  test.each([
    ['a.b', '1'],
    ['list.1.n', 'y'],
    ['list.*.only', 'z'],
    ['list.n=y.v', '2'],
    ['dotted.name', 'd'],
    ['list.9.n', undefined],
    ['a', undefined],
  ])('of JSON, path %s', (json, value) => {
    const text = '{"a":{"b":1},"list":[{"n":"x","v":1},{"n":"y","v":2,"only":"z"}],"dotted.name":"d"}'
    expect(found(letterOfJson(text), { json })?.value).toBe(value)
  })
  test('a value with escapes keeps the place of the whole', () => {
    const text = String.raw`{"user":"CORP\\p.okafor (Peter)"}`
    const field = found(letterOfJson(text), { json: 'user', until: ' (' })
    expect(field?.value).toBe(String.raw`CORP\p.okafor`)
    expect(text.slice(field?.span?.start, field?.span?.end)).toBe(String.raw`CORP\\p.okafor (Peter)`)
  })
})

test('a message without what a description needs is left to the others', () => {
  const description = ReaderDescription.parse({
    reader: 1,
    id: 'acme',
    title: 'Acme',
    from: ['acme-mdr.example'],
    needs: ['ticket'],
    fields: { ticket: { label: 'Vorgang' } },
  } satisfies ReaderDraft)
  const taught = [readerOf(description)]
  expect(readLetter(mail('Vorgang: 12-A\nHost: WS-1'), { ...context, taught })).toMatchObject({
    reader: 'acme',
    ticket: { value: '12-A' },
  })
  expect(readLetter(mail('Host: WS-1'), { ...context, taught }).reader).toBe('generic')
  const other = { ...mail('Vorgang: 12-A'), from: { name: '', address: 'soc@else.example' } }
  expect(readLetter(other, { ...context, taught }).reader).toBe('generic')
})

test('a description that is not of the schema, or whose pattern RE2 does not take, is refused', () => {
  expect(() => described({ reader: 1, id: 'Not An Id', title: 'x' })).toThrow()
  expect(
    ReaderDescription.safeParse({ reader: 1, id: 'a', title: 'x', fields: { ticket: { in: 'body' } } }).success,
  ).toBe(false)
  expect(
    ReaderDescription.safeParse({ reader: 1, id: 'a', title: 'x', fields: { secret: { label: 'x' } } }).success,
  ).toBe(false)
})

describe('no message breaks a reader', () => {
  const texts = describedIds.flatMap((id) =>
    ['sample.eml', 'sample.json'].map((name) => ({ name, text: readFileSync(new URL(name, folderOf(id)), 'utf8') })),
  )
  const check = (letter: Letter): Reading => {
    const reading = readLetter(letter, context)
    spansInside(reading, new Map(letter.parts.map((part) => [part.path, part.text])))
    return reading
  }
  test('samples cut, doubled and filled with other text: no throw, and every span lies inside its text', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.nat(),
        fc.nat(),
        fc.string({ unit: 'grapheme', maxLength: 40 }),
        (sample, a, b, filled) => {
          const { text } = sample
          const [from, to] = [a % (text.length + 1), b % (text.length + 1)].sort((x, y) => x - y)
          const damaged = text.slice(0, from) + filled + text.slice(to)
          check(sample.name === 'sample.json' ? letterOfJson(damaged) : letterFrom(damaged))
        },
      ),
      { numRuns: 150 },
    )
  })
  test('values of any kind in the places of JSON', () => {
    const json = texts.filter(({ name }) => name === 'sample.json').map(({ text }) => JSON.parse(text) as unknown)
    const replaced = (value: unknown, put: unknown, at: { left: number }): unknown => {
      at.left -= 1
      if (at.left === 0) return put
      if (Array.isArray(value)) return value.map((one) => replaced(one, put, at))
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, replaced(one, put, at)]))
    }
    fc.assert(
      fc.property(
        fc.constantFrom(...json),
        fc.jsonValue({ maxDepth: 3 }),
        fc.integer({ min: 1, max: 40 }),
        (value, put, left) => {
          check(letterOfJson(JSON.stringify(replaced(value, put, { left }), null, 2)))
        },
      ),
      { numRuns: 150 },
    )
  })
  test('hostile HTML is text: nothing in it becomes a field as markup', () => {
    const html = (cell: string) =>
      letterFrom(
        `From: soc@bluevoyant.com\nSubject: BlueVoyant SOC\nContent-Type: text/html; charset=utf-8\n\n<table><tr><td>Case</td><td>${cell}</td></tr><tr><td>Alert name</td><td>x</td></tr></table>`,
      )
    const reading = check(html('77<script>alert(1)</script><img src=x onerror=alert(1)>812'))
    expect(reading.reader).toBe('bluevoyant')
    expect(JSON.stringify(reading)).not.toMatch(/<script|onerror|<img/)
  })
})
