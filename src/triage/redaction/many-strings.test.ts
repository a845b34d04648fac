import fc from 'fast-check'
import { expect, test } from 'vitest'
import { foldCase, manyStrings } from './many-strings.ts'

test('finds exactly what looking for each string by itself finds', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'A', 'ß', 'İ', '.'), maxLength: 4 })
  fc.assert(
    fc.property(
      fc.array(word, { maxLength: 8 }),
      fc.string({ unit: fc.constantFrom('a', 'b', 'B', 'ß', 'İ', '.'), maxLength: 40 }),
      (words, text) => {
        const expected = words.flatMap((one, which) => {
          const places: string[] = []
          for (let at = 0; one !== '' && at + one.length <= text.length; at++) {
            if (foldCase(text.slice(at, at + one.length)) === foldCase(one))
              places.push(`${which}:${at}-${at + one.length}`)
          }
          return places
        })
        const found = manyStrings(words)(text).map((hit) => `${hit.which}:${hit.start}-${hit.end}`)
        expect(found.sort()).toEqual(expected.sort())
      },
    ),
    { numRuns: 500 },
  )
})

test('a long string is found whole, and not by its beginning alone', () => {
  const long = `${'x'.repeat(70)}END`
  const found = manyStrings([long, 'x'.repeat(64)])(`..${long}.. ${'x'.repeat(66)}`)
  expect(found.filter((hit) => hit.which === 0)).toEqual([{ which: 0, start: 2, end: 75 }])
  expect(found.filter((hit) => hit.which === 1).map((hit) => hit.start)).toEqual([2, 3, 4, 5, 6, 7, 8, 78, 79, 80])
})
