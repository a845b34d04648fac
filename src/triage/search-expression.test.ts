import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readSearch, searchWordsMax } from './search-expression.ts'
import { plainOf, wordsOf } from './search-words.ts'

const words = (text: string) =>
  readSearch(text).words.map(
    ({ field, word, prefix, not }) => `${not ? '-' : ''}${field === '' ? '' : `${field}:`}${word}${prefix ? '*' : ''}`,
  )

describe('what a person types', () => {
  test.each([
    ['beacon', ['beacon*']],
    ['Müller ÉTÉ', ['muller*', 'ete*']],
    ['203[.]0[.]113[.]9', ['203.0.113.9*']],
    ['hxxps://www[.]evil[.]example/x', ['https://www.evil.example/x*']],
    ['user:HALDEN\\jdoe', ['user:halden\\jdoe*']],
    ['rule:"DNS tunnel"', ['rule:dns', 'rule:tunnel']],
    ['-host:ws-17 beacon', ['-host:ws-17*', 'beacon*']],
    ['hash:9E107D9D372BB6826BD81D3542A419D6', ['9e107d9d372bb6826bd81d3542a419d6*']],
    ['A-17', ['a-17']],
    ['outcome:none', ['outcome:none*']],
    ['情報漏洩', ['情', '報', '漏', '洩']],
    ['C:\\Users\\jdoe', ['c:\\users\\jdoe*']],
    ["'; drop table alert; --", ['drop*', 'table*', 'alert*']],
  ])('%s', (text, expected) => expect(words(text)).toEqual(expected))

  test('a phrase has to stand as it is; days are read, and what is no day is said', () => {
    expect(readSearch('"failed  Login" after:2026-11-20 before:2026-12-01')).toMatchObject({
      phrases: ['failed login'],
      after: '2026-11-20T00:00:00.000Z',
      before: '2026-12-01T00:00:00.000Z',
      notes: [],
    })
    expect(readSearch('after:2026-02-30 x')).toMatchObject({
      after: null,
      notes: [expect.stringContaining('is no day')],
    })
  })

  test('more words than are looked for are said', () => {
    const asked = readSearch(Array.from({ length: 60 }, (_, n) => `word${n}`).join(' '))
    expect(asked.words).toHaveLength(searchWordsMax)
    expect(asked.notes).toHaveLength(1)
  })
})

test('anything at all is read, within bounds, into words without a sign that is syntax', () => {
  const hostile = fc.string({ unit: 'binary', maxLength: 500 })
  const fieldish = fc
    .array(
      fc.constantFrom(
        'rule:',
        '"',
        '-',
        "'",
        '\\',
        ':*',
        ' & ',
        '!',
        '(',
        ')',
        '|',
        '<->',
        'before:',
        'a',
        '漏',
        '\u202E',
        '%',
        '$1',
      ),
      { maxLength: 60 },
    )
    .map((pieces) => pieces.join(''))
  fc.assert(
    fc.property(fc.oneof(hostile, fieldish), (text) => {
      const asked = readSearch(text)
      expect(asked.words.length).toBeLessThanOrEqual(searchWordsMax)
      for (const { word } of asked.words) expect(word).toMatch(/^[\p{Alphabetic}0-9.@:/\\_-]{1,128}$/u)
    }),
    { numRuns: 500 },
  )
})

test('words of a text are the same however it is written', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
      expect(wordsOf(plainOf(text))).toEqual(
        wordsOf(text.toUpperCase().toLowerCase() === text.toLowerCase() ? text : plainOf(text)),
      )
    }),
  )
})
