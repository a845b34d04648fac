import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { letterFrom } from '../../test/letter-of.ts'
import type { Letter } from '../model/letter.ts'
import { ReadField } from '../model/reader.ts'
import { readerOf } from './described.ts'
import { type Matter, matterOf } from './matter.ts'
import { letterOfJson, readLetter } from './read.ts'
import { checkReader, readerYaml } from './reader-file.ts'
import { deriveReader, type Mark, tryReader } from './teach.ts'

const context = { provider: null, receivedAt: '2025-11-04T10:00:00.000Z' }
const lay = (letter: Letter): Matter => matterOf(letter, context)
const named = { id: 'acme-odd', title: 'Acme, odd', from: ['soc@acme-mdr.example'], provider: null }

type Odd = { ticket: string; rule: string; severity: string; host: string; account: string; time: string }
/** A lay-out that no reader of ours knows: sentences, unusual names, a value below its name, a subject of its own. */
const oddMail = (one: Odd): Letter =>
  letterFrom(
    `From: soc@acme-mdr.example\nTo: d@nordhaven.example\nSubject: {${one.ticket}} watch / ${one.severity} / please see\nDate: Tue, 14 Oct 2025 10:00:00 +0000\n\nDear all,\n\nour sensor on <${one.host}> has said: "${one.rule}"!\nWatch-Kennung :: ${one.ticket}\n\nPerson in front of it\n${one.account} (by directory)\n\nMoment = ${one.time}\n`,
  )
const first: Odd = {
  ticket: 'W-2025/118',
  rule: 'Beacon to a rare name',
  severity: 'high',
  host: 'WS-1182',
  account: 'p.okafor',
  time: '2025-10-14 09:12:00 UTC',
}
const rest: Odd[] = [
  {
    ticket: 'W-2025/119',
    rule: 'Password spray',
    severity: 'low',
    host: 'DC-01',
    account: 'svc_sql',
    time: '2025-10-14 09:40:10 UTC',
  },
  {
    ticket: 'W-2025/120',
    rule: 'New admin',
    severity: 'medium',
    host: 'SRV-7.corp.example',
    account: 'CORP\\h.weber',
    time: '2025-10-15 01:02:03 UTC',
  },
]

function mark(letter: Letter, field: ReadField, text: string, part = '1'): Mark {
  const start = letter.parts.find((one) => one.path === part)?.text.indexOf(text) ?? -1
  expect(start, `${text} in ${part}`).toBeGreaterThanOrEqual(0)
  return { field, part, start, end: start + text.length }
}

const taught = () => {
  const letter = oddMail(first)
  const marks = [
    mark(letter, 'ticket', first.ticket),
    mark(letter, 'rule', first.rule),
    mark(letter, 'severity', first.severity, 'subject'),
    mark(letter, 'host', first.host),
    mark(letter, 'account', first.account),
    mark(letter, 'occurred', first.time),
  ]
  return deriveReader(
    lay(letter),
    marks,
    rest.map((one) => lay(oddMail(one))),
    named,
  )
}

test('marks on one mail read the others', () => {
  const { description, problems } = taught()
  expect(problems).toEqual([])
  for (const one of [first, ...rest]) {
    const tried = tryReader(description, lay(oddMail(one)))
    expect(tried.why).toEqual([])
    expect(tried.green).toBe(true)
    expect(Object.fromEntries(Object.entries(tried.fields).map(([name, field]) => [name, field.value]))).toEqual({
      ...{ ticket: one.ticket, rule: one.rule, severity: one.severity, host: one.host, account: one.account },
      occurred: one.time,
    })
    const reading = readLetter(oddMail(one), { ...context, taught: [readerOf(description)] })
    expect(reading).toMatchObject({
      reader: 'acme-odd',
      kind: 'alert',
      severity: one.severity,
      entity: one.host.toLowerCase(),
    })
    expect(reading.occurredAt).toBe(new Date(one.time.replace(' UTC', 'Z').replace(' ', 'T')).toISOString())
  }
})

test('a mail it does not fit is said to be so, field by field, and is read as before', () => {
  const { description } = taught()
  const other = letterFrom(
    'From: soc@acme-mdr.example\nSubject: {W-1} watch / purple / please see\n\nour sensor on <WS-1> has said: nothing\n',
  )
  const tried = tryReader(description, lay(other))
  expect(tried.green).toBe(false)
  expect(tried.why.map(({ field }) => field).sort()).toEqual(['account', 'occurred', 'rule', 'severity', 'ticket'])
  expect(tried.why.find(({ field }) => field === 'severity')?.why).toBe('“purple” is no severity we know')
  expect(readLetter(other, { ...context, taught: [readerOf(description)] }).reader).not.toBe('acme-odd')
})

test('the YAML of a taught reader reads the same, and is what a person may change', () => {
  const { description } = taught()
  const yaml = readerYaml(description)
  expect(checkReader(yaml)).toEqual({ ok: true, description })
  expect(yaml).toContain('id: acme-odd')
  expect(yaml).not.toContain('shapes')
})

test('a word of theirs for a severity is taught with its meaning', () => {
  const letter = oddMail({ ...first, severity: 'purple' })
  const at = mark(letter, 'severity', 'purple', 'subject')
  const without = deriveReader(lay(letter), [at], [], named)
  expect(without.problems).toEqual([{ field: 'severity', why: '“purple” is no severity we know' }])
  const { description, problems } = deriveReader(lay(letter), [{ ...at, means: 'critical' }], [], named)
  expect(problems).toEqual([])
  expect(readLetter(letter, { ...context, taught: [readerOf(description)] }).severity).toBe('critical')
})

