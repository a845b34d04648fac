import { firstOf, text } from '../parse/sql-text.ts'
import type { RuleSource } from './rule.ts'

/**
 * Where a field of a rule is found in an event: first under the vendor's own name in `fields`, then under the names that other vendors
 * give to the same thing, then in the column of the thin schema that means it. One table; what it does not know is looked for under its
 * own name, and a dotted name also inside of nested JSON.
 */
export type FieldSql = {
  /** Its value as text; '' where the event does not have it. */
  readonly text: string
  /** Whether the event has it at all. */
  readonly there: string
  /** The value stands in the raw line letter by letter, but for the format's own escapes: the search for candidates may rely on it. */
  readonly verbatim: boolean
  /** The whole value is a column that is cheap to compare. */
  readonly cheap: boolean
}

type Place = {
  /** Other names of it in `fields`. */
  readonly keys?: readonly string[]
  /** SQL of the column that means it. */
  readonly column?: string
  /** The column is not what the line says, but made of it (a number, an address in its canonical form, a word of our own). */
  readonly made?: true
  /** The column alone is asked: it always has the value when the line has it. */
  readonly cheap?: true
}

/** Addresses are IPv6; those of IPv4 are shown as people write them. */
const address = (column: string): string =>
  `if(${column} = toIPv6('::'), '', replaceRegexpOne(toString(${column}), '^::ffff:([0-9.]+)$', '\\\\1'))`
const number = (column: string): string => `if(${column} = 0, '', toString(${column}))`
const hash = (name: string): string => `extract(fields['Hashes'], ${text(`(?i)(?:^|[,;])${name}=([0-9a-f]+)`)})`
const host = "if(dst_endpoint_hostname != '', dst_endpoint_hostname, domain(url))"

/** Names that mean the same in every source that has them. */
const everywhere: Readonly<Record<string, Place>> = {
  EventID: { column: 'event_code', keys: ['EventID', 'EventId', 'event_id'], cheap: true },
  EventId: { column: 'event_code', cheap: true },
  Channel: { column: 'log_name', cheap: true },
  EventLog: { column: 'log_name', cheap: true },
  Computer: { keys: ['ComputerName', 'Hostname', 'host.name'], column: 'device_hostname' },
  ComputerName: { keys: ['Computer', 'Hostname', 'host.name'], column: 'device_hostname' },
  Provider_Name: {
    keys: [
      ...['Event.System.Provider.#attributes.Name', 'winlog.provider_name', 'ProviderName', 'SourceName'],
      ...['Provider.#attributes.Name', 'Provider'],
    ],
  },
  Provider_Guid: { keys: ['ProviderGuid', 'Provider.#attributes.Guid', 'Event.System.Provider.#attributes.Guid'] },
  Execution_ProcessID: {
    keys: ['ExecutionProcessID', 'Execution.#attributes.ProcessID', 'ProcessID'],
    column: number('process_pid'),
    made: true,
  },
  Level: { keys: ['LevelValue', 'level'] },
  Message: { keys: ['message'], column: 'message' },
  imphash: { keys: ['Imphash', 'IMPHASH'], column: hash('IMPHASH') },
  Imphash: { keys: ['imphash', 'IMPHASH'], column: hash('IMPHASH') },
  md5: { keys: ['MD5'], column: hash('MD5') },
  sha1: { keys: ['SHA1'], column: hash('SHA1') },
  sha256: { keys: ['SHA256'], column: hash('SHA256') },
  src_ip: { keys: ['srcip', 'src', 'SourceIp', 'client_ip'], column: address('src_endpoint_ip'), made: true },
  dst_ip: { keys: ['dstip', 'dst', 'DestinationIp'], column: address('dst_endpoint_ip'), made: true },
  src_port: { keys: ['srcport', 'spt', 'SourcePort'], column: number('src_endpoint_port'), made: true },
  dst_port: { keys: ['dstport', 'dpt', 'DestinationPort'], column: number('dst_endpoint_port'), made: true },
  'source.ip': { column: address('src_endpoint_ip'), made: true },
  'destination.ip': { column: address('dst_endpoint_ip'), made: true },
  'source.port': { column: number('src_endpoint_port'), made: true },
  'destination.port': { column: number('dst_endpoint_port'), made: true },
  'source.bytes': { column: number('traffic_bytes_out'), made: true },
  'destination.bytes': { column: number('traffic_bytes_in'), made: true },
  'network.transport': { column: 'protocol_name', made: true },
  'dns.question.name': { column: 'query_hostname' },
  'dns.question.type': { column: 'query_type', made: true },
  'dns.answers.data': { column: `arrayStringConcat(answers, ' ')` },
  username: { keys: ['user', 'srcuser', 'UserName'], column: 'actor_user_name' },
}

