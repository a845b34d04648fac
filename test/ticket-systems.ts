import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * Stand-ins for Jira and ServiceNow, at the wire. Made up by us: paths, names of fields and statuses follow the vendors' public API
 * references (Jira Cloud REST v3 and Data Center REST v2: issue, search, transitions, comments, attachments; ServiceNow: Table API,
 * Attachment API, sys_journal_field). No instance of theirs was at hand, and nothing here was recorded from one.
 */
export type StandIn = {
  readonly url: string
  readonly tickets: Map<string, StandInTicket>
  /** What happens to the next requests that write, in their order; then all is well. */
  readonly faults: Fault[]
  /** Every request that changed something, as "POST /path". */
  readonly writes: string[]
  /** Tickets made less than this many searches ago are not found yet, as where an index lags. */
  searchLag: number
  /** Called when a write is done and not answered yet. */
  onWrite?: () => void
  readonly stop: () => Promise<void>
}
/** `drop`: done, and the connection breaks before the answer. `lose`: it breaks before anything is done. */
export type Fault = 'drop' | 'lose' | 'busy' | 'error' | 'none'
export type StandInTicket = {
  readonly id: string
  readonly key: string
  marker: string
  title: string
  description: string
  status: string
  readonly fields: Record<string, unknown>
  readonly comments: { readonly id: string; readonly author: string; readonly body: unknown; readonly text: string }[]
  readonly files: { readonly id: string; readonly name: string; readonly bytes: Buffer }[]
  changed: boolean
  searchesLeft: number
}

type Ask = {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: Buffer
  readonly headers: IncomingMessage['headers']
}
type Reply = { readonly status: number; readonly json?: unknown; readonly bytes?: Buffer }

export const standInSecret = 'token-of-the-stand-in'

async function standIn(handle: (ask: Ask, world: StandIn) => Reply): Promise<StandIn> {
  const world: Omit<StandIn, 'url' | 'stop'> & { url: string; stop: () => Promise<void> } = {
    url: '',
    tickets: new Map(),
    faults: [],
    writes: [],
    searchLag: 0,
    stop: async () => undefined,
  }
  const server = createServer((request, response) => void serve(request, response, world, handle))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  world.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  world.stop = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return world
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  world: StandIn,
  handle: (ask: Ask, world: StandIn) => Reply,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const url = new URL(request.url ?? '/', world.url)
  const ask = {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    body: Buffer.concat(chunks),
    headers: request.headers,
  }
  const fault = ask.method === 'GET' ? 'none' : (world.faults.shift() ?? 'none')
  if (fault === 'lose') return void request.socket.destroy()
  if (fault === 'busy') return void response.writeHead(429, { 'retry-after': '7' }).end()
  if (!/^(Basic|Bearer) ./.test(ask.headers.authorization ?? '')) return void response.writeHead(401).end()
  const reply = handle(ask, world)
  if (ask.method !== 'GET') {
    world.writes.push(`${ask.method} ${ask.path}`)
    world.onWrite?.()
  }
  if (fault === 'drop') return void request.socket.destroy()
  if (fault === 'error') return void response.writeHead(502).end('bad gateway')
  response.writeHead(reply.status, {
    'content-type': reply.bytes === undefined ? 'application/json' : 'application/octet-stream',
  })
  response.end(reply.bytes ?? (reply.json === undefined ? '' : JSON.stringify(reply.json)))
}

function newTicket(world: StandIn, key: string, status: string): StandInTicket {
  const ticket = {
    ...{ id: String(10_000 + world.tickets.size), key, marker: '', title: '', description: '', status },
    ...{ fields: {}, comments: [], files: [], changed: true, searchesLeft: world.searchLag },
  }
  world.tickets.set(ticket.id, ticket)
  return ticket
}

/** Those that a search finds: not the ones that the index does not have yet. */
function findable(world: StandIn, fits: (ticket: StandInTicket) => boolean): StandInTicket[] {
  return [...world.tickets.values()].filter((ticket) => {
    if (!fits(ticket)) return false
    ticket.searchesLeft -= 1
    return ticket.searchesLeft < 0
  })
}

/** The plain text of a document of theirs; what they keep as wiki markup is text already. */
export function textOf(body: unknown): string {
  if (typeof body === 'string') return body
  const doc = body as { content?: { content?: { text?: string }[] }[] }
  return (doc.content ?? []).map((line) => (line.content ?? []).map(({ text }) => text ?? '').join('')).join('\n')
}