test('posted JSON is taught by paths, and of a value a part', () => {
  const text = (host: string, id: string) =>
    JSON.stringify(
      { odd: { thing: { nr: `Nr. ${id} (open)` }, where: [{ box: 'x' }, { box: host }], said: 'Beacon' } },
      null,
      2,
    )
  const letter = letterOfJson(text('WS-1', '77-A'))
  const provider = {
    ...{
      id: 'acme',
      name: 'Acme',
      format: 'generic',
      addresses: [],
      domains: [],
      sourceRanges: [],
      trustedSealers: [],
    },
    ...{ replyAddress: null, dryRun: true, mayShare: [] },
  }
  const posted = { ...context, provider }
  const marks = [mark(letter, 'ticket', '77-A'), mark(letter, 'host', 'WS-1'), mark(letter, 'rule', 'Beacon')]
  const { description, problems } = deriveReader(matterOf(letter, posted), marks, [], {
    ...named,
    from: [],
    provider: 'acme',
  })
  expect(problems).toEqual([])
  expect(description.fields.host).toEqual({ json: 'odd.where.1.box' })
  const next = readLetter(letterOfJson(text('WS-2', '78-B')), { ...posted, taught: [readerOf(description)] })
  expect(next).toMatchObject({ reader: 'acme-odd', ticket: { value: '78-B' }, host: { value: 'WS-2' } })
  // Posts of another provider are not read by it.
  const elsewhere = { ...posted, provider: { ...provider, id: 'else' }, taught: [readerOf(description)] }
  expect(readLetter(letterOfJson(text('WS-2', '78-B')), elsewhere).reader).not.toBe('acme-odd')
})

test('a cell of a table in HTML is taught by the name beside it', () => {
  const html = (ticket: string) =>
    letterFrom(
      `From: soc@acme-mdr.example\nSubject: x\nContent-Type: text/html\n\n<table><tr><td>Zeichen bei uns</td><td>${ticket}</td></tr><tr><td>Kasten</td><td>WS-1 &lt;b&gt;</td></tr></table>`,
    )
  const letter = html('Q-1')
  const { description, problems } = deriveReader(lay(letter), [mark(letter, 'ticket', 'Q-1')], [], named)
  expect(problems).toEqual([])
  expect(description.fields.ticket).toEqual({ label: 'Zeichen bei uns' })
  expect(tryReader(description, lay(html('Q-2'))).fields.ticket?.value).toBe('Q-2')
})

describe('a reader’s YAML is refused with line and reason', () => {
  test.each([
    ['reader: 1\nid: huntress\ntitle: x\nfrom: [a.example]\nfields: { ticket: { label: T } }', 2, /comes along/],
    ['reader: 1\nid: a\ntitle: x\nfields: { ticket: { label: T } }', 3, /whose messages/],
    ['reader: 1\nid: a\ntitle: x\nfrom: [a.example]', 3, /no fields/],
    ['reader: 1\nid: a\ntitle: x\nfrom: [a.example]\nfields:\n  ticket: { labels: T }', 6, /an anchor is one of/],
    [
      'reader: 1\nid: a\ntitle: x\nfrom: [a.example]\nfields:\n  ticket: { label: T, take: "(a" }',
      6,
      /RE2 does not take/,
    ],
    [
      'reader: 1\nid: a\ntitle: x\nfrom: [a.example]\nfields:\n  ticket: { label: T, take: "(?<=a)b" }',
      6,
      /RE2 does not take/,
    ],
    ['reader: 1\nid: a\ntitle: x\nfrom: [a.example]\nneeds: [rule]\nfields:\n  ticket: { label: T }', 5, /needs rule/],
    ['reader: 2\nid: a\ntitle: x\n', 1, /1/],
    ['a: &x 1\nb: *x', 2, /aliases/],
    [': : :', 1, /./],
  ])('%j', (text, line, words) => {
    const checked = checkReader(text)
    expect(checked.ok).toBe(false)
    if (checked.ok) return
    expect(checked.issues.map((issue) => issue.line)).toContain(line)
    expect(checked.issues.map(({ problem }) => problem).join('\n')).toMatch(words)
  })
})

test('whatever is marked in whatever mail: no throw, and what is derived finds just that place', () => {
  const fields = ReadField.options
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc.string({ maxLength: 60 }),
      fc.array(fc.tuple(fc.constantFrom(...fields), fc.nat({ max: 220 }), fc.nat({ max: 60 })), { maxLength: 4 }),
      (body, subject, places) => {
        const letter = {
          ...oddMail(first),
          subject,
          parts: [
            { path: 'subject', type: 'text/plain', text: subject },
            { path: '1', type: 'text/plain', text: body },
          ],
        }
        const matter = lay(letter)
        const marks = places.map(([field, start, length]) => ({
          field,
          part: '1',
          start: Math.min(start, body.length),
          end: Math.min(start + length, body.length),
        }))
        const { description } = deriveReader(matter, marks, [matter], named)
        const checked = checkReader(
          readerYaml({ ...description, fields: { ticket: { label: 'x' }, ...description.fields }, needs: [] }),
        )
        expect(checked).toMatchObject({ ok: true })
        const tried = tryReader(description, matter)
        for (const [name, field] of Object.entries(tried.fields)) {
          const own = marks.filter((one) => one.field === name)
          expect(own.some((one) => one.start <= (field.span?.start ?? -1) && one.end >= (field.span?.end ?? 0))).toBe(
            true,
          )
        }
      },
    ),
    { numRuns: 200 },
  )
})
