import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { wordsOf } from '../../kit/errors.ts'
import { readRequest, type Statement, Unreadable, uriBytesMax } from './request.ts'
import type { Ran, Runner } from './run-statement.ts'

/** ClickHouse's HTTP interface, as much of it as @clickhouse/client uses: statements, parameters, settings, inserts, streams, errors. */
export function serveEngine(runner: Runner): Server {
  const server = createServer({ maxHeaderSize: uriBytesMax + 16 * 1024 }, (request, response) => {
    void answer(runner, request, response)
  })
  // Statements may take as long as they are allowed to, and connections wait for the next one.
  server.requestTimeout = 0
  server.headersTimeout = 60_000
  server.keepAliveTimeout = 60_000
  return server
}

async function answer(runner: Runner, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === '/ping') {
    response.end('Ok.\n')
    return
  }
  const gone = new AbortController()
  response.on('close', () => {
    if (!response.writableFinished) gone.abort(new Unreadable(394, 'Query was cancelled. (QUERY_WAS_CANCELLED)'))
  })
  try {
    const statement = await readRequest(request)
    response.setHeader('X-ClickHouse-Query-Id', statement.id)
    response.setHeader('X-ClickHouse-Format', statement.format)
    if (statement.streamed) await sendStream(response, runner.stream(statement, gone.signal))
    else await sendWhole(response, statement, await runner.run(statement, gone.signal))
  } catch (error) {
    refuse(response, error)
  }
}

async function sendWhole(response: ServerResponse, statement: Statement, ran: Ran): Promise<void> {
  const summary = {
    read_rows: String(ran.rowsRead),
    read_bytes: String(ran.bytesRead),
    written_rows: String(ran.rowsWritten),
    written_bytes: '0',
    total_rows_to_read: '0',
    result_rows: '0',
    result_bytes: String(ran.bytes.length),
    elapsed_ns: String(Math.round(ran.seconds * 1e9)),
  }
  response.setHeader('X-ClickHouse-Summary', JSON.stringify(summary))
  response.setHeader('Content-Type', statement.format.startsWith('JSON') ? 'application/json' : 'text/plain')
  response.end(ran.bytes)
}

/** Sends what comes, and waits whenever the reader is slower. An error after the first byte is told as ClickHouse 25.11 and later tell it. */
async function sendStream(response: ServerResponse, stream: AsyncGenerator<Uint8Array>): Promise<void> {
  const tag = randomBytes(8).toString('hex')
  response.setHeader('X-ClickHouse-Exception-Tag', tag)
  try {
    for await (const piece of stream) {
      if (response.destroyed) return
      if (!response.write(piece)) await Promise.race([once(response, 'drain'), once(response, 'close')])
    }
    response.end()
  } catch (error) {
    if (!response.headersSent) throw error
    const words = `${problemOf(error).words}\n`
    response.end(`\r\n__exception__\r\n${tag}\r\n${words}${Buffer.byteLength(words)} ${tag}\r\n__exception__\r\n`)
  }
}

function problemOf(error: unknown): { code: number; words: string } {
  if (error instanceof Unreadable)
    return { code: error.code, words: `Code: ${error.code}. DB::Exception: ${error.message}` }
  const words = wordsOf(error)
  return { code: Number(/Code: (\d+)/.exec(words)?.[1] ?? 1002), words }
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.destroyed) return
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { code, words } = problemOf(error)
  response.removeHeader('X-ClickHouse-Exception-Tag')
  response.setHeader('X-ClickHouse-Exception-Code', String(code))
  response.statusCode = code === 60 || code === 81 ? 404 : code === 202 ? 503 : 500
  response.end(`${words}\n`)
}