const process: Readonly<Record<string, Place>> = {
  // What other vendors call these is in the columns, which each parser fills.
  Image: { column: 'process_file_path' },
  CommandLine: { column: 'process_cmd_line' },
  ParentImage: { column: 'parent_process_file_path' },
  ParentCommandLine: { column: 'parent_process_cmd_line' },
  ProcessId: { keys: ['NewProcessId'], column: number('process_pid'), made: true },
  User: { column: 'actor_user_name' },
  LogonId: { keys: ['SubjectLogonId'] },
  IntegrityLevel: { keys: ['MandatoryLabel'] },
}

const network: Readonly<Record<string, Place>> = {
  Image: { column: 'process_file_path' },
  DestinationIp: { column: address('dst_endpoint_ip'), made: true },
  DestinationPort: { column: number('dst_endpoint_port'), made: true },
  DestinationHostname: { column: 'dst_endpoint_hostname' },
  SourceIp: { column: address('src_endpoint_ip'), made: true },
  SourcePort: { column: number('src_endpoint_port'), made: true },
  SourceHostname: { column: 'src_endpoint_hostname' },
  Protocol: { column: 'protocol_name', made: true },
  User: { column: 'actor_user_name' },
}

const file: Readonly<Record<string, Place>> = {
  TargetFilename: { column: 'file_path' },
  Image: { column: 'process_file_path' },
  User: { column: 'actor_user_name' },
}

const dns: Readonly<Record<string, Place>> = {
  query: { keys: ['QueryName', 'qname', 'rrname'], column: 'query_hostname' },
  QueryName: { keys: ['query'], column: 'query_hostname' },
  record_type: { keys: ['qtype_name', 'qtype', 'rrtype', 'QueryType'], column: 'query_type', made: true },
  answer: { keys: ['answers', 'QueryResults'], column: `arrayStringConcat(answers, ' ')` },
  Image: { column: 'process_file_path' },
  parent_domain: { column: 'cutToFirstSignificantSubdomain(query_hostname)' },
}

/** W3C names of HTTP (taxonomy appendix 2.1.0, proxy and webserver) and the parts of the address that they mean. */
const http: Readonly<Record<string, Place>> = {
  'c-uri': { keys: ['uri', 'cs-uri', 'request'], column: 'url' },
  'cs-uri': { keys: ['uri', 'c-uri', 'request'], column: 'url' },
  'c-uri-stem': { keys: ['cs-uri-stem'], column: 'path(url)' },
  'cs-uri-stem': { keys: ['c-uri-stem'], column: 'path(url)' },
  // In SigmaHQ's rules for web servers it also names the whole of path and query.
  'cs-uri-query': {
    keys: ['c-uri-query'],
    column: "if(queryString(url) = '', url, concat(path(url), '?', queryString(url)))",
  },
  'c-uri-query': {
    keys: ['cs-uri-query'],
    column: "if(queryString(url) = '', url, concat(path(url), '?', queryString(url)))",
  },
  'c-uri-extension': { column: `extract(path(url), '\\\\.([A-Za-z0-9]+)$')` },
  'c-useragent': { keys: ['cs-user-agent', 'user_agent', 'useragent', 'http_user_agent'], column: 'user_agent' },
  'cs-user-agent': { keys: ['c-useragent', 'user_agent', 'useragent', 'http_user_agent'], column: 'user_agent' },
  'cs-method': { keys: ['method', 'http_method', 'verb'], column: 'http_method' },
  'cs-host': { keys: ['host', 'hostname', 'http_host'], column: host },
  'r-dns': { keys: ['cs-host'], column: host },
  'cs-referer': { keys: ['cs-referrer', 'referer', 'referrer', 'http_referer', 'http_refer'] },
  'cs-referrer': { keys: ['cs-referer', 'referer', 'referrer', 'http_referer', 'http_refer'] },
  'cs-cookie': { keys: ['cookie'] },
  'cs-username': { keys: ['user', 'remote_user'], column: 'actor_user_name' },
  'cs-bytes': { keys: ['bytes_in'], column: number('traffic_bytes_in'), made: true },
  'sc-bytes': { keys: ['bytes', 'bytes_out'], column: number('traffic_bytes_out'), made: true },
  'sc-status': { keys: ['status', 'status_code'], column: number('http_status'), made: true },
  'cs-version': { keys: ['http_version'] },
  'c-ip': { keys: ['remote_addr', 'client'], column: address('src_endpoint_ip'), made: true },
  's-ip': { column: address('dst_endpoint_ip'), made: true },
  's-port': { column: number('dst_endpoint_port'), made: true },
  's-computername': { column: 'device_hostname' },
}

