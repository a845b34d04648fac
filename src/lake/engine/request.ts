import type { IncomingMessage } from 'node:http'

/** One statement as ClickHouse's HTTP interface carries it. */
export type Statement = {
  readonly id: string
  readonly sql: string
  /** Settings and param_*, both set on the connection before the statement. */
  readonly settings: readonly (readonly [string, string])[]
  readonly format: string
  /** Rows go out as they come; otherwise the answer is complete before its first byte (wait_end_of_query). */
  readonly streamed: boolean
  readonly readOnly: boolean
  /** What follows an INSERT ... FORMAT: the rows. */
  readonly body: Buffer | null
}

/** A request that cannot be read; `code` is ClickHouse's own for it. */
export class Unreadable extends Error {
  readonly code: number

  constructor(code: number, problem: string) {
    super(problem)
    this.code = code
  }
}

/** Rows of one insert that come over HTTP: only a cluster is sent files, this engine reads them itself; four spool segments. */
export const bodyBytesMax = 256 * 1024 * 1024
/** As ClickHouse's own http_max_uri_size. */
export const uriBytesMax = 1024 * 1024
const settingName = /^[a-z][a-z0-9_]{0,127}$/
const paramName = /^param_[A-Za-z_][A-Za-z0-9_]{0,127}$/

/** What the HTTP layer knows and the engine does not. */
const notSettings = new Set([
  'query',
  'query_id',
  'database',
  'default_format',
  'session_id',
  'session_check',
  'session_timeout',
  'role',
  'user',
  'password',
  'compress',
  'decompress',
  'wait_end_of_query',
  'buffer_size',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'enable_http_compression',
  'readonly',
])

/** Reads the whole request. Throws Unreadable for what is too large or badly formed. */
export async function readRequest(request: IncomingMessage): Promise<Statement> {
  const url = new URL(request.url ?? '/', 'http://engine')
  const fields = new Map(url.searchParams)
  const body = await readBody(request)
  const boundary = /^multipart\/form-data;\s*boundary=([A-Za-z0-9'()+_,./:=?-]{1,200})$/.exec(
    request.headers['content-type'] ?? '',
  )?.[1]
  let rows: Buffer | null = null
  if (boundary !== undefined) for (const [name, value] of readParts(body, boundary)) fields.set(name, value)
  else if (fields.has('query')) rows = body.length > 0 ? body : null
  else fields.set('query', body.toString('utf8'))
  const sql = fields.get('query') ?? ''
  if (sql.trim() === '') throw new Unreadable(62, 'Empty query. (SYNTAX_ERROR)')
  const settings = [...fields].filter(([name]) => !notSettings.has(name))
  for (const [name] of settings)
    if (!settingName.test(name) && !paramName.test(name))
      throw new Unreadable(115, `Unknown setting ${name}. (UNKNOWN_SETTING)`)
  return {
    id: fields.get('query_id') ?? '',
    sql,
    settings,
    format: fields.get('default_format') ?? 'TabSeparated',
    streamed: fields.get('wait_end_of_query') !== '1' && rows === null && /^\s*(select|with)\b/i.test(sql),
    readOnly: (fields.get('readonly') ?? '0') !== '0',
    body: rows,
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bodyBytesMax) throw new Unreadable(307, 'The body is larger than this engine takes. (TOO_MANY_BYTES)')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The parts of a form as @clickhouse/client writes it for long parameters: a name, no other header that matters, the text. */
function* readParts(body: Buffer, boundary: string): Generator<[string, string]> {
  const mark = Buffer.from(`--${boundary}`)
  for (let at = body.indexOf(mark); at !== -1; ) {
    const next = body.indexOf(mark, at + mark.length)
    if (next === -1) return
    const part = body.subarray(at + mark.length + 2, next - 2)
    const head = part.indexOf('\r\n\r\n')
    const name = /\bname="([A-Za-z0-9_.-]{1,200})"/.exec(part.subarray(0, Math.max(head, 0)).toString('latin1'))?.[1]
    if (head === -1 || name === undefined) throw new Unreadable(62, 'This form cannot be read. (SYNTAX_ERROR)')
    yield [name, part.subarray(head + 4).toString('utf8')]
    at = next
  }
}
