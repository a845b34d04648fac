import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sha256Hex } from '../src/kit/digest.ts'
import type { Egress } from '../src/model/egress.ts'
import { SystemSettings } from '../src/model/elsewhere.ts'

/**
 * The providers' APIs that answers go through, played at the wire after the vendors' published contracts (the addresses stand in
 * src/providers/<format>/api.ts). Made up by us: no tenant of theirs was at hand, and nothing here was recorded from one.
 */
export type ApiStandIn = {
  readonly url: string
  readonly tickets: Map<string, ThereTicket>
  /** What happens to the next requests that write, in their order; then all is well. */
  readonly faults: ApiFault[]
  /** What the next requests that read get instead of an answer. */
  readonly readFaults: ('huge' | 'no-json' | 'odd' | 'error')[]
  /** Every request that was taken and changed something, as "PATCH /path". */
  readonly writes: string[]
  /** Every request that came to write, taken or not. */
  readonly tries: string[]
  /** Every request as it came; `tells`: it came to change something. */
  readonly wire: { readonly line: string; readonly headers: string[]; readonly body: string; readonly tells: boolean }[]
  tokens: number
  /** Tokens that are not taken any more. */
  readonly withdrawn: Set<string>
  /** Called when a write is done and not answered yet. */
  onWrite?: () => void
  readonly stop: () => Promise<void>
}
/** `drop`: done, and the connection breaks before the answer. `lose`: it breaks before anything is done. `late-500`: done, and answered 500. */
export type ApiFault = 'drop' | 'lose' | 'busy' | 'late-500' | 'conflict' | 'huge' | 'no-json' | 'refuse' | 'none'
type ThereTicket = {
  readonly id: string
  status: string
  verdict: string | null
  readonly comments: { readonly id: string; readonly author: string; readonly text: string; readonly at: string }[]
}
export const apiSecret = 'key-of-the-stand-in+/='

type Ask = {
  readonly method: string
  /** As it stood in the request line. */
  readonly target: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: string
  readonly headers: IncomingMessage['headers']
}
type Reply = { readonly status: number; readonly json: unknown }
/** `null`: nobody answers this. `write`: done when it is called. */
type Vendor = {
  readonly lets: (headers: IncomingMessage['headers'], world: ApiStandIn, ask: Ask) => boolean
  readonly read: (ask: Ask, world: ApiStandIn) => Reply | null
  readonly write: (ask: Ask, world: ApiStandIn) => Reply | null
}

const notThere = (): Reply => ({ status: 404, json: { error: 'not found' } })
const say = (ticket: ThereTicket, text: string, author = 'bot'): void => {
  const at = `2026-11-23T09:00:00.${String(ticket.comments.length).padStart(3, '0')}Z`
  ticket.comments.push({ id: String(ticket.comments.length + 1), author, text, at })
}
const json = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>
const bearer = (headers: IncomingMessage['headers'], world: ApiStandIn): boolean => {
  const token = /^Bearer (token-\d+)$/.exec(headers.authorization ?? '')?.[1]
  return token !== undefined && !world.withdrawn.has(token)
}

const graph: Vendor = {
  lets: bearer,
  read: ({ path, query }, { tickets }) => {
    const shown = (ticket: ThereTicket) => {
      const [classification = 'unknown', determination = 'unknown'] = ticket.verdict?.split('/') ?? []
      return {
        ...{ id: ticket.id, status: ticket.status, classification, determination },
        incidentWebUrl: `https://security.microsoft.com/incidents/${ticket.id}`,
        comments: ticket.comments.map(({ author, text, at }) => ({
          comment: text,
          createdByDisplayName: author,
          createdDateTime: at,
        })),
      }
    }
    if (path === '/v1.0/security/incidents')
      return query.get('$filter') === null || /^lastUpdateDateTime ge \S+Z$/.test(query.get('$filter') ?? '')
        ? { status: 200, json: { value: [...tickets.values()].map(shown) } }
        : { status: 400, json: { error: { code: 'BadRequest' } } }
    const ticket = tickets.get(/^\/v1\.0\/security\/incidents\/(\d+)$/.exec(path)?.[1] ?? '')
    return ticket === undefined ? notThere() : { status: 200, json: shown(ticket) }
  },
  write: ({ method, path, body }, { tickets }) => {
    const [, id, part] = /^\/v1\.0\/security\/incidents\/(\d+)(\/comments)?$/.exec(path) ?? []
    const ticket = tickets.get(id ?? '')
    if (ticket === undefined) return notThere()
    const said = json(body)
    if (method === 'POST' && part === '/comments' && said['@odata.type'] === 'microsoft.graph.security.alertComment') {
      say(ticket, String(said['comment']))
      return { status: 200, json: { value: [] } }
    }
    if (method !== 'PATCH' || part !== undefined) return null
    if (said['status'] !== undefined) ticket.status = String(said['status'])
    if (said['classification'] !== undefined)
      ticket.verdict = `${String(said['classification'])}/${String(said['determination'])}`
    return { status: 200, json: { id: ticket.id } }
  },
}