const workflow = ['To Do', 'In Progress', 'Done']

/** Jira, of either kind: Cloud under /rest/api/3, Data Center under /rest/api/2. Every status leads to every other. */
export async function startJira(kind: 'cloud' | 'data-center' = 'cloud'): Promise<StandIn> {
  const base = `/rest/api/${kind === 'cloud' ? 3 : 2}`
  const none: Reply = {
    status: 404,
    json: { errorMessages: ['Issue does not exist or you do not have permission to see it.'] },
  }
  return standIn((ask, world) => {
    const { method, path, query } = ask
    const json = (): unknown => JSON.parse(ask.body.toString())
    if (path === `${base}/myself`) return { status: 200, json: { displayName: 'Counterfoil bot' } }
    if (path === `${base}/search${kind === 'cloud' ? '/jql' : ''}`) {
      const jql = query.get('jql') ?? ''
      const marker = /labels = "(counterfoil-[^"]+)"/.exec(jql)?.[1]
      const found = findable(world, (one) => (marker === undefined ? one.changed : one.marker === marker))
      if (marker === undefined) for (const one of found) one.changed = false
      return { status: 200, json: { issues: found.map(({ id, key }) => ({ id, key })) } }
    }
    if (path === `${base}/issue`) {
      const { fields } = json() as { fields: { summary: string; description: unknown; labels: string[] } }
      const ticket = newTicket(world, `SEC-${world.tickets.size + 1}`, 'To Do')
      Object.assign(ticket, {
        title: fields.summary,
        description: textOf(fields.description),
        marker: fields.labels[1],
      })
      Object.assign(ticket.fields, fields)
      return { status: 201, json: { id: ticket.id, key: ticket.key, self: `${world.url}${base}/issue/${ticket.id}` } }
    }
    const [, id, what] = new RegExp(`^${base}/issue/(\\d+)(?:/(\\w+))?$`).exec(path) ?? []
    if (path.startsWith(`${base}/attachment/content/`)) {
      const file = [...world.tickets.values()].flatMap(({ files }) => files).find((one) => path.endsWith(`/${one.id}`))
      return file === undefined ? none : { status: 200, bytes: file.bytes }
    }
    const ticket = world.tickets.get(id ?? '')
    if (ticket === undefined) return none
    if (method !== 'GET') ticket.changed = true
    if (what === undefined && method === 'PUT') {
      const { fields } = json() as { fields: { summary: string; description: unknown } }
      Object.assign(ticket, { title: fields.summary, description: textOf(fields.description) })
      return { status: 204 }
    }
    if (what === undefined)
      return {
        status: 200,
        json: {
          id: ticket.id,
          key: ticket.key,
          fields: {
            status: { name: ticket.status, id: '3' },
            comment: {
              comments: ticket.comments.map((one) => ({
                id: one.id,
                body: one.body,
                author: { displayName: one.author },
              })),
              total: ticket.comments.length,
            },
            attachment: ticket.files.map((file) => ({
              ...{ id: file.id, filename: file.name, size: file.bytes.length },
              content: `${world.url}${base}/attachment/content/${file.id}`,
            })),
          },
        },
      }
    if (what === 'transitions' && method === 'GET')
      return {
        status: 200,
        json: {
          transitions: workflow
            .filter((name) => name !== ticket.status)
            .map((name) => ({ id: String(workflow.indexOf(name)), name, to: { name } })),
        },
      }
    if (what === 'transitions') {
      const { transition } = json() as { transition: { id: string } }
      ticket.status = workflow[Number(transition.id)] ?? ticket.status
      return { status: 204 }
    }
    if (what === 'comment' && method === 'POST') {
      const { body } = json() as { body: unknown }
      const comment = {
        id: String(20_000 + ticket.comments.length + Number(ticket.id) * 100),
        author: 'Counterfoil bot',
        body,
        text: textOf(body),
      }
      ticket.comments.push(comment)
      return { status: 201, json: { id: comment.id } }
    }
    if (what === 'attachments') {
      if (ask.headers['x-atlassian-token'] !== 'no-check') return { status: 403, json: 'XSRF check failed' }
      const [, name = '', content = ''] =
        /filename="([^"]+)"\r\n(?:[^\r]+\r\n)*\r\n([\s\S]*)\r\n--/.exec(ask.body.toString('latin1')) ?? []
      const file = { id: String(30_000 + ticket.files.length), name, bytes: Buffer.from(content, 'latin1') }
      ticket.files.push(file)
      return { status: 200, json: [{ id: file.id, filename: name }] }
    }
    return none
  })
}

