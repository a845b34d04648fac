import type { Readable } from 'node:stream'
import type { ClickHouseClient, Row as ClientRow, ResultSet } from '@clickhouse/client'
import { z } from 'zod'
import { Trouble } from '../../kit/errors.ts'
import { fieldsSettings } from '../parse/fields-again.ts'
import type { Bounds, Params } from './engine.ts'
import { assertReads } from './read-only.ts'
import { isGone, isNeverSent, troubleOf } from './trouble-of.ts'

/** A page waits this long for its rows at most; whoever needs longer says so. */
const rowsMsMax = 30_000
/** Loads, changes of the schema, and results that are read while they come. */
const workMsMax = 30 * 60_000
/** The engine stops a statement itself at its time; this much later we stop waiting for that. */
const graceMs = 1_500
const rowsMaxDefault = 100_000
const resultBytesMax = 256 * 1024 * 1024

/** How every statement wants its values written, here and on a cluster. */
const form = {
  // With this on, the text index and ORDER BY time DESC LIMIT together may give an empty result without any error (ClickHouse 26.7).
  use_top_k_dynamic_filtering: 0,
  date_time_output_format: 'iso',
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_denormals: 0,
  output_format_json_escape_forward_slashes: 0,
  session_timezone: 'UTC',
  ...fieldsSettings,
}
/** Belt to the braces of `assertReads`: a limit that the statement itself could not lift. */
const reading = { readonly: 1, allow_ddl: 0, allow_introspection_functions: 0 }

/** What a statement runs on. */
export type Reach = {
  /** A client of an engine that answered. */
  readonly client: () => Promise<ClickHouseClient>
  /** It does not answer any more. Resolves when that is known; true: another process's, or ended by us, so that the statement was no cause of it. */
  readonly lost: () => Promise<boolean>
  /** A statement did not stop when it should. */
  readonly stuck: () => void
  readonly memoryBytesMax: number | null
}

export type Statements = {
  readonly rows: <Row>(sql: string, params?: Params, bounds?: Bounds) => Promise<readonly Row[]>
  readonly batches: <Row>(sql: string, params?: Params, bounds?: Bounds) => AsyncIterable<readonly Row[]>
  readonly command: (sql: string, params?: Params, bounds?: Bounds) => Promise<void>
  readonly send: (sql: string, params: Params, body: NodeJS.ReadableStream | null, bounds?: Bounds) => Promise<void>
}

/** The Engine's statements over a client that may come and go. */
export function makeStatements(reach: Reach): Statements {
  let known: Promise<ReadonlySet<string>> | null = null
  const tableFunctions = (): Promise<ReadonlySet<string>> => {
    known ??= askRows<{ name: string }>(reach, 'SELECT lower(name) AS name FROM system.table_functions', {}, {})
      .then((found) => new Set(found.map((one) => one.name)))
      .catch((error: unknown) => {
        known = null
        throw error
      })
    return known
  }
  const checked = async (sql: string, bounds: Bounds): Promise<void> => {
    if (bounds.readOnly === true) assertReads(sql, await tableFunctions())
  }
  const send: Statements['send'] = async (sql, params, body, bounds = {}) => {
    await checked(sql, bounds)
    await sendStatement(reach, sql, params, body, bounds)
  }
  return {
    rows: async <Row>(sql: string, params: Params = {}, bounds: Bounds = {}) => {
      await checked(sql, bounds)
      return askRows<Row>(reach, sql, params, bounds)
    },
    batches: async function* <Row>(sql: string, params: Params = {}, bounds: Bounds = {}) {
      await checked(sql, bounds)
      yield* askBatches<Row>(reach, sql, params, bounds)
    },
    send,
    command: (sql, params = {}, bounds = {}) => send(sql, params, null, bounds),
  }
}

/**
 * Runs `work` under the statement's clock. When the engine was gone before it was asked, it is asked again; when it went away meanwhile,
 * only what reads, and only when the engine was another process's or ended by us: one of our own may have died of this very statement.
 */