const falcon: Vendor = {
  lets: bearer,
  read: ({ method, path, body }, { tickets }) => {
    if (method === 'GET' && path === '/alerts/queries/alerts/v2')
      return { status: 200, json: { resources: [...tickets.keys()] } }
    if (path !== '/alerts/entities/alerts/v2') return null
    const ids = json(body)['composite_ids'] as string[]
    const resources = ids.flatMap((id) => {
      const ticket = tickets.get(id)
      const tags = ticket?.verdict == null ? ['triage'] : ['triage', ticket.verdict]
      const comments = ticket?.comments.map(({ author, text, at }) => ({
        value: text,
        timestamp: at,
        falcon_user_id: author,
      }))
      return ticket === undefined ? [] : [{ composite_id: id, status: ticket.status, tags, comments }]
    })
    return { status: 200, json: { errors: [], resources } }
  },
  write: ({ method, path, body }, { tickets }) => {
    if (method !== 'PATCH' || path !== '/alerts/entities/alerts/v3') return null
    const said = json(body) as { composite_ids: string[]; action_parameters: { name: string; value: string }[] }
    const ticket = tickets.get(said.composite_ids[0] ?? '')
    if (ticket === undefined)
      return { status: 200, json: { errors: [{ code: 404, message: 'alert not found' }], meta: {} } }
    for (const { name, value } of said.action_parameters) {
      if (name === 'update_status') ticket.status = value
      else if (name === 'add_tag') ticket.verdict = value
      else if (name === 'append_comment') say(ticket, value)
      else return { status: 400, json: { errors: [{ code: 400, message: `no action ${name}` }] } }
    }
    return { status: 200, json: { errors: [], meta: {}, resources: [] } }
  },
}

const sentinelOne: Vendor = {
  lets: (headers) => headers.authorization === `ApiToken ${apiSecret}`,
  read: ({ path, query }, { tickets }) => {
    const notes = /^\/web\/api\/v2\.1\/threats\/(\d+)\/notes$/.exec(path)?.[1]
    if (notes !== undefined) {
      const all = tickets.get(notes)?.comments ?? []
      return { status: 200, json: { data: all.map(({ id, author, text }) => ({ id, text, creator: author })) } }
    }
    if (path !== '/web/api/v2.1/threats') return null
    const ids = query.get('ids')
    const found = [...tickets.values()].filter(({ id }) => ids === null || id === ids)
    const data = found.map(({ id, status, verdict }) => ({
      ...{ id, threatInfo: { incidentStatus: status, analystVerdict: verdict ?? 'undefined' } },
    }))
    return { status: 200, json: { data, pagination: { totalItems: data.length } } }
  },
  write: ({ method, path, body }, { tickets }) => {
    const said = json(body) as { data: Record<string, string>; filter: { ids: string[] } }
    const ticket = tickets.get(said.filter.ids[0] ?? '')
    const affected = { status: 200, json: { data: { affected: ticket === undefined ? 0 : 1 } } }
    if (method !== 'POST') return null
    if (ticket === undefined) return affected
    if (path === '/web/api/v2.1/threats/analyst-verdict') ticket.verdict = String(said.data['analystVerdict'])
    else if (path === '/web/api/v2.1/threats/incident') ticket.status = String(said.data['incidentStatus'])
    else if (path === '/web/api/v2.1/threats/notes') say(ticket, String(said.data['text']))
    else return null
    return affected
  },
}

