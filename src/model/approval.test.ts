import { expect, test } from 'vitest'
import { tooFewFor } from './approval.ts'

const place = (title: string, quorum: number, ...people: string[]) => ({ title, quorum, people: new Set(people) })
const titles = (...places: Parameters<typeof tooFewFor>[0][number][]) =>
  tooFewFor(places)?.places.map(({ title }) => title) ?? null

test('places that share people are too few only where no choice of different people would fill them', () => {
  expect(titles(place('HR', 1, 'a'), place('DPO', 1, 'a'))).toEqual(['HR', 'DPO'])
  expect(titles(place('HR', 1, 'a'), place('DPO', 1, 'a', 'b'))).toBe(null)
  // Everybody could sign one of two, and not all three.
  expect(titles(place('HR', 1, 'a', 'b'), place('DPO', 1, 'b', 'c'), place('Legal', 1, 'c', 'a'))).toBe(null)
  expect(titles(place('HR', 1, 'a', 'b'), place('DPO', 1, 'a', 'b'), place('Legal', 1, 'b', 'a'))).toHaveLength(3)
  expect(titles(place('Board', 2, 'a', 'b', 'c'), place('DPO', 2, 'b', 'c'))).toEqual(['Board', 'DPO'])
  expect(titles(place('Board', 2, 'a', 'b', 'c', 'd'), place('DPO', 2, 'b', 'c'))).toBe(null)
})

test('the smallest group is named, and one place that nobody can fill is no news of people who are the same', () => {
  expect(titles(place('HR', 1, 'a'), place('Legal', 1, 'b'), place('DPO', 1, 'a'))).toEqual(['HR', 'DPO'])
  expect(titles(place('HR', 1), place('DPO', 1, 'a'))).toBe(null)
  expect(titles(place('HR', 2, 'a'))).toBe(null)
})
