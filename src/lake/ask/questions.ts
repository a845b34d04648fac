import { plainForm } from '../search/addresses.ts'
import { type Expression, exactly, fieldIs, joined } from '../search/expression.ts'
import { bareAccount, hashForm, hostForm } from '../search/tokens.ts'

/** A column of an answer's rows: its name there, and what of `events` it is. All of them stand in this file. */
type Shown = readonly [name: string, sql: string]

/** A question as the lake looks it up. */
export type Asked = {
  readonly expression: Expression
  /** Classes of OCSF whose logs would have shown it. Nothing found means "nothing there" only while one of them was collected. */
  readonly classes: readonly number[]
  /** What the rows are: events that agree in these are one row. */
  readonly rows: readonly Shown[]
  /** Where logs of that class say nothing of this host, "nothing" is none: what must have been seen within the last 30 days. */
  readonly subject?: { readonly expression: Expression; readonly says: string }
  /** How far back it is looked when the question names no time, in days. */
  readonly days?: number
  readonly warnings?: readonly string[]
  /** It finds lines that no parser read as well, by their observables. */
  readonly findsUnread?: true
}

/** What a question cannot be asked about. */
export type NotAsked = { readonly notApplicable: string }

const sessionRows: readonly Shown[] = [
  ['source', 'source'],
  ['from', 'toString(src_endpoint_ip)'],
  ['to', 'toString(dst_endpoint_ip)'],
  ['port', 'dst_endpoint_port'],
  ['protocol', 'protocol_name'],
  ['action', 'action'],
  ['user', 'user_name'],
]

/**
 * Sessions are shown by logs of class 4001 (firewalls, flows, Zeek). A proxy's (4002) and a resolver's (4003) are found too, but they
 * would not have shown every session, so that they do not make a "nothing".
 */
const sessionClasses = [4001]

/** Lines that no parser read have no columns, but their observables. */
function unread(...values: readonly string[]): Expression {
  return joined('and', [fieldIs('parser', ''), ...values.map((value) => fieldIs('observable', value))])
}

export function sessionsBetween(source: string, destination: string): Asked | NotAsked {
  const [a, b] = [plainForm(source), plainForm(destination)]
  if (a === null || b === null) return { notApplicable: `"${a === null ? source : destination}" is no address` }
  const oneWay = (from: string, to: string) => joined('and', [fieldIs('src', from), fieldIs('dst', to)])
  return {
    expression: joined('or', [oneWay(a, b), oneWay(b, a), unread(a, b)]),
    classes: sessionClasses,
    rows: sessionRows,
    findsUnread: true,
  }
}

export function sessionsOf(text: string): Asked | NotAsked {
  const address = plainForm(text)
  if (address === null) return { notApplicable: `"${text}" is no address` }
  return {
    expression: joined('or', [fieldIs('src', address), fieldIs('dst', address), unread(address)]),
    classes: sessionClasses,
    rows: sessionRows,
    findsUnread: true,
  }
}

export function loginsOf(account: string): Asked | NotAsked {
  const bare = bareAccount(account)
  if (bare === '') return { notApplicable: `"${account}" is no account` }
  return {
    expression: joined('and', [
      fieldIs('class', '3002', '3003'),
      joined('or', [fieldIs('user', bare), fieldIs('actor', bare)]),
    ]),
    classes: [3002],
    rows: [
      ['source', 'source'],
      ['account', "if(user_name = '', actor_user_name, user_name)"],
      ['host', "if(device_hostname = '', dst_endpoint_hostname, device_hostname)"],
      ['from', 'toString(src_endpoint_ip)'],
      ['status', 'status'],
      ['activity', 'activity_name'],
      ['product', 'product'],
    ],
    warnings: bare === account.toLowerCase() ? [] : [`Accounts named ${bare} of every domain and realm are counted.`],
  }
}

/** A host by its name, with and without its domain, or by its address. */
function isHost(
  fields: { readonly names: readonly string[]; readonly addresses: readonly string[] },
  text: string,
): Expression {
  const address = plainForm(text)
  if (address !== null)
    return joined(
      'or',
      fields.addresses.map((field) => fieldIs(field, address)),
    )
  const host = hostForm(text)
  const [label = host] = host.split('.')
  return joined(
    'or',
    fields.names.map((field) => ({
      ...{ kind: 'field', field, at: 0 },
      match: { kind: 'in', patterns: [exactly(host), label === host ? { pieces: [`${host}.`, ''] } : exactly(label)] },
    })),
  )
}

/** A host's name or address: an empty one would find the events that name none. */
function isName(host: string): boolean {
  return plainForm(host) !== null || /^[^\s.*]/.test(host)
}

export function processesOf(host: string): Asked | NotAsked {
  if (!isName(host)) return { notApplicable: `"${host}" is no host` }
  const ofHost = isHost({ names: ['host'], addresses: ['device.ip'] }, host)
  const expression = joined('and', [fieldIs('class', '1007'), ofHost])
  return {
    expression,
    classes: [1007],
    rows: [
      ['source', 'source'],
      ['host', 'device_hostname'],
      ['process', 'process_file_path'],
      ['command', 'substring(process_cmd_line, 1, 1000)'],
      ['parent', 'parent_process_file_path'],
      ['user', "if(actor_user_name = '', user_name, actor_user_name)"],
      ['activity', 'activity_name'],
    ],
    subject: { expression, says: `no process events of ${host}` },
  }
}

