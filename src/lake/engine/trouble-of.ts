import { ClickHouseError } from '@clickhouse/client'
import { Trouble, wordsOf } from '../../kit/errors.ts'

/** ClickHouse's codes for "more than this query may use", and what it was. */
const tooCostly: Readonly<Record<string, string>> = {
  '158': 'rows',
  '159': 'time',
  '160': 'time',
  '167': 'complexity',
  '168': 'complexity',
  '173': 'memory',
  '191': 'memory',
  '241': 'memory',
  '290': 'rows',
  '306': 'complexity',
  '307': 'rows',
  '394': 'time',
  '396': 'rows',
}
const diskFull = new Set(['243'])
const signIn = new Set(['192', '193', '194', '516'])
const busy = new Set(['202', '203', '745'])
const noSpace = /No space left on device|errno: 28\b|Cannot reserve .* not enough space/i
/** The words of a statement can be long, and hold what somebody typed; the place of the mistake stands in front. */
const problemCharsMax = 600

/** What a failed statement means. `typed`: its SQL came from a person, who can mend it. */
export function troubleOf(error: unknown, typed: boolean): Trouble {
  if (error instanceof Trouble) return error
  const words = wordsOf(error).slice(0, problemCharsMax)
  if (!(error instanceof ClickHouseError)) {
    if (noSpace.test(words)) return new Trouble('disk.full', { problem: words }, error)
    return new Trouble('lake.unreachable', { problem: words }, error)
  }
  const { code } = error
  const details = { problem: words, code, type: error.type }
  if (diskFull.has(code) || noSpace.test(words)) return new Trouble('disk.full', details, error)
  if (tooCostly[code] !== undefined)
    return new Trouble('lake.too-costly', { ...details, reason: tooCostly[code] }, error)
  if (busy.has(code)) return new Trouble('house.busy', details, error)
  if (signIn.has(code))
    return new Trouble('lake.unreachable', { ...details, problem: 'the cluster refuses this user' }, error)
  return new Trouble(typed ? 'lake.query' : 'internal', details, error)
}

/** Did the engine go away, so that a SELECT may be asked again? */
export function isGone(error: unknown): boolean {
  return error instanceof Trouble && error.code === 'lake.unreachable' && !(error.cause instanceof ClickHouseError)
}

/** Was nobody there at all, so that nothing was begun? */
export function isNeverSent(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ECONNREFUSED' || code === 'ENOENT'
}
