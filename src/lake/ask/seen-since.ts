import type { Answered } from '../../model/finding.ts'
import type { AnswerOf } from '../../model/question.ts'
import type { Bounds, Engine } from '../engine/engine.ts'
import { fieldIs } from '../search/expression.ts'
import { printExpression } from '../search/print-expression.ts'
import { bareAccount, hashForm, hostForm, observableForm } from '../search/tokens.ts'
import { coverageOf, type Span } from './coverage.ts'

const dayMs = 24 * 3_600_000
/** "Never seen" is said of this many days; what is kept longer is looked at too, but it need not be without gaps. */
const coveredDays = 30
/** A house has fewer sources. */
const sourcesMax = 2_000

/** Classes whose logs show an observable of a type; none named: any. */
const classesOf: Readonly<Record<string, readonly number[]>> = {
  ...Object.fromEntries(['ipv4', 'ipv6', 'ip', 'address'].map((type) => [type, [4001]])),
  ...Object.fromEntries(['domain', 'hostname'].map((type) => [type, [4003, 4002]])),
  ...Object.fromEntries(
    ['md5', 'sha1', 'sha256', 'sha512', 'hash', 'file-hash'].map((type) => [type, [1007, 1001, 1005]]),
  ),
  ...{ url: [4002], user: [3002], account: [3002], email: [4009] },
}

type Row = { readonly source: string; readonly count: number; readonly first: string; readonly last: string }

/** Since when, until when, how often and by which sources an observable was seen, in all that is kept. From `seen`, which hunts read. */
export async function seenSince(
  engine: Engine,
  type: string,
  value: string,
  now: Date,
  bounds: Bounds,
): Promise<Answered> {
  const form = formOf(type, value)
  const query = printExpression(fieldIs('observable', form))
  const rows = await engine.rows<Row>(
    `SELECT source, sum(seen.count) AS count, min(seen.first) AS first, max(seen.last) AS last
     FROM seen WHERE observable = {observable:String} GROUP BY source ORDER BY first, source`,
    { observable: form },
    { ...bounds, rowsMax: sourcesMax },
  )
  const span: Span = { from: new Date(now.getTime() - coveredDays * dayMs), to: now }
  const covered = await coverageOf(engine, { classes: classesOf[type] ?? [], span, now }, bounds)
  const window = { from: span.from.toISOString(), to: span.to.toISOString() }
  const [earliest] = rows
  if (earliest === undefined) {
    if (covered.holes.length > 0) return { kind: 'not-collected', why: `${covered.holes.join('; ')}.`, query }
    return { kind: 'nothing', query, window }
  }
  const last = rows.map((row) => row.last).reduce((a, b) => (a > b ? a : b))
  const answer: AnswerOf<'first-and-last-seen'> = {
    ...{ count: rows.reduce((sum, row) => sum + row.count, 0), first: earliest.first, last },
    sources: [...rows],
  }
  const warnings = covered.holes.length > 0 ? [`There may be more: ${covered.holes.join('; ')}.`] : []
  return {
    kind: 'found',
    answer,
    query,
    warnings,
    window: { from: earliest.first, to: new Date(Date.parse(last) + 1).toISOString() },
  }
}

function formOf(type: string, value: string): string {
  if (type === 'user' || type === 'account') return bareAccount(value)
  if (type === 'domain' || type === 'hostname') return hostForm(value)
  return observableForm(hashForm(value.trim()))
}
