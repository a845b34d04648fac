import { z } from 'zod'

/** What a column of the lake holds, which says how it is searched, shown and normalised. */
export type ColumnKind =
  | 'ip'
  | 'port'
  | 'host'
  | 'account'
  | 'path'
  | 'hash'
  | 'url'
  | 'word'
  | 'text'
  | 'number'
  | 'time'

export type LakeColumn = {
  /** Path of the attribute in OCSF 1.8; where OCSF has none, the name is ours and `ours` is set. */
  readonly ocsf: string
  /** The column of table `events`. */
  readonly column: string
  readonly kind: ColumnKind
  /** Shorter names that people type in a search. */
  readonly aliases: readonly string[]
  /** Its values are observables: they go into `observables` and the rollup that hunts read. */
  readonly observable?: true
  /** Several values in one event: an Array(String). */
  readonly many?: true
  readonly ours?: true
}

/**
 * The thin common schema: what questions, searches and hunts need of every source. All else of an event stays in `fields` under the
 * vendor's own names, and the line itself in `raw`. A column that is empty ('' or 0 or ::) was not said by the line.
 * Registry of truth for the parsers' `map`, the search syntax, Sigma's field mapping and the facets; schema/*.sql holds the types.
 */
export const lakeColumns = [
  { ocsf: 'time', column: 'time', kind: 'time', aliases: [] },
  { ocsf: 'metadata.logged_time', column: 'received', kind: 'time', aliases: ['received'] },
  { ocsf: 'metadata.log_provider', column: 'source', kind: 'word', aliases: ['source'] },
  { ocsf: 'metadata.log_format', column: 'parser', kind: 'word', aliases: ['parser'] },
  { ocsf: 'metadata.product.name', column: 'product', kind: 'word', aliases: ['product'] },
  { ocsf: 'metadata.event_code', column: 'event_code', kind: 'word', aliases: ['event_code', 'code'] },
  // The channel of a Windows event, the program of a syslog line: what Sigma calls a service.
  { ocsf: 'metadata.log_name', column: 'log_name', kind: 'word', aliases: ['log', 'channel'] },
  { ocsf: 'class_uid', column: 'class_uid', kind: 'number', aliases: ['class'] },
  { ocsf: 'activity_name', column: 'activity_name', kind: 'word', aliases: ['activity'] },
  { ocsf: 'severity_id', column: 'severity_id', kind: 'number', aliases: ['severity'] },
  { ocsf: 'status', column: 'status', kind: 'word', aliases: [] },
  { ocsf: 'action', column: 'action', kind: 'word', aliases: [] },
  { ocsf: 'message', column: 'message', kind: 'text', aliases: [] },
  { ocsf: 'device.hostname', column: 'device_hostname', kind: 'host', aliases: ['host', 'device'], observable: true },
  { ocsf: 'device.ip', column: 'device_ip', kind: 'ip', aliases: [], observable: true },
  { ocsf: 'src_endpoint.ip', column: 'src_endpoint_ip', kind: 'ip', aliases: ['src', 'src_ip'], observable: true },
  { ocsf: 'src_endpoint.port', column: 'src_endpoint_port', kind: 'port', aliases: ['src_port'] },
  {
    ocsf: 'src_endpoint.hostname',
    column: 'src_endpoint_hostname',
    kind: 'host',
    aliases: ['src_host'],
    observable: true,
  },
  { ocsf: 'dst_endpoint.ip', column: 'dst_endpoint_ip', kind: 'ip', aliases: ['dst', 'dst_ip'], observable: true },
  { ocsf: 'dst_endpoint.port', column: 'dst_endpoint_port', kind: 'port', aliases: ['dst_port', 'port'] },
  {
    ocsf: 'dst_endpoint.hostname',
    column: 'dst_endpoint_hostname',
    kind: 'host',
    aliases: ['dst_host'],
    observable: true,
  },
  { ocsf: 'connection_info.protocol_name', column: 'protocol_name', kind: 'word', aliases: ['protocol', 'proto'] },
  { ocsf: 'traffic.bytes_in', column: 'traffic_bytes_in', kind: 'number', aliases: ['bytes_in'] },
  { ocsf: 'traffic.bytes_out', column: 'traffic_bytes_out', kind: 'number', aliases: ['bytes_out'] },
  { ocsf: 'duration', column: 'duration_ms', kind: 'number', aliases: ['duration_ms'] },
  { ocsf: 'actor.user.name', column: 'actor_user_name', kind: 'account', aliases: ['actor'], observable: true },
  { ocsf: 'user.name', column: 'user_name', kind: 'account', aliases: ['user'], observable: true },
  { ocsf: 'process.file.path', column: 'process_file_path', kind: 'path', aliases: ['process', 'image'] },
  { ocsf: 'process.cmd_line', column: 'process_cmd_line', kind: 'text', aliases: ['cmd', 'cmd_line'] },
  { ocsf: 'process.pid', column: 'process_pid', kind: 'number', aliases: ['pid'] },
  { ocsf: 'process.parent_process.file.path', column: 'parent_process_file_path', kind: 'path', aliases: ['parent'] },
  { ocsf: 'process.parent_process.cmd_line', column: 'parent_process_cmd_line', kind: 'text', aliases: ['parent_cmd'] },
  { ocsf: 'file.path', column: 'file_path', kind: 'path', aliases: ['file'] },
  { ocsf: 'file.hashes', column: 'file_hashes', kind: 'hash', aliases: ['hash'], observable: true, many: true },
  { ocsf: 'query.hostname', column: 'query_hostname', kind: 'host', aliases: ['dns', 'query'], observable: true },
  { ocsf: 'query.type', column: 'query_type', kind: 'word', aliases: [] },
  { ocsf: 'answers', column: 'answers', kind: 'text', aliases: ['answer'], observable: true, many: true },
  { ocsf: 'http_request.url.url_string', column: 'url', kind: 'url', aliases: ['url'], observable: true },
  { ocsf: 'http_request.http_method', column: 'http_method', kind: 'word', aliases: ['method'] },
  { ocsf: 'http_request.user_agent', column: 'user_agent', kind: 'text', aliases: ['agent'] },
  { ocsf: 'http_response.code', column: 'http_status', kind: 'number', aliases: ['http_status'] },
  { ocsf: 'finding_info.title', column: 'finding_title', kind: 'text', aliases: ['finding', 'rule'] },
  { ocsf: 'finding_info.uid', column: 'finding_uid', kind: 'word', aliases: ['rule_id'] },
] as const satisfies readonly LakeColumn[]
export type LakeColumnName = (typeof lakeColumns)[number]['column']
export type OcsfPath = (typeof lakeColumns)[number]['ocsf']

