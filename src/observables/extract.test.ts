import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { extract } from './extract.ts'

const found = (text: string) => extract(text).map((o) => `${o.type} ${o.value}`)

describe('extract', () => {
  test('never throws, and every span is the text that stands there', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        for (const o of extract(text)) {
          expect(o.start).toBeGreaterThanOrEqual(0)
          expect(o.end).toBeLessThanOrEqual(text.length)
          expect(o.end).toBeGreaterThan(o.start)
          expect(text.slice(o.start, o.end)).toBe(o.text)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('lists every occurrence, in the order of the text', () => {
    const text = '192.0.2.1 and evil[.]example[.]com and 192.0.2.1'
    expect(found(text)).toEqual(['ipv4 192.0.2.1', 'domain evil.example.com', 'ipv4 192.0.2.1'])
    const starts = extract(text).map((o) => o.start)
    expect(starts).toEqual([...starts].sort((a, b) => a - b))
  })
})
