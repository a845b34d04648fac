import { expect, test } from 'vitest'
import { Outcome } from '../model/triage.ts'
import { fromDisposition, toDisposition, vocabularies } from './dispositions.ts'

test('every outcome has a word of every provider, and word and comment lead back to it', () => {
  expect(Object.keys(vocabularies).length).toBeGreaterThan(6)
  for (const [format, vocabulary] of Object.entries(vocabularies)) {
    for (const outcome of Outcome.options) {
      const { word, comment } = toDisposition(format, outcome)
      expect(Object.keys(vocabulary.from), `${format} ${outcome}`).toContain(word)
      expect(fromDisposition(format, word, comment), `${format} ${outcome}`).toBe(outcome)
    }
  }
})

test('a word that decides nothing is no outcome', () => {
  expect(fromDisposition('microsoft-defender', 'Unknown')).toBeNull()
  expect(fromDisposition('arctic-wolf', 'Closed')).toBeNull()
  expect(fromDisposition('red-canary', 'made up')).toBeNull()
})