/** Classes of OCSF 1.8 that our parsers give. 0 is the base event: a line that no parser read, or one that fits no class. */
export const ocsfClasses = {
  0: 'Base Event',
  1001: 'File System Activity',
  1005: 'Module Activity',
  1006: 'Scheduled Job Activity',
  1007: 'Process Activity',
  1008: 'Event Log Activity',
  1009: 'Script Activity',
  2004: 'Detection Finding',
  3001: 'Account Change',
  3002: 'Authentication',
  3003: 'Authorize Session',
  3004: 'Entity Management',
  3005: 'User Access Management',
  3006: 'Group Management',
  4001: 'Network Activity',
  4002: 'HTTP Activity',
  4003: 'DNS Activity',
  4004: 'DHCP Activity',
  4006: 'SMB Activity',
  4009: 'Email Activity',
  4014: 'Tunnel Activity',
  5019: 'Device Config State Change',
  6001: 'Web Resources Activity',
  6002: 'Application Lifecycle',
  6003: 'API Activity',
  201001: 'Registry Key Activity',
  201002: 'Registry Value Activity',
  201004: 'Windows Service Activity',
} as const

export const sourceIdPattern = /^[a-z0-9][a-z0-9._-]{0,62}$/
export const SourceId = z
  .string()
  .regex(sourceIdPattern, 'A source is named by lower-case letters, digits, ".", "_" and "-", at most 63 of them.')

