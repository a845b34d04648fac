import type { Params } from '../engine/engine.ts'
import type { RuleWindow } from './run.ts'

/** The window as a condition on `events`, and what is bound in it. */
export function windowSql(window: RuleWindow): { readonly sql: string; readonly params: Params } {
  const column = window.by === 'received' ? 'received' : 'time'
  return {
    sql: `${column} >= {from:DateTime64(3, 'UTC')} AND ${column} < {to:DateTime64(3, 'UTC')}`,
    params: { from: sqlTime(window.from), to: sqlTime(window.to) },
  }
}

/** ISO 8601 in UTC as ClickHouse reads it: 2026-01-31 23:59:59.999. */
export function sqlTime(iso: string): string {
  return new Date(iso).toISOString().replace('T', ' ').replace('Z', '')
}

/** And back; the engine gives ISO 8601 or its own way to write it. */
export function isoTime(time: string): string {
  return new Date(/[TZ]/.test(time) ? time : `${time.replace(' ', 'T')}Z`).toISOString()
}
