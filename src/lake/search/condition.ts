import type { LakeColumn } from '../../model/lake.ts'
import { rangeOf } from './addresses.ts'
import type { Binder } from './binder.ts'
import { columnCondition } from './column-condition.ts'
import type { Expression, Match, Pattern } from './expression.ts'
import { targetOf } from './fields.ts'
import { containsIn, matchesIn, numberOf } from './matching.ts'
import { unreadable } from './read-expression.ts'
import { observableForm, tokenOf } from './tokens.ts'
import { vendorField, vendorMatch } from './vendor-field.ts'

/**
 * An expression as a condition on table `events`; every value of it is bound. Exact values of observables go through the text index
 * first: `hasAll` at the outermost AND, where the index takes all of them at once (measured on 5 M events: both addresses of a session
 * 16,384 rows and 22 ms; by two `has` 258,000 rows and 49 ms). Not hasAllTokens: with ORDER BY time DESC LIMIT ClickHouse 26.7 gives an
 * empty result (use_top_k_dynamic_filtering), without any error. Throws Trouble('lake.query').
 */
export function conditionOf(expression: Expression, binder: Binder): string {
  return emit(expression, { binder, known: new Set(), indexed: true })
}

/** `known`: tokens that an outer AND has asked the index for. `indexed`: false below NOT, where the index cannot help. */
type Context = { readonly binder: Binder; readonly known: ReadonlySet<string>; readonly indexed: boolean }

function emit(expression: Expression, context: Context): string {
  const { binder, known, indexed } = context
  const fresh = indexed ? [...required(expression)].filter((token) => !known.has(token)) : []
  const inner = fresh.length === 0 ? context : { ...context, known: new Set([...known, ...fresh]) }
  const body = bodyOf(expression, inner)
  return fresh.length === 0 ? body : `(hasAll(observables, ${binder.bind(fresh, 'Array(String)')}) AND ${body})`
}

function bodyOf(expression: Expression, context: Context): string {
  switch (expression.kind) {
    case 'all':
      return '1'
    case 'text':
      return containsIn('raw', expression.pattern, context.binder)
    case 'not':
      return `(NOT ${emit(expression.part, { ...context, indexed: false })})`
    case 'and':
    case 'or':
      return `(${expression.parts.map((part) => emit(part, context)).join(expression.kind === 'and' ? ' AND ' : ' OR ')})`
    case 'field':
      return fieldCondition(expression.field, expression.match, expression.at, context)
  }
}

/** Texts that every event of this expression has among its observables; the index is asked for all of them at once. */
export function required(expression: Expression): ReadonlySet<string> {
  switch (expression.kind) {
    case 'all':
    case 'text':
    case 'not':
      return new Set()
    case 'and':
      return new Set(expression.parts.flatMap((part) => [...required(part)]))
    case 'or': {
      const [first, ...others] = expression.parts.map(required)
      return new Set([...(first ?? [])].filter((token) => others.every((other) => other.has(token))))
    }
    case 'field': {
      const { match } = expression
      const token = match.kind === 'is' ? exactToken(expression.field, match.pattern) : null
      return new Set(token === null ? [] : [token])
    }
  }
}

/** What the index knows a value as, where the event must have it; null: the index cannot say. */
function exactToken(field: string, pattern: Pattern): string | null {
  const [text] = pattern.pieces
  if (pattern.pieces.length > 1 || text === undefined || text === '') return null
  const target = targetOf(field)
  if (target.kind === 'observable') return rangeOf(text) === null ? observableForm(text) : null
  if (target.kind !== 'column') return null
  return tokenOf(target.column, text)
}

function fieldCondition(field: string, match: Match, at: number, context: Context): string {
  const target = targetOf(field)
  const { binder } = context
  switch (target.kind) {
    case 'column': {
      const condition = columnCondition(target.column, match, at, binder)
      return anyOf(target.column, match, context, condition)
    }
    case 'observable':
      return observableCondition(match, at, context)
    case 'raw':
      if (match.kind === 'is') return containsIn('raw', match.pattern, binder)
      if (match.kind === 'in') return `(${match.patterns.map((one) => containsIn('raw', one, binder)).join(' OR ')})`
      if (match.kind === 'exists') return '1'
      throw unreadable('The line as it came has no order; compare a field', at)
    case 'id':
      return idCondition(match, at, binder)
    case 'vendor':
      return vendorCondition(target.name, match, at, binder)
  }
}