/** One place that logs come from, as the house keeps it: what reads it, and how long it stays. */
export const LogSource = z.object({
  id: SourceId,
  title: z.string().max(200).default(''),
  /** The parser that reads every line of it; null: each line is recognised by itself. */
  parser: z.string().nullable().default(null),
  /** Zone of times that name none (IANA name). */
  timeZone: z.string().default('UTC'),
  /** Days after which lines go; null: only the bytes decide. */
  keepDays: z.int().min(1).max(3_660).nullable().default(90),
  /** Bytes on disk after which the oldest go; null: only the days decide. */
  keepBytes: z.int().min(1).nullable().default(null),
  /** Silent for longer than this many minutes is worth an alarm; null: silence is normal here. */
  silentAfterMinutes: z.int().min(1).nullable().default(null),
  /** Keys that may send lines of this source over HTTP: SHA-256 (hex) of the key; the key itself is shown once and never kept. */
  keys: z.array(z.object({ name: z.string().max(100), digest: z.string(), made: z.iso.datetime() })).default([]),
})
export type LogSource = z.infer<typeof LogSource>

/** Lines as they came through a door, of one source. */
export type LogBatch = {
  readonly source: string
  /** Who sent them (address), the host of lines that name none; "" when unknown. */
  readonly peer: string
  /** The bytes of each line, without the line end. Never changed. */
  readonly lines: readonly Uint8Array[]
  /**
   * Says which piece of the stream this is, where the sender can send it again ("file:<identity>:<from>-<to>", the key of a HTTP
   * request): the same source and position are stored once. null: each batch is a new one.
   */
  readonly position: string | null
  /** The lines at the head of their file that name its columns (CSV, Zeek, W3C), for a piece of a file. */
  readonly header?: string
}

/** Takes lines in. Resolves when they would survive `kill -9`; throws Trouble('lake.full') when there is no room at the moment. */
export type TakeLogs = (batch: LogBatch) => Promise<void>

/**
 * A stretch of a file as its bytes are: whole lines with their ends (LF or CRLF); what follows the last one is a line as well. For doors
 * that have much of one source at once: nobody but the engine looks into it.
 */
export type LogChunk = Omit<LogBatch, 'lines' | 'position'> & {
  readonly bytes: Uint8Array
  readonly position: string
}

/** As TakeLogs; the bytes may be used for something else once it has resolved. */
export type TakeChunk = (chunk: LogChunk) => Promise<void>

/**
 * Longer observables (URLs with data in them) are cut, where they are made and where they are asked for; so is each of several values (TXT
 * records), which stands whole in its line.
 */
export const observableCharsMax = 1_024

/** Lines that the engine is given at once, about: each takes some 700 bytes of its memory besides its own. */
export const loadLinesMax = 300_000

/** The longest line that is kept whole; a longer one is cut into pieces of this size, each kept. */
export const lineBytesMax = 1024 * 1024

/** One event as a search shows it. */
export const LogEvent = z.object({
  /** "<load>-<line>": stays the same for as long as the line is kept. */
  id: z.string(),
  time: z.iso.datetime(),
  received: z.iso.datetime(),
  source: z.string(),
  /** "" for a line that no parser read. */
  parser: z.string(),
  class_uid: z.int(),
  raw: z.string(),
  message: z.string(),
  /** The columns that this event has, by their OCSF path. */
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())])),
  /** All fields under the vendor's names. */
  fields: z.record(z.string(), z.string()),
  observables: z.array(z.string()),
})
export type LogEvent = z.infer<typeof LogEvent>

/** From (inclusive) to (exclusive), ISO 8601. */
export const LogWindow = z.object({ from: z.iso.datetime(), to: z.iso.datetime() })
export type LogWindow = z.infer<typeof LogWindow>

export const SourceStatus = z.object({
  source: LogSource,
  events: z.int(),
  /** Lines that no parser read. */
  unread: z.int(),
  rawBytes: z.int(),
  diskBytes: z.int(),
  first: z.iso.datetime().nullable(),
  last: z.iso.datetime().nullable(),
  lastReceived: z.iso.datetime().nullable(),
  /** Silent for longer than it may be. */
  silent: z.boolean(),
  /** Stretches without any line within the last seven days, longest first. */
  gaps: z.array(LogWindow),
  /** Events of each hour of the last 48, oldest first. */
  hours: z.array(z.int()),
  /** Events a day of the last seven days, and the disk they cost a day: what retention costs. */
  eventsPerDay: z.number(),
  diskBytesPerDay: z.number(),
})
export type SourceStatus = z.infer<typeof SourceStatus>
