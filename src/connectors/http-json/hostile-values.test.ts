import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type QuestionName, questions } from '../../model/question.ts'
import { optionalFields, requestOf } from './asking.ts'
import { filtered, literals, safeFilters } from './filters.ts'
import { readCatalogue } from './index.ts'
import { partsOf } from './parts.ts'
import { settleAsExample } from './settle.ts'
import { onlyPlace, placesIn } from './template.ts'

/** What people try: every one closes a text, a condition or a line in some language, or means "everything" in one. */
const hostile = [
  '" or 1==1 //', "' or ''='", "x' or startswith(displayName,'", '\\', '\\"', "\\'", '"; drop', 'a" | delete', '*', 'a*', '?', '`macro`', '[search index=*]',
  '$token$', '{host}', '{{host}}', '^ORname=x', 'javascript:gs.getUser()', 'x^NQactive=true', '\r\nX-Evil: 1', 'a\nb', '\u0000', '\u2028| take 1', '..', '../..', '%2e%2e',
  'a/b?c=d#e', 'a&b=c', 'a;b', ') or (1=1', '} } } { "x": 1', '<!--', ']]>', '&amp;', '\ud800', 'ß"ß', '192.0.2.7 or 1=1', '::1%eth0', '0x7f000001', '-1', 'true', '(', 'NOT x', 'x\u0085y',
] // biome-ignore format: a table reads better in few lines
const value = fc.oneof(
  fc.constantFrom(...hostile),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 40 }),
)

/** Readers of a quoted text by the rules of its language, not by those of our filters: what it says, and what is left after it. */
const readers: Readonly<Record<string, (text: string) => readonly [string, string]>> = {
  kql: (text) => backslashQuoted(text, '"'),
  spl: (text) => backslashQuoted(text, '"'),
  lucene: (text) => backslashQuoted(text, '"'),
  fql: (text) => backslashQuoted(text, "'"),
  odata: (text) => {
    let at = 1
    let says = ''
    for (; at < text.length; at += 1) {
      if (text[at] !== "'") says += text[at]
      else if (text[at + 1] === "'") {
        says += "'"
        at += 1
      } else break
    }
    return [says, text.slice(at + 1)]
  },
}

function backslashQuoted(text: string, quote: string): readonly [string, string] {
  expect(text[0]).toBe(quote)
  let at = 1
  let says = ''
  for (; at < text.length && text[at] !== quote; at += 1) {
    if (text[at] === '\\') at += 1
    says += text[at]
  }
  expect(text[at]).toBe(quote)
  return [says, text.slice(at + 1)]
}

describe('a value never leaves its text', () => {
  test.each(Object.keys(readers))('%s: it says the value, the whole value, and ends', (name) => {
    fc.assert(
      fc.property(value, (text) => {
        const piece = filtered(text, [name])
        if ('refused' in piece) return
        const [says, rest] = readers[name]?.(String(piece.piece)) ?? ['', 'no reader']
        expect([says, rest]).toEqual([text.toWellFormed(), ''])
        // No line of a query ends within it, in any language's idea of a line.
        expect(piece.piece).not.toMatch(/[\r\n\u0000\u0085\u2028\u2029]/)
      }),
      { numRuns: 2_000 },
    )
  })

  test('every literal has a reader here, or no quotes at all', () =>
    expect(Object.keys(literals).filter((name) => !(name in readers))).toEqual(['misp', 'servicenow']))

  test('wildcards and words that are run are refused where a language has no way to write them', () => {
    for (const [name, text] of [
      ['spl', 'a*'],
      ['spl', '`x`'],
      ['fql', '*'],
      ['fql', "o'neil"],
      ['misp', '%'],
      ['misp', '!a'],
      ['servicenow', 'x^ORactive=true'],
      ['servicenow', 'JavaScript:gs.now()'],
      ['address', '192.0.2.7) or (1 eq 1'],
      ['address', '0x7f000001'],
      ['hostname', 'a b'],
      ['hash', 'e3b0'],
      ['cve', 'CVE-2026-1 or 1=1'],
    ] as const)
      expect(filtered(text, [name]), `${name} ${text}`).toHaveProperty('refused')
    expect(filtered('2001:DB8::7', ['address'])).toEqual({ piece: '2001:db8::7' })
  })
})

