import { expect, test } from 'vitest'
import { hitsCsv } from './hits-csv.ts'

test('no cell is a formula, and commas and quotes stay inside their cell', () => {
  const at = '2026-11-22T12:00:00.000Z'
  const hit = {
    type: 'user',
    count: 2,
    first: at,
    last: at,
    sources: [{ source: 'fw-1', count: 2 }],
    hosts: ['a,b', 'c"d'],
  }
  expect(hitsCsv([{ ...hit, indicator: '=HYPERLINK("http://evil.example")' }])).toBe(
    `indicator,type,events,first,last,sources,hosts\r\n"'=HYPERLINK(""http://evil.example"")",user,2,${at},${at},fw-1,"a,b c""d"\r\n`,
  )
})