const qradar: Vendor = {
  lets: (headers) => headers['sec'] === apiSecret,
  read: ({ path }, { tickets }) => {
    if (path === '/api/siem/offense_closing_reasons')
      return { status: 200, json: [{ id: 1, text: 'False-Positive, Tuned' }] }
    if (path === '/api/siem/offenses')
      return { status: 200, json: [...tickets.keys()].map((id) => ({ id: Number(id) })) }
    const [, id, notes] = /^\/api\/siem\/offenses\/(\d+)(\/notes)?$/.exec(path) ?? []
    const ticket = tickets.get(id ?? '')
    if (ticket === undefined) return notThere()
    if (notes === undefined)
      return {
        status: 200,
        json: {
          id: Number(id),
          status: ticket.status,
          closing_reason_id: ticket.verdict === null ? null : Number(ticket.verdict),
        },
      }
    const all = ticket.comments.map((one) => ({
      id: Number(one.id),
      note_text: one.text,
      username: one.author,
      create_time: 1,
    }))
    return { status: 200, json: all }
  },
  write: ({ method, path, query }, { tickets }) => {
    const [, id, notes] = /^\/api\/siem\/offenses\/(\d+)(\/notes)?$/.exec(path) ?? []
    const ticket = tickets.get(id ?? '')
    if (method !== 'POST' || ticket === undefined) return notThere()
    if (notes !== undefined) {
      say(ticket, query.get('note_text') ?? '')
      return { status: 201, json: { id: ticket.comments.length, note_text: '' } }
    }
    const reason = query.get('closing_reason_id')
    if (query.get('status') === 'CLOSED' && reason === null)
      return { status: 409, json: { message: 'closing_reason_id is required' } }
    ticket.status = query.get('status') ?? ticket.status
    if (reason !== null) ticket.verdict = reason
    return { status: 200, json: { id: Number(id), status: ticket.status } }
  },
}

const cortex: Vendor = {
  lets: (headers) => headers.authorization === apiSecret && headers['x-xdr-auth-id'] === 'client-1',
  read: ({ path, body }, { tickets }) => {
    if (path === '/public_api/v1/healthcheck') return { status: 200, json: { status: 'available' } }
    const { incident_id: id } = json(body)['request_data'] as { incident_id: string }
    const ticket = tickets.get(id)
    if (ticket === undefined) return { status: 404, json: { reply: { err_code: 404 } } }
    return { status: 200, json: { reply: { incident: { incident_id: id, status: ticket.status } } } }
  },
  write: ({ method, path, body }, { tickets }) => {
    if (method !== 'POST' || path !== '/public_api/v1/incidents/update_incident') return null
    const said = json(body)['request_data'] as {
      incident_id: string
      update_data: { status?: string; comment?: { comment_action: string; value: string } }
    }
    const ticket = tickets.get(said.incident_id)
    if (ticket === undefined) return { status: 500, json: { reply: { err_code: 500, err_msg: 'no such incident' } } }
    const { status, comment } = said.update_data
    if (status !== undefined) ticket.status = status
    if (status?.startsWith('resolved_') === true) ticket.verdict = status
    if (comment?.comment_action === 'add') say(ticket, comment.value)
    return { status: 200, json: { reply: true } }
  },
}

const redCanary: Vendor = {
  lets: (headers) => headers['x-api-key'] === apiSecret,
  read: ({ path }, { tickets }) => {
    const shown = (ticket: ThereTicket) => ({
      ...{ type: 'Detection', id: Number(ticket.id) },
      attributes: {
        headline: 'x',
        last_remediated_status: ticket.verdict === null ? null : { remediation_state: ticket.verdict },
      },
    })
    if (path === '/openapi/v3/detections') return { status: 200, json: { data: [...tickets.values()].map(shown) } }
    const ticket = tickets.get(/^\/openapi\/v3\/detections\/(\d+)$/.exec(path)?.[1] ?? '')
    return ticket === undefined ? notThere() : { status: 200, json: { data: [shown(ticket)] } }
  },
  write: ({ method, path, body }, { tickets }) => {
    const ticket = tickets.get(/^\/openapi\/v3\/detections\/(\d+)\/update_remediation_state$/.exec(path)?.[1] ?? '')
    if (method !== 'PATCH' || ticket === undefined) return notThere()
    const said = json(body)
    ticket.verdict = String(said['remediation_state'])
    if (said['comment'] !== undefined) say(ticket, String(said['comment']))
    return { status: 200, json: { data: [] } }
  },
}