const catalogue = await readCatalogue()
const requests = catalogue.flatMap((description) => {
  const source = settleAsExample(description)
  return partsOf(description).flatMap(([question, parts]) =>
    parts.flatMap((part) =>
      [...part.steps, part].map((exchange) => ({ id: description.id, question, exchange, source, part })),
    ),
  )
})

describe('descriptions of the catalogue', () => {
  test('there are some', () => expect(requests.length).toBeGreaterThan(15))

  test('what is asked stands alone, or goes through a filter that makes it harmless', () => {
    const bare = requests.flatMap(({ id, question, exchange, part }) => {
      // Values of an alert, and what a source answered before: neither is ours.
      const strange = [
        ...Object.keys(questions[question].ask.shape),
        ...part.steps.flatMap(({ keep }) => Object.keys(keep)),
      ]
      const texts = textsIn([exchange.query, exchange.body ?? null, exchange.form ?? {}, exchange.headers])
      const isBare = (text: string): boolean =>
        onlyPlace(text) === null &&
        placesIn(text).some(
          ({ name, filters }) => strange.includes(name) && !filters.some((filter) => safeFilters.includes(filter)),
        )
      return texts.filter(isBare).map((text) => `${id} ${question}: ${text}`)
    })
    expect(bare).toEqual([])
  })

  test.each(requests.map((one) => [`${one.id} ${one.question}`, one] as const))(
    '%s: whatever is asked about, the request keeps its shape',
    (_name, { question, exchange, source, part }) => {
      const right = ['192.0.2.7', 'web-01', 'a'.repeat(64)]
        .map((usual) => (field: string) => (field === 'cve' ? 'CVE-2026-0001' : usual))
        .map((give) => shapeOf(filledWith(question, part, exchange, source, give)))
        .find((shape) => shape !== null)
      expect(right).toBeDefined()
      fc.assert(
        fc.property(value, (text) => {
          const shape = shapeOf(filledWith(question, part, exchange, source, () => text))
          if (shape !== null) expect(shape).toEqual(right)
        }),
        { numRuns: 60 },
      )
    },
  )
})

type One = (typeof requests)[number]

function filledWith(
  question: QuestionName,
  part: One['part'],
  exchange: One['exchange'],
  source: One['source'],
  give: (field: string) => string,
) {
  const fields = [...Object.keys(questions[question].ask.shape), ...part.steps.flatMap(({ keep }) => Object.keys(keep))]
  const values = Object.fromEntries(fields.map((field) => [field, field === 'at' ? null : give(field)]))
  const window = { from: '2026-11-01T09:00:00.000Z', to: '2026-11-02T09:00:00.000Z' }
  return requestOf(
    { baseUrl: source.baseUrl, headers: {} },
    exchange,
    { ...source.parameters, ...window, ...values },
    optionalFields(question),
  )
}

/** What must not change with a value: segments of the path, names of the query, names within the body; null when it was refused. */
function shapeOf(filled: ReturnType<typeof filledWith>): unknown {
  if (!('value' in filled)) return null
  const { url, body, headers, method } = filled.value
  const { pathname, searchParams, hash, origin } = new URL(url)
  const isJson = headers['content-type'] === 'application/json'
  return {
    ...{ method, origin, hash, segments: pathname.split('/').length },
    query: [...searchParams.keys()],
    headers: Object.keys(headers),
    body: body === null ? null : isJson ? namesIn(JSON.parse(body)) : [...new URLSearchParams(body).keys()],
  }
}

function namesIn(given: unknown): unknown {
  if (Array.isArray(given)) return given.map(namesIn)
  if (typeof given !== 'object' || given === null) return typeof given
  return Object.entries(given).map(([name, item]) => [name, namesIn(item)])
}

function textsIn(given: unknown): readonly string[] {
  if (typeof given === 'string') return [given]
  return typeof given === 'object' && given !== null ? Object.values(given).flatMap(textsIn) : []
}
