import { expect, test } from 'vitest'
import { Outcome } from '../model/triage.ts'
import { fromDisposition, plainlyAnswered, toDisposition, vocabularies } from './dispositions.ts'
import { readers } from './readers.ts'

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

test('every format has words of its own, or is named among those that are answered plainly', () => {
  for (const { id } of readers) expect(Object.hasOwn(vocabularies, id) !== plainlyAnswered.includes(id), id).toBe(true)
  for (const id of plainlyAnswered) {
    expect(readers.map((reader) => reader.id)).toContain(id)
    for (const outcome of Outcome.options) {
      const { word, comment } = toDisposition(id, outcome)
      expect(fromDisposition(id, word, comment)).toBe(outcome)
    }
  }
})

test('every word of a vocabulary means one outcome, or says that it decides nothing', () => {
  for (const [format, { from }] of Object.entries(vocabularies))
    for (const [word, outcome] of Object.entries(from)) {
      const meant = fromDisposition(format, word.toUpperCase())
      expect(meant === null || Outcome.options.includes(meant), `${format} ${word}`).toBe(true)
      expect(meant, `${format} ${word}`).toBe(outcome)
    }
})

test('a word that decides nothing is no outcome', () => {
  expect(fromDisposition('microsoft-defender', 'Unknown')).toBeNull()
  expect(fromDisposition('arctic-wolf', 'Closed')).toBeNull()
  expect(fromDisposition('red-canary', 'made up')).toBeNull()
})
