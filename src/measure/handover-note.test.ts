import { expect, test } from 'vitest'
import { handoverNote } from './handover-note.ts'

test('a note names the first of each, counts the rest, and says what there is none of', () => {
  const rows = Array.from({ length: 12 }, (_, n) => ({ text: `A-${n + 1} Beaconing`, who: n === 0 ? 'Nils Berg' : '' }))
  const note = handoverNote('2026-11-20T06:00:00.000Z', '2026-11-20T14:00:00.000Z', [
    { title: 'New alerts', n: 12, rows },
    { title: 'Sources that fail', n: 0, rows: [] },
  ])
  expect(note).toContain('From 2026-11-20 06:00 UTC to 2026-11-20 14:00 UTC.')
  expect(note).toContain('New alerts: 12\n- A-1 Beaconing (Nils Berg)\n- A-2 Beaconing\n')
  expect(note).toContain('- and 2 more')
  expect(note).not.toContain('A-11')
  expect(note.endsWith('None: sources that fail.')).toBe(true)
})