const splunk: Vendor = {
  lets: (headers) => headers.authorization === `Bearer ${apiSecret}`,
  read: ({ path }) =>
    path === '/services/authentication/current-context' ? { status: 200, json: { entry: [] } } : null,
  write: ({ method, path, body }, { tickets }) => {
    if (method !== 'POST' || path !== '/services/notable_update') return null
    const form = new URLSearchParams(body)
    const ticket = tickets.get(form.get('ruleUIDs') ?? '')
    if (ticket === undefined) return { status: 200, json: { success: false, message: 'No notable events matched' } }
    ticket.status = form.get('status') ?? ticket.status
    ticket.verdict = form.get('disposition') ?? ticket.verdict
    if (form.has('comment')) say(ticket, form.get('comment') ?? '')
    return {
      status: 200,
      json: { success: true, message: '1 event updated successfully', success_count: 1, failure_count: 0 },
    }
  },
}

const elastic: Vendor = {
  lets: (headers) => headers.authorization === `ApiKey ${apiSecret}` && headers['kbn-xsrf'] !== undefined,
  read: ({ method, path, query, body }, { tickets }) => {
    if (method === 'POST' && path === '/api/detection_engine/signals/search') {
      const { ids, range } = json(body)['query'] as { ids?: { values: string[] }; range?: Record<string, unknown> }
      if (ids === undefined && range?.['kibana.alert.workflow_status_updated_at'] === undefined) return null
      const found = [...tickets.values()].filter(({ id }) => ids === undefined || ids.values.includes(id))
      const hits = found.map(({ id, status, verdict }) => ({
        ...{ _id: id, _index: '.internal.alerts-security.alerts-default-000001' },
        ...(ids === undefined
          ? {}
          : {
              fields: {
                'kibana.alert.workflow_status': [status],
                ...(verdict === null ? {} : { 'kibana.alert.workflow_reason': [verdict] }),
              },
            }),
      }))
      return { status: 200, json: { took: 3, hits: { total: { value: hits.length, relation: 'eq' }, hits } } }
    }
    if (method !== 'GET' || path !== '/api/note') return null
    const wanted = query.get('documentIds')
    const notes = [...tickets.values()]
      .filter(({ id }) => wanted === null || wanted === id)
      .flatMap(({ id, comments }) =>
        comments.map((one) => ({
          ...{ noteId: `note-${one.id}`, version: 'WzEsMV0=', timelineId: '', eventId: id, note: one.text },
          ...{ created: Date.parse(one.at), createdBy: one.author },
        })),
      )
    return { status: 200, json: { notes, totalCount: notes.length } }
  },
  write: ({ method, path, body }, { tickets }) => {
    if (method === 'PATCH' && path === '/api/note') {
      const { note } = json(body) as { note: { eventId: string; note: string; timelineId: string } }
      if (note.timelineId !== '') return { status: 400, json: { statusCode: 400, message: 'no such timeline' } }
      const ticket = tickets.get(note.eventId)
      // A note is kept whatever it is about.
      if (ticket !== undefined) say(ticket, note.note)
      return { status: 200, json: { note: { ...note, noteId: `note-${ticket?.comments.length ?? 0}`, version: 'x' } } }
    }
    if (method !== 'POST' || path !== '/api/detection_engine/signals/status') return null
    const { signal_ids: ids, status, reason } = json(body) as { signal_ids: string[]; status: string; reason?: string }
    if (reason !== undefined && status !== 'closed')
      return { status: 400, json: { message: 'reason goes with closed' } }
    const found = ids.flatMap((id) => tickets.get(id) ?? [])
    for (const ticket of found)
      if (ticket.status !== status) {
        ticket.status = status
        ticket.verdict = reason ?? null
      }
    return { status: 200, json: { total: found.length, updated: found.length, version_conflicts: 0, failures: [] } }
  },
}

