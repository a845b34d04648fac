import { Trouble } from '../../kit/errors.ts'
import type { Bounds, Engine } from '../engine/engine.ts'
import { keptSplits } from '../engine/events-view.ts'
import { canHave, eventsSql, fieldsBlockRows } from '../parse/fields-again.ts'
import type { Binder } from './binder.ts'
import { conditionOf, required } from './condition.ts'
import type { Expression } from './expression.ts'
import { targetOf } from './fields.ts'
import { readExpression } from './read-expression.ts'

/** What is looked for, and where: a time from (inclusive) to (exclusive), ISO 8601, and sources; none named: all. */
export type Look = {
  readonly query: string
  readonly from: string
  readonly to: string
  readonly sources?: readonly string[]
}

/** A look whose words were read. */
export type ReadLook = {
  readonly expression: Expression
  readonly from: Date
  readonly to: Date
  readonly sources: readonly string[]
}

/** A person waits this long for a search; one who wants more asks for less. */
export const searchTimeoutMsMax = 30_000

/** Bounds of every statement of a search. */
export function searchBounds(signal: AbortSignal | undefined): Bounds {
  return {
    ...(signal === undefined ? {} : { signal }),
    timeoutMs: searchTimeoutMsMax,
  }
}

/** Throws Trouble('lake.query' | 'input.invalid'). */
export function readLook(look: Look): ReadLook {
  const from = new Date(look.from)
  const to = new Date(look.to)
  if (Number.isNaN(from.getTime()) || Number.isNaN(to.getTime()) || from >= to) {
    throw new Trouble('input.invalid', {
      problem: `from ${look.from} to ${look.to} is no time: it begins after it ends`,
    })
  }
  return { expression: readExpression(look.query), from, to, sources: look.sources ?? [] }
}

/** The condition of a look on `events` (or, where the expression allows it, `volume`), for a piece of its time. */
export function whereOf(
  look: ReadLook,
  binder: Binder,
  piece: { from: Date; to: Date } = look,
  timeColumn = 'time',
): string {
  const time = (at: Date) => binder.bind(at, "DateTime64(3, 'UTC')")
  const parts = [`${timeColumn} >= ${time(piece.from)}`, `${timeColumn} < ${time(piece.to)}`]
  if (look.sources.length > 0) parts.push(`source IN ${binder.bind(look.sources, 'Array(String)')}`)
  if (look.expression.kind !== 'all') parts.push(conditionOf(look.expression, binder))
  return parts.join(' AND ')
}

/** The newest hour alone, then four times as much, and so on: a common word is found at once, a rare one costs one look at each row. */
const firstPieceMs = 60 * 60 * 1000
const growth = 4
/** Where vendors' fields are asked for, planning a statement costs as much as taking 50,000 lines apart. */
const growthOfVendor = 24

/** Texts that only few events have together: the index finds them in all of the time at once. */
const fewHave = 2

/** The time of a look in pieces, newest first. */
export function piecesOf(look: {
  expression: Expression
  from: Date
  to: Date
}): readonly { readonly from: Date; readonly to: Date }[] {
  if (required(look.expression).size >= fewHave) return [{ from: look.from, to: look.to }]
  const pieces: { from: Date; to: Date }[] = []
  const times = vendorNamesOf(look.expression).length === 0 ? growth : growthOfVendor
  let end = look.to.getTime()
  for (let lengthMs = firstPieceMs; end > look.from.getTime(); lengthMs *= times) {
    const from = Math.max(look.from.getTime(), end - lengthMs)
    pieces.push({ from: new Date(from), to: new Date(end) })
    end = from
  }
  return pieces
}

/** What a look is asked of, and what the statement is to be run with. */
type Asked = { readonly table: string; readonly settings: NonNullable<Bounds['settings']> }

/**
 * The table that a look is asked of: `stored_events`, and where vendors' fields are asked for those too, of splits that can have them. The
 * view `events` has the fields of all splits, and would be planned for longer than most questions take.
 */
export async function tableFor(
  engine: Pick<Engine, 'rows'>,
  { expression }: { readonly expression: Expression },
): Promise<Asked> {
  const names = vendorNamesOf(expression)
  if (names.length === 0) return { table: 'stored_events', settings: {} }
  const splits = [...(await keptSplits(engine))].filter(([, split]) => names.some((name) => canHave(split, name)))
  return { table: `(${eventsSql(new Map(splits))})`, settings: { max_block_size: fieldsBlockRows } }
}

/** Names before a colon that are no column of ours: looked for among the vendors' fields, where a slip of the pen finds nothing. */
export const vendorFieldsOf = (expression: Expression): readonly string[] =>
  vendorNamesOf(expression, (field) => !field.startsWith('fields.'))

function vendorNamesOf(expression: Expression, counts: (field: string) => boolean = () => true): readonly string[] {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return [...new Set(expression.parts.flatMap((part) => vendorNamesOf(part, counts)))]
    case 'not':
      return vendorNamesOf(expression.part, counts)
    case 'field': {
      const target = targetOf(expression.field)
      return target.kind === 'vendor' && counts(expression.field) ? [target.name] : []
    }
    default:
      return []
  }
}
