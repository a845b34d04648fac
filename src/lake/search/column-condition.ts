import type { LakeColumn } from '../../model/lake.ts'
import { columnForm, rangeOf } from './addresses.ts'
import type { Binder, BoundType } from './binder.ts'
import type { Match, Pattern } from './expression.ts'
import { containsIn, matchesIn, numberOf } from './matching.ts'
import { momentsOf } from './moments.ts'
import { unreadable } from './read-expression.ts'
import { bareAccount, hashForm, hostForm } from './tokens.ts'

/** Columns whose values are lower case by rule (model/lake.ts, SourceId and LogParser.id), so that the primary key can be used. */
const lowerByRule = new Set(['source', 'parser'])

/** One column against what is asked of it. Only `column.column`, which is of a closed list, becomes part of the statement. */
export function columnCondition(column: LakeColumn, match: Match, at: number, binder: Binder): string {
  switch (match.kind) {
    case 'exists':
      return existsCondition(column)
    case 'is':
      return one(column, match.pattern, at, binder)
    case 'in':
      return `(${match.patterns.map((pattern) => one(column, pattern, at, binder)).join(' OR ')})`
    case 'compare':
      return compared(column, match.comparison, match.value, at, binder)
    case 'range':
      return `(${compared(column, '>=', match.from, at, binder)} AND ${compared(column, '<=', match.to, at, binder)})`
  }
}

function existsCondition({ column, kind, many }: LakeColumn): string {
  if (many === true) return `notEmpty(${column})`
  if (kind === 'time') return '1'
  if (kind === 'ip') return `${column} != toIPv6('::')`
  return kind === 'number' || kind === 'port' ? `${column} != 0` : `${column} != ''`
}

function one(column: LakeColumn, pattern: Pattern, at: number, binder: Binder): string {
  const { pieces } = pattern
  const exact = pieces.length === 1 ? (pieces[0] ?? '') : null
  if (exact === '') return `NOT (${existsCondition(column)})`
  if (column.many === true) return inList(column, pattern, binder)
  switch (column.kind) {
    case 'ip':
      return addressCondition(column, pattern, at, binder)
    case 'number':
    case 'port':
      if (exact === null) throw unreadable(`${column.ocsf} is a number: name one, a list (1, 2) or a range 1..5`, at)
      return `${column.column} = ${binder.bind(numberOf(exact, at), 'Float64')}`
    case 'time': {
      if (exact === null) throw unreadable('A time is a day (2026-11-01), a moment, or a range a..b', at)
      const { from, to } = momentsOf(exact, at)
      return `(${column.column} >= ${bindTime(from, binder)} AND ${column.column} < ${bindTime(to, binder)})`
    }
    case 'text':
      return containsIn(column.column, pattern, binder)
    case 'url':
      return exact === null || exact.includes('://')
        ? matchesIn(column.column, pattern, binder)
        : containsIn(column.column, pattern, binder)
    case 'path':
      return pathCondition(column.column, pattern, binder)
    case 'account':
      return accountCondition(column.column, pattern, binder)
    case 'host':
      return matchesIn(
        column.column,
        { pieces: pieces.map((piece, place) => (place === pieces.length - 1 ? hostForm(piece) : piece)) },
        binder,
      )
    case 'hash':
    case 'word':
      if (exact !== null && lowerByRule.has(column.column))
        return `${column.column} = ${binder.bind(exact.toLowerCase(), 'String')}`
      return matchesIn(column.column, pattern, binder)
  }
}

function inList({ column, kind }: LakeColumn, pattern: Pattern, binder: Binder): string {
  const pieces = kind === 'hash' ? pattern.pieces.map(hashForm) : pattern.pieces
  return `arrayExists(one -> ${matchesIn('one', { pieces }, binder)}, ${column})`
}

function addressCondition({ column }: LakeColumn, pattern: Pattern, at: number, binder: Binder): string {
  const text = pattern.pieces.join('*')
  const range = rangeOf(text)
  if (range !== null)
    return `(${column} BETWEEN ${binder.bind(range.from, 'IPv6')} AND ${binder.bind(range.to, 'IPv6')})`
  const address = columnForm(text)
  if (address === null) {
    throw unreadable(`"${text}" is no address: write 192.0.2.1, 192.0.2.0/24, 192.0.2.* or 2001:db8::/32`, at)
  }
  return `${column} = ${binder.bind(address, 'IPv6')}`
}

/** A name without a folder is the file's own name, in whatever folder. */
function pathCondition(column: string, pattern: Pattern, binder: Binder): string {
  const whole = matchesIn(column, pattern, binder)
  const [first = ''] = pattern.pieces
  if (first === '' || pattern.pieces.some((piece) => /[\\/]/.test(piece))) return whole
  const below = (slash: string) =>
    matchesIn(column, { pieces: ['', `${slash}${first}`, ...pattern.pieces.slice(1)] }, binder)
  return `(${whole} OR ${below('\\')} OR ${below('/')})`
}

/** An account without a domain is that account in every domain and realm. */
function accountCondition(column: string, pattern: Pattern, binder: Binder): string {
  const whole = matchesIn(column, pattern, binder)
  const [only = ''] = pattern.pieces
  if (pattern.pieces.length > 1 || bareAccount(only) !== only.toLowerCase()) return whole
  return `(${whole} OR ${matchesIn(column, { pieces: ['', `\\${only}`] }, binder)} OR ${matchesIn(column, { pieces: [`${only}@`, ''] }, binder)})`
}

const ordered: Readonly<Partial<Record<LakeColumn['kind'], BoundType>>> = {
  number: 'Float64',
  port: 'Float64',
  ip: 'IPv6',
}

function compared(column: LakeColumn, sign: '>' | '>=' | '<' | '<=', text: string, at: number, binder: Binder): string {
  if (column.kind === 'time') {
    const { from, to } = momentsOf(text, at)
    // "after the 1st" begins where the day ends; "up to the 1st" has the whole day.
    const edge = sign === '>' || sign === '<=' ? to : from
    return `${column.column} ${sign === '>' || sign === '>=' ? '>=' : '<'} ${bindTime(edge, binder)}`
  }
  const type = ordered[column.kind]
  if (type === undefined || column.many === true)
    throw unreadable(`${column.ocsf} has no order: name a value, or one with a star`, at)
  if (type !== 'IPv6') return `${column.column} ${sign} ${binder.bind(numberOf(text, at), type)}`
  const address = columnForm(text)
  if (address === null) throw unreadable(`"${text}" is no address`, at)
  return `(${column.column} ${sign} ${binder.bind(address, type)} AND ${existsCondition(column)})`
}

function bindTime(time: Date, binder: Binder): string {
  return binder.bind(time, "DateTime64(3, 'UTC')")
}