const antivirus: Readonly<Record<string, Place>> = {
  Signature: { keys: ['Threat Name', 'ThreatName', 'threat', 'virus', 'malware'], column: 'finding_title' },
  Filename: { keys: ['Path', 'FileName', 'filename', 'filepath'], column: 'file_path' },
  Action: { keys: ['Action Name', 'action'], column: 'action', made: true },
}

const registry: Readonly<Record<string, Place>> = {
  TargetObject: { keys: ['ObjectName', 'RegistryKey'] },
  Details: { keys: ['NewValue', 'RegistryValueData'] },
  Image: { column: 'process_file_path' },
}

const byCategory: Readonly<Record<string, Readonly<Record<string, Place>>>> = {
  process_creation: process,
  network_connection: network,
  file_event: file,
  file_change: file,
  file_rename: file,
  file_delete: file,
  file_access: file,
  dns_query: dns,
  dns,
  network: { ...network, ...dns },
  firewall: network,
  proxy: http,
  webserver: http,
  antivirus,
  registry_event: registry,
  registry_add: registry,
  registry_set: registry,
  registry_delete: registry,
}

const byService: Readonly<Record<string, Readonly<Record<string, Place>>>> = {
  dns,
  apache: http,
  nginx: http,
  http,
  okta: {
    eventtype: { keys: ['eventType'] },
    displaymessage: { keys: ['displayMessage'] },
    'actor.alternateid': { keys: ['actor.alternateId'] },
  },
  cloudtrail: { src_ip: { keys: ['sourceIPAddress'], column: address('src_endpoint_ip'), made: true } },
  signinlogs: { src_ip: { keys: ['ipAddress', 'IPAddress'], column: address('src_endpoint_ip'), made: true } },
}

/** Fields that hold the time of the event under some name of their own. */
export const timeFields: ReadonlySet<string> = new Set(
  ['time', '_time', 'timestamp', '@timestamp', 'UtcTime', 'TimeCreated', 'EventTime', 'date'].map((name) =>
    name.toLowerCase(),
  ),
)

/** The deepest nesting that a dotted name is followed into. */
const depthMax = 6

/** Where a rule of this source finds this field. */
export function fieldSql(name: string, source: RuleSource): FieldSql {
  const place =
    byCategory[source.category?.toLowerCase() ?? '']?.[name] ??
    byService[source.service?.toLowerCase() ?? '']?.[name] ??
    everywhere[name]
  if (place?.cheap === true && place.column !== undefined)
    return { text: place.column, there: `${place.column} != ''`, verbatim: false, cheap: true }
  const keys = [...new Set([name, ...(place?.keys ?? [])])]
  const values = [...keys.flatMap(valuesOf), ...(place?.column === undefined ? [] : [place.column])]
  const there = [
    ...keys.map((key) => `mapContains(fields, ${text(key)})`),
    ...keys.flatMap((key) =>
      valuesOf(key)
        .slice(1)
        .map((value) => `${value} != ''`),
    ),
    ...(place?.column === undefined ? [] : [`${place.column} != ''`]),
  ]
  return {
    text: firstOf(values),
    there: there.length === 1 ? (there[0] ?? '0') : `(${there.join(' OR ')})`,
    verbatim: place?.made !== true,
    cheap: false,
  }
}

/** A field by its name; a dotted one also in the JSON text of the field that begins it, wherever the name is cut. */
function valuesOf(key: string): readonly string[] {
  const steps = key.split('.')
  const values = [`fields[${text(key)}]`]
  if (steps.length > depthMax) return values
  for (let cut = steps.length - 1; cut > 0; cut -= 1) {
    const outer = steps.slice(0, cut).join('.')
    const inner = steps.slice(cut).map(text).join(', ')
    values.push(`JSONExtract(fields[${text(outer)}], ${inner}, 'String')`)
  }
  return values
}