const darktrace: Vendor = {
  lets: (headers, _world, { target, body }) => {
    const date = String(headers['dtapi-date'])
    const signed = `${target}${body === '' ? '' : `?${body}`}\n${String(headers['dtapi-token'])}\n${date}`
    const signature = createHmac('sha1', apiSecret).update(signed, 'ascii').digest('hex')
    const inOrder = [...new URLSearchParams(target.split('?')[1] ?? '').keys()]
    const isOurs = headers['dtapi-token'] === 'client-1' && headers['dtapi-signature'] === signature
    return isOurs && /^\d{8}T\d{6}$/.test(date) && inOrder.join() === inOrder.toSorted().join()
  },
  read: ({ path, query }, { tickets }) => {
    const found = [...tickets.values()].filter(({ id }) => query.get('pbid') === null || query.get('pbid') === id)
    if (path === '/mbcomments') {
      const told = found.flatMap(({ id, comments }) =>
        comments.map(({ author, text, at }) => ({
          ...{ time: Date.parse(at), pbid: Number(id), username: author, message: text, pid: 72, name: 'Device::X' },
        })),
      )
      return { status: 200, json: told.toReversed() }
    }
    const [breach] = found
    if (path !== '/modelbreaches' || breach === undefined) return null
    const by = breach.status === 'acknowledged' ? { acknowledged: { time: 1_761_754_999_000, username: 'bot' } } : {}
    return { status: 200, json: { pbid: Number(breach.id), commentCount: breach.comments.length, score: 0.82, ...by } }
  },
  write: ({ method, path, body }, { tickets }) => {
    const [, id, act] = /^\/modelbreaches\/(\d+)\/(acknowledge|unacknowledge|comments)$/.exec(path) ?? []
    const ticket = tickets.get(id ?? '')
    if (method !== 'POST' || ticket === undefined || act === undefined) return null
    const said = json(body)
    if (act === 'comments') {
      say(ticket, String(said['message']))
      const made = {
        message: said['message'],
        username: 'bot',
        time: 1_761_754_999_000,
        commentid: ticket.comments.length,
      }
      return { status: 200, json: [made] }
    }
    if (said[act] !== true) return { status: 400, json: { error: 'it says what it does' } }
    ticket.status = `${act}d`
    return { status: 200, json: { response: 'SUCCESS' } }
  },
}

/** What people know an investigation by. */
export const shortLinkOf = (id: string): string => `NORD-${Number.parseInt(id.slice(-4), 16)}`
/** Who wrote the comment that closed it. */
const closer = 'closer'

const expel: Vendor = {
  lets: (headers) => headers.authorization === `Bearer ${apiSecret}`,
  read: ({ path, query }, { tickets }) => {
    const all = [...tickets.values()]
    const shown = (ticket: ThereTicket) => ({
      ...{ type: 'investigations', id: ticket.id },
      attributes: {
        ...{ title: 'x', short_link: shortLinkOf(ticket.id), decision: ticket.verdict },
        close_comment: ticket.comments.findLast(({ author }) => author === closer)?.text ?? null,
      },
    })
    if (path === '/api/v2/comments') {
      const of = query.get('filter[investigation][id]')
      const data = all.flatMap(({ id, comments }) =>
        comments
          .filter(({ author }) => author !== closer && (of === null || of === id))
          .map((one) => ({
            ...{ type: 'comments', id: `comment-${one.id}`, attributes: { comment: one.text, created_at: one.at } },
            relationships: { investigation: { data: { type: 'investigations', id } } },
          })),
      )
      return { status: 200, json: { data: data.toReversed() } }
    }
    if (path === '/api/v2/investigations') {
      const link = query.get('filter[short_link]')
      return {
        status: 200,
        json: { data: all.filter(({ id }) => link === null || shortLinkOf(id) === link).map(shown) },
      }
    }
    const ticket = tickets.get(/^\/api\/v2\/investigations\/([0-9a-f-]{36})$/.exec(path)?.[1] ?? '')
    return ticket === undefined ? notThere() : { status: 200, json: { data: shown(ticket) } }
  },
  write: ({ method, path, body }, { tickets }) => {
    const { data } = json(body) as {
      data: { type: string; id?: string; attributes: Record<string, string>; relationships?: unknown }
    }
    if (method === 'POST' && path === '/api/v2/comments' && data.type === 'comments') {
      const { investigation } = data.relationships as { investigation: { data: { type: string; id: string } } }
      const ticket = tickets.get(investigation.data.id)
      if (ticket === undefined || investigation.data.type !== 'investigations') return null
      say(ticket, String(data.attributes['comment']))
      return { status: 201, json: { data: { type: 'comments', id: `comment-${ticket.comments.length}` } } }
    }
    const ticket = tickets.get(/^\/api\/v2\/investigations\/(.+)$/.exec(path)?.[1] ?? '')
    if (method !== 'PATCH' || ticket === undefined || data.type !== 'investigations' || data.id !== ticket.id)
      return null
    const { decision, close_comment: closing } = data.attributes
    if (decision !== undefined) ticket.verdict = decision
    if (closing !== undefined) {
      ticket.status = 'CLOSED'
      say(ticket, closing, closer)
    }
    return { status: 200, json: { data: { type: 'investigations', id: ticket.id, attributes: data.attributes } } }
  },
}

