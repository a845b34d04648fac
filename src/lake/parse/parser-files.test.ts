import { expect, test } from 'vitest'
import { loadLogParsers } from './parser-files.ts'

test('while parsers are read, the event loop has its turn between any two of them', async () => {
  let turns = 0
  let reading = true
  const count = (): void => {
    turns += 1
    if (reading) setImmediate(count)
  }
  setImmediate(count)
  const parsers = await loadLogParsers()
  reading = false
  expect(parsers.length).toBeGreaterThan(10)
  expect(turns).toBeGreaterThan(parsers.length)
})
