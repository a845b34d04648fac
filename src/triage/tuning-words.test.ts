import { expect, test } from 'vitest'
import { proposedState } from './tuning-words.ts'

test.each([
  ['Hello,\nwe have excluded WS-1 from the rule.\nRegards', 'accepted', 'we have excluded WS-1 from the rule.'],
  ['The rule was tuned yesterday.', 'accepted', 'The rule was tuned yesterday.'],
  ['We are unable to exclude this host.', 'refused', 'We are unable to exclude this host.'],
  ['Your tuning request has been declined.', 'refused', 'Your tuning request has been declined.'],
  ['Thanks, received. We will review it.', 'acknowledged', 'Thanks, received. We will review it.'],
])('%j is read as %s', (text, state, quote) => {
  expect(proposedState(text)).toEqual({ state, quote })
})

test.each([
  'Hello,\nnew alert for you.',
  'Ok.\n\nOn Mon, 3 Nov 2025 the desk wrote:\n> please tell us when the rule was tuned',
])('%j says nothing of the kind', (text) => {
  expect(proposedState(text)).toBeNull()
})