const vendors = {
  'microsoft-graph-incidents': graph,
  'crowdstrike-alerts': falcon,
  'sentinelone-threats': sentinelOne,
  'ibm-qradar-offences': qradar,
  'cortex-xdr-incidents': cortex,
  'red-canary-detections': redCanary,
  'splunk-es-notables': splunk,
  'elastic-security-alerts': elastic,
  'darktrace-model-breaches': darktrace,
  'expel-investigations': expel,
} as const
export type Played = keyof typeof vendors
export const played = Object.keys(vendors) as Played[]

/** A number of theirs, as each writes it. */
export const numberThere: Record<Played, string> = {
  'microsoft-graph-incidents': '20418',
  'crowdstrike-alerts': '0123456789abcdef:ind:abcd1234ef:567890-10304-77',
  'sentinelone-threats': '1890224413370925811',
  'ibm-qradar-offences': '4242',
  'cortex-xdr-incidents': '317',
  'red-canary-detections': '412',
  'splunk-es-notables': '7B21F0A4-19',
  'elastic-security-alerts': '3f0a71c2b6f04d1e9a5c7b2e8d6f1a0c3f0a71c2b6f04d1e9a5c7b2e8d6f1a0c',
  'darktrace-model-breaches': '19022',
  'expel-investigations': '5a6bc3f0-0c1e-4a61-9f9e-2d1c0a7e11aa',
}

/** As they are before anybody did anything. */
const firstStatus: Record<Played, string> = {
  'microsoft-graph-incidents': 'active',
  'crowdstrike-alerts': 'new',
  'sentinelone-threats': 'unresolved',
  'ibm-qradar-offences': 'OPEN',
  'cortex-xdr-incidents': 'new',
  'red-canary-detections': '',
  'splunk-es-notables': '1',
  'elastic-security-alerts': 'open',
  'darktrace-model-breaches': 'unacknowledged',
  'expel-investigations': 'OPEN',
}

