import { expect, test } from 'vitest'
import { extract } from './extract.ts'
import { hostilePieces, hostileText } from './hostile.ts'

const small = 32 * 1024
const factor = 8
/** Linear is 8 and quadratic 64. The bound between leaves room for a busy machine, since the best of several runs is taken. */
const growthMax = 32

function best(text: string): number {
  let shortest = Number.POSITIVE_INFINITY
  for (let k = 0; k < 4; k++) {
    const from = performance.now()
    extract(text)
    shortest = Math.min(shortest, performance.now() - from)
  }
  return shortest
}

test.each(Object.entries(hostilePieces))('eight times as many %s cost about eight times the time', (_name, piece) => {
  // A floor under the small time: below a tenth of a millisecond the clock and the first call say more than the text.
  const base = Math.max(0.1, best(hostileText(piece, small)))
  expect(best(hostileText(piece, small * factor)) / base).toBeLessThan(growthMax)
})
