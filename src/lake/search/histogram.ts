import type { Engine } from '../engine/engine.ts'
import { Binder } from './binder.ts'
import type { Expression } from './expression.ts'
import { columnOf } from './fields.ts'
import { type Look, type ReadLook, readLook, searchBounds, tableFor, whereOf } from './look.ts'

export type Histogram = {
  /** Where the first slot begins: at or before the time that was asked for. */
  readonly from: string
  readonly stepMs: number
  /** Events of each slot, oldest first. */
  readonly slots: readonly number[]
  readonly ms: number
}

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** Steps of which each is at most twice the one before, so that there is one of 60 to 120 slots for every time from a minute on. */
// biome-ignore format: a table reads better in few lines
const stepsMs = [
  ...[1, 2, 3, 5, 10, 15, 30].map((n) => n * second), ...[1, 2, 3, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 6, 12].map((n) => n * hour), ...[1, 2, 3, 5, 7, 14, 28, 56, 112].map((n) => n * day),
]
const slotsMax = 120
/** What table `volume` counts in. */
const volumeSlotMs = 5 * minute
const ofVolume = new Set(['source', 'parser', 'class_uid'])

/** How many events when. From `volume` (a row for five minutes) where only source, parser or class are asked for; else from the events. */
export async function histogram(engine: Engine, ask: Look, signal?: AbortSignal): Promise<Histogram> {
  const began = performance.now()
  const look = readLook(ask)
  const stepMs = stepFor(look)
  const first = Math.floor(look.from.getTime() / stepMs)
  const slots = new Array<number>(Math.ceil(look.to.getTime() / stepMs) - first).fill(0)
  const binder = new Binder()
  const step = binder.bind(stepMs, 'Int64')
  const { table, settings } = await tableFor(engine, look)
  const statements =
    stepMs % volumeSlotMs === 0 && isOfVolume(look.expression)
      ? volumeStatements(look, step, binder)
      : [eventStatement(table, look, look, step, binder)]
  const rows = await engine.rows<{ slot: number; n: number }>(
    `SELECT slot, toFloat64(sum(n)) AS n FROM (${statements.join(' UNION ALL ')}) GROUP BY slot ORDER BY slot`,
    binder.params,
    { ...searchBounds(signal), settings },
  )
  for (const { slot, n } of rows) {
    const place = Number(slot) - first
    if (place >= 0 && place < slots.length) slots[place] = Number(n)
  }
  return { from: new Date(first * stepMs).toISOString(), stepMs, slots, ms: performance.now() - began }
}

function stepFor(look: { from: Date; to: Date }): number {
  const lengthMs = look.to.getTime() - look.from.getTime()
  return stepsMs.find((step) => lengthMs / step <= slotsMax) ?? Math.ceil(lengthMs / slotsMax / day) * day
}

function eventStatement(
  table: string,
  look: ReadLook,
  piece: { from: Date; to: Date },
  step: string,
  binder: Binder,
): string {
  return `SELECT intDiv(toUnixTimestamp64Milli(time), ${step}) AS slot, count() AS n FROM ${table}
    WHERE ${whereOf(look, binder, piece)} GROUP BY slot`
}

/** Whole five minutes from `volume`, and what stands over at both ends from the events: exact all the same. */
function volumeStatements(look: ReadLook, step: string, binder: Binder): string[] {
  const from = new Date(Math.ceil(look.from.getTime() / volumeSlotMs) * volumeSlotMs)
  const to = new Date(Math.floor(look.to.getTime() / volumeSlotMs) * volumeSlotMs)
  if (from >= to) return [eventStatement('stored_events', look, look, step, binder)]
  const ends = [
    { from: look.from, to: from },
    { from: to, to: look.to },
  ]
  return [
    `SELECT intDiv(toInt64(toUnixTimestamp(slot_of)) * 1000, ${step}) AS slot, sum(events) AS n FROM (SELECT source, parser, class_uid, events, slot AS slot_of FROM volume)
      WHERE ${whereOf(look, binder, { from, to }, 'slot_of')} GROUP BY slot`,
    ...ends.filter((end) => end.from < end.to).map((end) => eventStatement('stored_events', look, end, step, binder)),
  ]
}

function isOfVolume(expression: Expression): boolean {
  switch (expression.kind) {
    case 'all':
      return true
    case 'and':
    case 'or':
      return expression.parts.every(isOfVolume)
    case 'not':
      return isOfVolume(expression.part)
    case 'field':
      return ofVolume.has(columnOf(expression.field)?.column ?? '')
    case 'text':
      return false
  }
}