export function lookupsBy(host: string): Asked | NotAsked {
  if (!isName(host)) return { notApplicable: `"${host}" is no host` }
  const ofHost = isHost({ names: ['host', 'src_host'], addresses: ['src', 'device.ip'] }, host)
  const expression = joined('and', [fieldIs('class', '4003'), ofHost])
  return {
    expression,
    classes: [4003],
    rows: [
      ['source', 'source'],
      ['from', 'toString(src_endpoint_ip)'],
      ['name', 'query_hostname'],
      ['type', 'query_type'],
      ['answers', "arrayStringConcat(arraySlice(answers, 1, 4), ', ')"],
    ],
    // A resolver sees every address that asks it, but it knows few of them by name.
    ...(plainForm(host) === null
      ? { subject: { expression, says: `no DNS events that name ${host} (ask by its address)` } }
      : {}),
  }
}

export function lookupsOf(domain: string): Asked | NotAsked {
  const name = hostForm(domain)
  if (name === '' || /[\s*/]/.test(name)) return { notApplicable: `"${domain}" is no domain name` }
  return {
    expression: joined('or', [
      fieldIs('dns', name),
      { kind: 'field', field: 'dns', match: { kind: 'is', pattern: { pieces: ['', `.${name}`] } }, at: 0 },
      unread(name),
    ]),
    findsUnread: true,
    classes: [4003],
    rows: [
      ['source', 'source'],
      ['from', 'toString(src_endpoint_ip)'],
      ['host', "if(src_endpoint_hostname = '', device_hostname, src_endpoint_hostname)"],
      ['name', 'query_hostname'],
      ['type', 'query_type'],
      ['answers', "arrayStringConcat(arraySlice(answers, 1, 4), ', ')"],
    ],
  }
}

export function visitsOf(url: string): Asked | NotAsked {
  const rest = url.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')
  const host = hostForm(/^[^/?#:]*/.exec(rest)?.[0] ?? '')
  const path = rest.slice(/^[^/?#]*/.exec(rest)?.[0].length ?? 0)
  if (host === '' || /\s/.test(host)) return { notApplicable: `"${url}" is no URL and no host name` }
  const whole: readonly Expression[] =
    path === '' || path === '/'
      ? []
      : [
          {
            kind: 'field',
            field: 'url',
            match: { kind: 'is', pattern: { pieces: ['', rest.replaceAll('*', ''), ''] } },
            at: 0,
          },
        ]
  return {
    expression: joined('and', [fieldIs('class', '0', '4001', '4002', '6001'), fieldIs('observable', host), ...whole]),
    ...(whole.length === 0 ? { findsUnread: true } : {}),
    classes: [4002],
    rows: [
      ['source', 'source'],
      ['from', 'toString(src_endpoint_ip)'],
      ['user', "if(user_name = '', actor_user_name, user_name)"],
      ['url', 'substring(url, 1, 1000)'],
      ['method', 'http_method'],
      ['code', 'http_status'],
      ['action', 'action'],
    ],
    warnings: whole.length === 0 ? [] : ['Proxies that do not open TLS see the host only: ask by the host as well.'],
  }
}

export function sightingsOf(hash: string): Asked | NotAsked {
  const value = hashForm(hash)
  if (!/^[0-9a-f]{32,128}$/.test(value)) return { notApplicable: `"${hash}" is no hash` }
  return {
    expression: fieldIs('observable', value),
    findsUnread: true,
    classes: [1007, 1001, 1005],
    rows: [
      ['source', 'source'],
      ['host', 'device_hostname'],
      ['process', 'process_file_path'],
      ['file', 'file_path'],
      ['user', "if(user_name = '', actor_user_name, user_name)"],
      ['finding', 'finding_title'],
    ],
    days: 30,
  }
}

export function detectionsOf(value: string): Asked | NotAsked {
  if (value.trim() === '') return { notApplicable: 'nothing is named' }
  const address = plainForm(value)
  const known = address ?? hashForm(value)
  const hosts =
    address === null && /^[\w-]+(?:\.[\w-]+)*\.?$/.test(value)
      ? [isHost({ names: ['host'], addresses: [] }, value)]
      : []
  return {
    expression: joined('and', [
      fieldIs('class', '2004'),
      joined('or', [fieldIs('observable', ...new Set([known, address ?? (bareAccount(value) || known)])), ...hosts]),
    ]),
    classes: [2004],
    rows: [
      ['source', 'source'],
      ['product', 'product'],
      ['finding', 'finding_title'],
      ['severity', 'severity_id'],
      ['host', 'device_hostname'],
      ['from', 'toString(src_endpoint_ip)'],
      ['to', 'toString(dst_endpoint_ip)'],
      ['user', 'user_name'],
      ['action', 'action'],
    ],
  }
}