export async function startProviderApi(id: Played): Promise<ApiStandIn> {
  const vendor = vendors[id]
  const world: Omit<ApiStandIn, 'url' | 'stop'> & { url: string; stop: () => Promise<void> } = {
    ...{
      url: '',
      tickets: new Map(),
      faults: [],
      readFaults: [],
      writes: [],
      tries: [],
      wire: [],
      tokens: 0,
      withdrawn: new Set(),
    },
    stop: async () => undefined,
  }
  putThere(world, id)
  const server = createServer((request, response) => void serve(vendor, world, request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  world.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  world.stop = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return world
}

/** How it is set up to talk to it. */
export const settingsFor = (world: Pick<ApiStandIn, 'url'>, id: Played, more: Record<string, unknown> = {}) =>
  SystemSettings.parse({
    ...{ api: id, baseUrl: world.url, plainHttp: true, user: 'client-1', signInUrl: `${world.url}/oauth2/token` },
    ...{ allowAddresses: ['127.0.0.1'], ...more },
  })

/** What left, as it stands there while exactly these bytes are on their way. */
export const leavingEntry = (bytes: Uint8Array, to: readonly string[], change: Partial<Egress> = {}): Egress => ({
  ...{ id: crypto.randomUUID(), kind: 'reply', of: 'reply:1', providerId: 'acme', channel: 'provider-api' },
  ...{ recipients: [...to], subject: 's', messageId: 'm', sha256: sha256Hex(bytes), sizeBytes: bytes.byteLength },
  ...{ releasedBy: 'user:1', releasedAt: '2026-11-23T09:00:00.000Z', rule: 'Reviewed' },
  ...{ holdUntil: '2026-11-23T09:00:00.000Z', state: 'leaving', leftAt: null, receipt: null },
  ...{ clearSha256: null, protection: null, ...change },
})

/** Puts a ticket there, with what it has before anybody did anything. */
export function putThere(world: Pick<ApiStandIn, 'tickets'>, id: Played, number = numberThere[id]): void {
  world.tickets.set(number, { id: number, status: firstStatus[id], verdict: null, comments: [] })
}

const asksByPost = new Set([
  '/alerts/entities/alerts/v2',
  '/public_api/v1/incidents/get_incident_extra_data',
  '/api/detection_engine/signals/search',
])

async function serve(
  vendor: Vendor,
  world: ApiStandIn,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const url = new URL(request.url ?? '/', world.url)
  const body = Buffer.concat(chunks).toString('utf8')
  const { method = 'GET', headers } = request
  const ask = { method, target: request.url ?? '/', path: url.pathname, query: url.searchParams, body, headers }
  const answer = (status: number, value: unknown, more: Record<string, string> = {}) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...more }).end(JSON.stringify(value))
  const isToken = ask.path.endsWith('/token')
  const isRead = method === 'GET' || asksByPost.has(ask.path)
  world.wire.push({ line: `${method} ${ask.target}`, headers: request.rawHeaders, body, tells: !isRead && !isToken })
  if (isToken) return giveToken(world, body, answer)
  if (!vendor.lets(headers, world, ask))
    return answer(401, { error: `not with ${String(headers.authorization ?? headers['sec'])}` })
  if (isRead) {
    const wrong = world.readFaults.shift()
    if (wrong === 'huge') return void response.writeHead(200).end(Buffer.alloc(25 * 1024 * 1024, 0x20))
    if (wrong === 'no-json') return void response.writeHead(200).end('<html>Welcome</html>')
    if (wrong === 'odd') return answer(200, { status: 7, value: 'x', data: {}, resources: [{ id: 1 }] })
    if (wrong === 'error') return answer(502, {})
    const reply = vendor.read(ask, world) ?? notThere()
    return answer(reply.status, reply.json)
  }
  const name = `${method} ${ask.path}`
  world.tries.push(name)
  const fault = world.faults.shift() ?? 'none'
  if (fault === 'lose') return void request.socket.destroy()
  if (fault === 'busy') return answer(429, { error: 'slow down' }, { 'retry-after': '900' })
  if (fault === 'conflict') return answer(409, { error: 'changed by somebody' })
  if (fault === 'refuse') return answer(400, { error: 'no such value' })
  const reply = vendor.write(ask, world) ?? notThere()
  if (reply.status < 300) world.writes.push(name)
  world.onWrite?.()
  if (fault === 'drop') return void request.socket.destroy()
  if (fault === 'late-500') return answer(500, { error: 'oh' })
  if (fault === 'no-json') return void response.writeHead(200).end('<html>Welcome</html>')
  if (fault === 'huge') return void response.writeHead(200).end(Buffer.alloc(25 * 1024 * 1024, 0x20))
  answer(reply.status, reply.json)
}

function giveToken(world: ApiStandIn, body: string, answer: (status: number, value: unknown) => void): void {
  const form = new URLSearchParams(body)
  const isOurs = form.get('client_id') === 'client-1' && form.get('client_secret') === apiSecret
  if (form.get('grant_type') !== 'client_credentials' || !isOurs)
    return answer(401, { error: 'invalid_client', seen: form.get('client_secret') })
  world.tokens += 1
  answer(200, { access_token: `token-${world.tokens}`, token_type: 'Bearer', expires_in: 3_599 })
}
