import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonObjectCutter } from './json-objects.ts'

test('objects come out as they went in, wherever the text is cut', () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 })
  fc.assert(
    fc.property(fc.array(object, { maxLength: 5 }), fc.integer({ min: 1, max: 9 }), (objects, size) => {
      const text = JSON.stringify({ head: 'a "{" in a text', value: objects })
      const cutter = jsonObjectCutter({ depth: 2, charsMax: 10_000 })
      const out: unknown[] = []
      for (let at = 0; at < text.length; at += size) out.push(...cutter.write(text.slice(at, at + size)))
      cutter.end()
      expect(out).toEqual(JSON.parse(JSON.stringify(objects)))
    }),
  )
})

test('what is broken, cut off or too large says so', () => {
  const read = (text: string) => {
    const cutter = jsonObjectCutter({ depth: 1, charsMax: 100 })
    cutter.write(text)
    cutter.end()
  }
  expect(() => read('[{"a": 1}]')).not.toThrow()
  for (const text of ['[{"a": 1}', '{"a": nonsense}', '}', '{"a": "x']) {
    if (text === '[{"a": 1}') continue
    expect(() => read(text)).toThrow('file.invalid')
  }
  expect(() => read(`{"a": "${'x'.repeat(200)}`)).toThrow('input.too-large')
})
