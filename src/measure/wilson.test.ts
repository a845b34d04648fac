import { expect, test } from 'vitest'
import { wilson } from './wilson.ts'

// The first two rows: Newcombe 1998 (Statistics in Medicine 17:857), table I, method 3.
test.each([
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
  [20, 20, 0.8389, 1],
])('%i of %i', (hits, of, from, to) => {
  const found = wilson(hits, of)
  expect(found?.from).toBeCloseTo(from, 4)
  expect(found?.to).toBeCloseTo(to, 4)
})

test('of nothing there is no share', () => expect(wilson(0, 0)).toBeNull())