const states = ['New', 'In Progress', 'Resolved', 'Closed']

/** ServiceNow's Table API on one table, with journal and attachments. */
export async function startServiceNow(): Promise<StandIn> {
  const none: Reply = { status: 404, json: { error: { message: 'No Record found' }, status: 'failure' } }
  return standIn((ask, world) => {
    const { method, path, query } = ask
    const wanted = query.get('sysparm_query') ?? ''
    if (path === '/api/now/table/sys_journal_field') {
      const ticket = world.tickets.get(/element_id=([^^]+)/.exec(wanted)?.[1] ?? '')
      const result = (ticket?.comments ?? []).map((one) => ({
        sys_id: one.id,
        value: one.text,
        sys_created_by: one.author,
      }))
      return { status: 200, json: { result } }
    }
    if (path === '/api/now/attachment/file') {
      const ticket = world.tickets.get(query.get('table_sys_id') ?? '')
      if (ticket === undefined) return none
      const file = { id: randomUUID().replaceAll('-', ''), name: query.get('file_name') ?? '', bytes: ask.body }
      ticket.files.push(file)
      return { status: 201, json: { result: { sys_id: file.id } } }
    }
    if (path === '/api/now/attachment') {
      const ticket = world.tickets.get(/table_sys_id=([^^]+)/.exec(wanted)?.[1] ?? '')
      const result = (ticket?.files ?? []).map((one) => ({
        sys_id: one.id,
        file_name: one.name,
        size_bytes: String(one.bytes.length),
      }))
      return { status: 200, json: { result } }
    }
    const [, attachment] = /^\/api\/now\/attachment\/(\w+)\/file$/.exec(path) ?? []
    if (attachment !== undefined) {
      const file = [...world.tickets.values()].flatMap(({ files }) => files).find((one) => one.id === attachment)
      return file === undefined ? none : { status: 200, bytes: file.bytes }
    }
    const [, id] = /^\/api\/now\/table\/incident(?:\/(\w+))?$/.exec(path) ?? []
    if (id === undefined && method === 'GET') {
      const marker = /correlation_id=([^^]+)/.exec(wanted)?.[1]
      const found = findable(world, (one) => (marker === undefined ? one.changed : one.marker === marker))
      return { status: 200, json: { result: found.map((one) => ({ sys_id: one.id, number: one.key })) } }
    }
    const body = method === 'GET' ? {} : (JSON.parse(ask.body.toString()) as Record<string, string>)
    const ticket =
      id === undefined ? newTicket(world, `INC${10_000 + world.tickets.size}`, 'New') : world.tickets.get(id)
    if (ticket === undefined) return none
    if (method !== 'GET') {
      ticket.changed = true
      if (body['state'] !== undefined && !states.includes(body['state']))
        return { status: 400, json: { error: { message: 'Invalid state' } } }
      Object.assign(ticket.fields, body)
      Object.assign(ticket, {
        title: body['short_description'] ?? ticket.title,
        description: body['description'] ?? ticket.description,
        marker: body['correlation_id'] ?? ticket.marker,
        status: body['state'] ?? ticket.status,
      })
      const said = body['work_notes'] ?? body['comments']
      if (said !== undefined)
        ticket.comments.push({
          id: randomUUID().replaceAll('-', ''),
          author: 'counterfoil.bot',
          body: said,
          text: said,
        })
      return { status: id === undefined ? 201 : 200, json: { result: { sys_id: ticket.id, number: ticket.key } } }
    }
    const shown = (value: string) => ({ value, display_value: value })
    return {
      status: 200,
      json: {
        result: {
          sys_id: shown(ticket.id),
          number: shown(ticket.key),
          state: { value: '2', display_value: ticket.status },
        },
      },
    }
  })
}

/** Somebody over there writes a comment. */
export function commentThere(ticket: StandInTicket, author: string, text: string): void {
  const id = `${ticket.comments.length + 1}${randomUUID().slice(0, 6)}`
  ticket.comments.push({ id, author, body: text, text })
  ticket.changed = true
}

/** Somebody over there moves it. */
export function moveThere(ticket: StandInTicket, status: string): void {
  ticket.status = status
  ticket.changed = true
}