async function guarded<T>(
  reach: Reach,
  bounds: Bounds,
  timeoutMs: number,
  kind: 'reads' | 'writes' | 'sends a body',
  work: (client: ClickHouseClient, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const clock = clockOf(bounds, timeoutMs)
  try {
    try {
      return await work(await reach.client(), clock.signal)
    } catch (error) {
      if (!isGone(clock.meaning(error, reach))) throw error
      const wasInnocent = await reach.lost()
      const again = kind !== 'sends a body' && (isNeverSent(error) || (kind === 'reads' && wasInnocent))
      if (!again) throw error
      return await work(await reach.client(), clock.signal)
    }
  } catch (error) {
    throw clock.meaning(error, reach)
  } finally {
    clock.stop()
  }
}

async function askRows<Row>(reach: Reach, sql: string, params: Params, bounds: Bounds): Promise<readonly Row[]> {
  const timeoutMs = bounds.timeoutMs ?? rowsMsMax
  const rowsMax = bounds.rowsMax ?? rowsMaxDefault
  const settings = {
    ...settingsOf(bounds, timeoutMs, reach),
    // Complete before its first byte: then an error is an error, and nothing of it was taken for a result.
    wait_end_of_query: 1,
    max_result_rows: String(rowsMax),
    max_result_bytes: String(resultBytesMax),
    result_overflow_mode: 'throw',
  }
  return guarded(reach, bounds, timeoutMs, 'reads', async (client, signal) => {
    const result = await select(client, sql, params, signal, settings)
    const found: Row[] = []
    for await (const batch of result.stream() as unknown as AsyncIterable<ClientRow[]>)
      for (const row of batch) found.push(parseRow<Row>(row.text))
    if (found.length > rowsMax) throw new Trouble('lake.too-costly', { reason: 'rows', rowsMax })
    const read = readOf(result)
    if (read !== null) bounds.onRead?.(read)
    return found
  })
}

const Summary = z.object({ read_rows: z.coerce.number(), read_bytes: z.coerce.number() })

/** What the engine read, from the header that stands before a result which was complete when it was sent; null where it does not say. */
function readOf(result: ResultSet<'JSONEachRow'>): { readonly rows: number; readonly bytes: number } | null {
  const header = result.response_headers['x-clickhouse-summary']
  if (typeof header !== 'string' || !header.startsWith('{')) return null
  const summary = Summary.safeParse(JSON.parse(header))
  return summary.success ? { rows: summary.data.read_rows, bytes: summary.data.read_bytes } : null
}

async function* askBatches<Row>(
  reach: Reach,
  sql: string,
  params: Params,
  bounds: Bounds,
): AsyncGenerator<readonly Row[]> {
  const timeoutMs = bounds.timeoutMs ?? workMsMax
  const clock = clockOf(bounds, timeoutMs)
  let result: ResultSet<'JSONEachRow'> | undefined
  let count = 0
  try {
    const settings = { ...settingsOf(bounds, timeoutMs, reach), wait_end_of_query: 0 }
    result = await select(await reach.client(), sql, params, clock.signal, settings)
    for await (const batch of result.stream() as unknown as AsyncIterable<ClientRow[]>) {
      count += batch.length
      if (bounds.rowsMax !== undefined && count > bounds.rowsMax)
        throw new Trouble('lake.too-costly', { reason: 'rows', rowsMax: bounds.rowsMax })
      yield batch.map((row) => parseRow<Row>(row.text))
    }
  } catch (error) {
    const trouble = clock.meaning(error, reach)
    if (isGone(trouble)) await reach.lost()
    throw trouble
  } finally {
    clock.stop()
    // Taken to its end this does nothing; left early it ends the statement in the engine.
    result?.close()
  }
}

async function sendStatement(
  reach: Reach,
  sql: string,
  params: Params,
  body: NodeJS.ReadableStream | null,
  bounds: Bounds,
): Promise<void> {
  const timeoutMs = bounds.timeoutMs ?? workMsMax
  const kind = body === null ? 'writes' : 'sends a body'
  await guarded(reach, bounds, timeoutMs, kind, async (client, signal) => {
    const given = {
      query: sql,
      query_params: { ...params },
      abort_signal: signal,
      clickhouse_settings: { ...settingsOf(bounds, timeoutMs, reach), wait_end_of_query: 1 },
    } as const
    if (body === null) await client.command(given)
    else {
      const { stream } = await client.exec({ ...given, values: body as Readable })
      stream.resume()
    }
  })
}

async function select(
  client: ClickHouseClient,
  sql: string,
  params: Params,
  signal: AbortSignal,
  settings: Readonly<Record<string, string | number>>,
): Promise<ResultSet<'JSONEachRow'>> {
  return client.query({
    query: sql,
    format: 'JSONEachRow',
    query_params: { ...params },
    abort_signal: signal,
    clickhouse_settings: settings,
  })
}

function settingsOf(bounds: Bounds, timeoutMs: number, reach: Reach): Readonly<Record<string, string | number>> {
  const memory = bounds.memoryBytesMax ?? reach.memoryBytesMax
  return {
    ...form,
    max_execution_time: timeoutMs / 1000,
    ...(memory === null ? {} : { max_memory_usage: String(memory) }),
    ...bounds.settings,
    ...(bounds.readOnly === true ? reading : {}),
  }
}

/** Digits past 2^53 would be rounded by JSON.parse; such a row is read with the source text of its numbers, and they stay text. */
const longNumber = /\d{16}/

function parseRow<Row>(text: string): Row {
  if (!longNumber.test(text)) return JSON.parse(text) as Row
  const exact = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' &&
    Number.isInteger(value) &&
    !Number.isSafeInteger(value) &&
    context?.source !== undefined
      ? context.source
      : value
  return JSON.parse(text, exact) as Row
}

/** The caller's signal and the statement's own clock in one, and what a failure under them means. */
function clockOf(
  bounds: Bounds,
  timeoutMs: number,
): {
  readonly signal: AbortSignal
  readonly stop: () => void
  readonly meaning: (error: unknown, reach: Reach) => unknown
} {
  bounds.signal?.throwIfAborted()
  const time = new AbortController()
  const timer = setTimeout(() => time.abort(), timeoutMs + graceMs)
  let told = false
  return {
    signal: bounds.signal === undefined ? time.signal : AbortSignal.any([bounds.signal, time.signal]),
    stop: () => clearTimeout(timer),
    meaning: (error, reach) => {
      if (bounds.signal?.aborted === true) return bounds.signal.reason as unknown
      if (time.signal.aborted) {
        if (!told) reach.stuck()
        told = true
        return new Trouble('lake.too-costly', { reason: 'time', timeoutMs }, error)
      }
      return troubleOf(error, bounds.readOnly === true)
    },
  }
}
