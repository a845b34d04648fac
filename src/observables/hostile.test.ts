import { expect, test } from 'vitest'
import { extract } from './extract.ts'
import { hostilePieces, hostileText } from './hostile.ts'

const small = 16 * 1024
const factor = 8
/** The cost of a byte in the long text against one in the short: linear is 1, quadratic 8; the bound lies well between. */
const growthMax = 4
/** A busy machine can spoil one measurement; an algorithm that is quadratic fails every one. */
const attemptsMax = 6
/** Processor time is counted in ticks of four milliseconds, so only a sum of many says something. */
const sumMsMin = 40

/** Milliseconds of this thread's processor time, which other work on the machine touches less than the wall clock. */
function cost(text: string, times: number): number {
  const from = process.threadCpuUsage()
  for (let k = 0; k < times; k++) extract(text)
  const { user, system } = process.threadCpuUsage(from)
  return (user + system) / 1000
}

function growthOf(piece: string): number {
  const short = hostileText(piece, small)
  const long = hostileText(piece, small * factor)
  let shortMs = 0
  let longMs = 0
  while (shortMs < sumMsMin) {
    shortMs += cost(short, 2 * factor)
    longMs += cost(long, 2)
  }
  return longMs / shortMs
}

test.each(Object.entries(hostilePieces))('eight times as many %s cost about eight times the time', (_name, piece) => {
  let growth = growthOf(piece)
  for (let k = 1; k < attemptsMax && growth >= growthMax; k++) growth = Math.min(growth, growthOf(piece))
  expect(growth).toBeLessThan(growthMax)
})