/** For a list of exact observables the index is asked for any of them before the column is. */
function anyOf(column: LakeColumn, match: Match, { binder, indexed }: Context, condition: string): string {
  if (!indexed || column.observable !== true || match.kind !== 'in') return condition
  const tokens = match.patterns.map(({ pieces }) => (pieces.length === 1 ? tokenOf(column, pieces[0] ?? '') : null))
  if (tokens.some((token) => token === null)) return condition
  return `(hasAny(observables, ${binder.bind(tokens as string[], 'Array(String)')}) AND ${condition})`
}

function observableCondition(match: Match, at: number, { binder, known }: Context): string {
  switch (match.kind) {
    case 'exists':
      return 'notEmpty(observables)'
    case 'is': {
      const [text = ''] = match.pattern.pieces
      if (match.pattern.pieces.length === 1 && known.has(observableForm(text))) return '1'
      return oneObservable(match.pattern, binder)
    }
    case 'in': {
      const exact = match.patterns.filter(({ pieces }) => pieces.length === 1 && rangeOf(pieces[0] ?? '') === null)
      const rest = match.patterns.filter((pattern) => !exact.includes(pattern)).map((one) => oneObservable(one, binder))
      const forms = exact.map(({ pieces }) => observableForm(pieces[0] ?? ''))
      const any = forms.length === 0 ? [] : [`hasAny(observables, ${binder.bind(forms, 'Array(String)')})`]
      return `(${[...any, ...rest].join(' OR ')})`
    }
    case 'compare':
    case 'range':
      throw unreadable('Observables have no order; name a network like 192.0.2.0/24, or compare a field', at)
  }
}

function oneObservable(pattern: Pattern, binder: Binder): string {
  const range = rangeOf(pattern.pieces.join('*'))
  if (range !== null) {
    const [from, to] = [binder.bind(range.from, 'IPv6'), binder.bind(range.to, 'IPv6')]
    return `arrayExists(one -> ifNull(toIPv6OrNull(one) BETWEEN ${from} AND ${to}, 0), observables)`
  }
  const [text = ''] = pattern.pieces
  if (pattern.pieces.length === 1) return `has(observables, ${binder.bind(observableForm(text), 'String')})`
  return `arrayExists(one -> ${matchesIn('one', pattern, binder)}, observables)`
}

const eventId = /^(\d{1,20})-(\d{1,10})$/

function idCondition(match: Match, at: number, binder: Binder): string {
  const patterns = match.kind === 'is' ? [match.pattern] : match.kind === 'in' ? match.patterns : []
  const each = patterns.map(({ pieces }) => {
    const parts = pieces.length === 1 ? eventId.exec(pieces[0] ?? '') : null
    if (parts === null) throw unreadable('An event is named by two numbers: id:17-204', at)
    return `(load = ${binder.bind(parts[1] ?? '', 'UInt64')} AND line = ${binder.bind(parts[2] ?? '', 'UInt64')})`
  })
  if (each.length === 0) throw unreadable('An event is named by two numbers: id:17-204', at)
  return `(${each.join(' OR ')})`
}

function vendorCondition(name: string, match: Match, at: number, binder: Binder): string {
  const value = vendorField(name, binder)
  const number = (text: string): string => binder.bind(numberOf(text, at), 'Float64')
  switch (match.kind) {
    case 'exists':
      return `${value} != ''`
    case 'is':
      return vendorMatch(value, match.pattern, binder)
    case 'in':
      return `(${match.patterns.map((pattern) => vendorMatch(value, pattern, binder)).join(' OR ')})`
    case 'compare':
      return `ifNull(toFloat64OrNull(${value}) ${match.comparison} ${number(match.value)}, 0)`
    case 'range':
      return `ifNull(toFloat64OrNull(${value}) BETWEEN ${number(match.from)} AND ${number(match.to)}, 0)`
  }
}
