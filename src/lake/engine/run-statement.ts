import { randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer, Connection, Native } from './native.ts'
import { type Statement, Unreadable } from './request.ts'

/** At once. Two loads, the desk's pages and a hunt; each takes a thread of libuv's pool, which has `threads` of them. */
const runningMax = 12
/** Four more than may run, so that a KILL always finds one. */
export const threads = runningMax + 4
/** Waiting for one of those; a page asks ten at once. */
const waitingMax = 200
/** A killed statement ends within milliseconds (measured 14 ms); one that does not in this time holds memory for good. */
const killedMsMax = 10_000
/** Long lists of parameters come as SET statements; ClickHouse's own bound is 256 KiB. */
const queryBytesMax = 256 * 1024 * 1024
/** Four bytes a character at most: what is shorter than this fits under the engine's bound before it is raised. */
const shortSetChars = 60 * 1024

export type Ran = {
  readonly bytes: Uint8Array
  readonly seconds: number
  readonly rowsRead: number
  readonly bytesRead: number
  readonly rowsWritten: number
}

export type Runner = {
  /** Runs one statement to its end. Rejects with the engine's words ("Code: 60. DB::Exception: ..."). */
  readonly run: (statement: Statement, signal: AbortSignal) => Promise<Ran>
  /** The result's pieces as they are fetched: no more is computed than is taken, but for one piece. */
  readonly stream: (statement: Statement, signal: AbortSignal) => AsyncGenerator<Uint8Array>
  /** Stops all that runs. Resolves when it has ended. */
  readonly end: () => Promise<void>
}

/**
 * Runs statements, each on a connection of its own, so that no setting, parameter or temporary table outlives its statement.
 * `stuck` is called when a killed statement does not end: the process is to be ended then.
 */
export function makeRunner(native: Native, open: () => Connection, scratch: string, stuck: () => void): Runner {
  const waiting: (() => void)[] = []
  const running = new Set<Promise<unknown>>()
  const ending = new AbortController()
  let taken = 0
  const control = open()
  let controlled: Promise<unknown> = Promise.resolve()

  const kill = (id: string): void => {
    // One after the other: a connection runs one statement at a time. SYNC would wait for its own entry in the list of processes.
    controlled = controlled
      .then(() =>
        native.QueryAsyncConnection(control, `KILL QUERY WHERE Settings['log_comment'] = ${literal(id)} ASYNC`, 'Null'),
      )
      .catch(() => stuck())
  }

  const take = async (signal: AbortSignal): Promise<void> => {
    if (taken < runningMax) {
      taken++
      return
    }
    if (waiting.length >= waitingMax)
      throw new Unreadable(202, 'Too many simultaneous queries. (TOO_MANY_SIMULTANEOUS_QUERIES)')
    await new Promise<void>((resolve) => waiting.push(resolve))
    if (signal.aborted) {
      give()
      throw cancelled()
    }
  }
  const give = (): void => {
    const next = waiting.shift()
    if (next === undefined) taken--
    else next()
  }

  /** Runs `work` on a fresh connection with the statement's settings; kills it when the signal comes. */
  const withConnection = async function* <T>(
    statement: Statement,
    signal: AbortSignal,
    work: (connection: Connection) => AsyncGenerator<T>,
  ): AsyncGenerator<T> {
    await take(signal)
    const id = randomUUID()
    const both = AbortSignal.any([signal, ending.signal])
    let killed: NodeJS.Timeout | undefined
    const onAbort = (): void => {
      kill(id)
      killed ??= setTimeout(stuck, killedMsMax)
    }
    const done = Promise.withResolvers<void>()
    running.add(done.promise)
    try {
      const connection = open()
      try {
        both.throwIfAborted()
        await prepare(native, connection, statement, id)
        both.addEventListener('abort', onAbort, { once: true })
        both.throwIfAborted()
        yield* work(connection)
      } finally {
        both.removeEventListener('abort', onAbort)
        clearTimeout(killed)
        native.CloseConnection(connection)
      }
    } finally {
      running.delete(done.promise)
      done.resolve()
      give()
    }
  }

  return {
    run: async (statement, signal) => {
      for await (const ran of withConnection(statement, signal, (connection) =>
        once(native, connection, statement, scratch),
      ))
        return ran
      throw cancelled()
    },
    stream: (statement, signal) =>
      withConnection(statement, signal, (connection) => pieces(native, connection, statement)),
    end: async () => {
      ending.abort(cancelled())
      await Promise.race([Promise.all(running), sleep(killedMsMax)])
      await controlled
    },
  }
}

function cancelled(): Unreadable {
  return new Unreadable(394, 'Query was cancelled. (QUERY_WAS_CANCELLED)')
}

/** A text as ClickHouse reads it between single quotes. */
function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

async function prepare(native: Native, connection: Connection, statement: Statement, id: string): Promise<void> {
  const settings = [['log_comment', id] as const, ...statement.settings].filter(
    ([name], at) => at === 0 || name !== 'log_comment',
  )
  const list = settings.map(([name, value]) => `${name} = ${literal(value)}`).join(', ')
  const long = `max_query_size = ${queryBytesMax}`
  if (list.length < shortSetChars) await native.QueryAsyncConnection(connection, `SET ${long}, ${list}`, 'Null')
  else {
    await native.QueryAsyncConnection(connection, `SET ${long}`, 'Null')
    await native.QueryAsyncConnection(connection, `SET ${list}`, 'Null')
  }
  // Last: from here on this connection takes no SET, and no SETTINGS that change anything.
  if (statement.readOnly) await native.QueryAsyncConnection(connection, 'SET readonly = 1', 'Null')
}

async function* once(
  native: Native,
  connection: Connection,
  statement: Statement,
  scratch: string,
): AsyncGenerator<Ran> {
  const { body, sql } = statement
  if (body === null) {
    yield ranOf(await native.QueryAsyncConnection(connection, sql, statement.format))
    return
  }
  const input = /\binput\(('(?:[^'\\]|\\.)*')\)(.*)\bFORMAT\s+([A-Za-z]+)\s*$/is.exec(sql)
  if (input === null) {
    const written = await native.InsertRawAsyncConnection(connection, sql.trimEnd(), body, false)
    yield {
      bytes: new Uint8Array(),
      seconds: written.elapsed,
      rowsRead: 0,
      bytesRead: body.length,
      rowsWritten: written.rowsWritten,
    }
    return
  }
  // The embedded engine has no `input()`: the rows become a file, which it reads.
  const file = path.join(scratch, randomUUID())
  await writeFile(file, body, { flag: 'wx', mode: 0o600 })
  try {
    const from = `file(${literal(file)}, ${literal(input[3] ?? '')}, ${input[1] ?? ''})`
    yield ranOf(
      await native.QueryAsyncConnection(connection, sql.slice(0, input.index) + from + (input[2] ?? ''), 'Null'),
    )
  } finally {
    await rm(file, { force: true })
  }
}

function ranOf(answer: Answer): Ran {
  return {
    bytes: answer.bytes,
    seconds: answer.elapsed,
    rowsRead: answer.rowsRead,
    bytesRead: answer.bytesRead,
    rowsWritten: 0,
  }
}

async function* pieces(native: Native, connection: Connection, statement: Statement): AsyncGenerator<Uint8Array> {
  const stream = native.StreamQuery(connection, statement.sql, statement.format)
  try {
    for (;;) {
      const piece = await native.StreamFetch(stream)
      if (piece.done) return
      yield piece.bytes
    }
  } finally {
    native.StreamCancel(stream)
  }
}
