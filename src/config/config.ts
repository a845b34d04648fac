import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { Trouble, wordsOf } from '../kit/errors.ts'

const port = z.coerce.number().int().min(0).max(65535)

/** An IMAP mailbox that is read for provider mail. */
export const ImapDoor = z.object({
  id: z.string().regex(/^[a-z0-9-]+$/),
  host: z.string(),
  port: port.default(993),
  tls: z.enum(['implicit', 'starttls', 'none']).default('implicit'),
  /** PEM file of a certificate authority, where the server's certificate is not publicly signed. */
  caFile: z.string().optional(),
  user: z.string(),
  passwordFile: z.string().optional(),
  password: z.string().optional(),
  mailbox: z.string().default('INBOX'),
})
export type ImapDoor = z.infer<typeof ImapDoor>

/** The mail server our mail goes out through. */
export const MailOut = z.object({
  host: z.string(),
  port: port.default(587),
  tls: z.enum(['implicit', 'starttls', 'none']).default('starttls'),
  caFile: z.string().optional(),
  user: z.string().optional(),
  passwordFile: z.string().optional(),
  password: z.string().optional(),
  /** Our own address: "Security desk <desk@example.org>". */
  from: z.string(),
  /** Copy of everything that leaves, into our own mailbox; settles what is unconfirmed. */
  copyTo: z.string().optional(),
  dkim: z.object({ domain: z.string(), selector: z.string(), keyFile: z.string() }).optional(),
})
export type MailOut = z.infer<typeof MailOut>

/** The authority that stamps the ledger. */
const Timestamps = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  /** Its certificate, or those that vouch for it (PEM): whoever else answers is refused. */
  caFile: z.string(),
  everyHours: z.number().min(1).max(168).default(24),
  /** Addresses of this network that it may have; public ones need not be named. */
  allowAddresses: z.array(z.string()).max(20).default([]),
})
export type Timestamps = z.infer<typeof Timestamps>

/** Syslog: which ports, and whose lines belong to which source. Shut until a port is named. */
export const SyslogDoor = z.object({
  host: z.string().default('127.0.0.1'),
  udp: port.optional(),
  tcp: port.optional(),
  tls: z
    .object({
      port,
      certFile: z.string(),
      keyFile: z.string(),
      /** Certificates of senders must be signed by one of these. */
      clientCaFile: z.string().optional(),
    })
    .optional(),
  /** First range that holds the sender's address names the source. */
  sources: z.array(z.object({ from: z.array(z.string()).min(1), source: z.string() })).default([]),
  /** Source of senders that no range names; left out: their lines are refused and counted. */
  otherwise: z.string().optional(),
})
export type SyslogDoor = z.infer<typeof SyslogDoor>

/** The log lake. */
export const LakeConfig = z.object({
  syslog: SyslogDoor.optional(),
  /** Files and folders that are read as they grow. */
  files: z.array(z.object({ path: z.string(), source: z.string() })).default([]),
  /** Log parsers of your own (YAML): files or folders. */
  parsers: z.array(z.string()).default([]),
  /** Sigma rules of your own: files or folders. */
  detections: z.array(z.string()).default([]),
  /** Values of Sigma's placeholders (`expand`), by name: `Servers: ['srv-*']`. A rule whose placeholders have none is not run, and says so. */
  placeholders: z.record(z.string(), z.array(z.string()).max(5_000)).default({}),
  detectEveryMinutes: z.number().min(1).max(1440).default(5),
  /** What the engine's process may use; a query that wants more is stopped. */
  memoryMaxMiB: z.number().min(256).default(1024),
  /** Disk that stays free for the rest of the machine: below it lines are refused, not lost. */
  freeDiskMinMiB: z.number().min(16).default(1024),
  /** Lines that wait on disk while the engine is behind or away; past it senders hear that the lake is full. One source may fill half of it, which is one segment at least. */
  spoolMaxMiB: z.number().min(256).default(4096),
})
export type LakeConfig = z.infer<typeof LakeConfig>

/** Where a secret stands: a file beside counterfoil.yaml, or an environment variable. */
const SecretPlace = z.union([
  z.strictObject({ file: z.string() }),
  z.strictObject({ env: z.string().regex(/^COUNTERFOIL_SECRET_[A-Z0-9_]+$/, 'name it COUNTERFOIL_SECRET_...') }),
])
export type SecretPlace = z.infer<typeof SecretPlace>

/** A connector of a kind (docs/connectors): its settings are checked by the kind. */
export const Source = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/),
  kind: z.string(),
  title: z.string().min(1).max(200).optional(),
  settings: z.record(z.string(), z.unknown()).default({}),
  secrets: z.record(z.string(), SecretPlace).default({}),
})
export type Source = z.infer<typeof Source>

/** Threat intelligence that is fetched. */
const IntelligenceFeed = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,58}$/),
  kind: z.enum(['taxii', 'misp', 'misp-feed', 'list']),
  title: z.string().max(200).optional(),
  /** TAXII: the API root; MISP: the server; a MISP feed: the folder of its manifest.json; a list: the list. */
  url: z.url({ protocol: /^https?$/ }),
  /** Says that http:// is meant: what is fetched, and the secret, can be read and changed on the way. */
  plainHttp: z.boolean().default(false),
  /** Id of a collection of TAXII; left out: all that we may read. */
  collection: z.string().max(200).optional(),
  column: z.string().max(200).optional(),
  auth: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('none') }),
      z.strictObject({ kind: z.literal('bearer'), secret: SecretPlace }),
      z.strictObject({ kind: z.literal('basic'), user: z.string().max(200), secret: SecretPlace }),
      z.strictObject({
        kind: z.literal('header'),
        name: z
          .string()
          .regex(/^[A-Za-z][A-Za-z0-9-]{0,60}$/)
          .default('Authorization'),
        secret: SecretPlace,
      }),
    ])
    .default({ kind: 'none' }),
  /** For what has no marking of its own. */
  tlp: z.enum(['CLEAR', 'GREEN', 'AMBER', 'AMBER+STRICT', 'RED']).optional(),
  everyMinutes: z.number().min(5).max(10_080).default(60),
  /** Internal addresses and ranges it may be fetched from; public ones need no entry. */
  allowAddresses: z.array(z.string().max(64)).max(50).default([]),
  caFile: z.string().optional(),
})
export const IntelligenceConfig = z.strictObject({
  feeds: z
    .array(IntelligenceFeed)
    .max(200)
    .default([])
    .refine((feeds) => new Set(feeds.map(({ id }) => id)).size === feeds.length, 'two feeds have the same id')
    .refine(
      (feeds) => feeds.every(({ url, plainHttp }) => plainHttp || url.startsWith('https://')),
      'a feed over http:// needs plainHttp: true',
    ),
  /** New indicators are looked for in what the log lake keeps. */
  huntEveryMinutes: z.number().min(5).max(10_080).default(60),
})
export type IntelligenceConfig = z.infer<typeof IntelligenceConfig>

/** Sign-in by an identity provider (OpenID Connect). */
const SsoConfig = z
  .strictObject({
    issuer: z.url({ protocol: /^https?$/ }),
    clientId: z.string().min(1).max(500),
    secret: SecretPlace,
    /** On the button: "Sign in with ..." */
    title: z.string().min(1).max(60).default('single sign-on'),
    scope: z.string().max(500).default('openid email profile'),
    algorithm: z.enum(['RS256', 'PS256', 'ES256', 'EdDSA']).default('RS256'),
    /** Who gets an account by signing in: whoever was invited by an administrator, or whoever is in a group with a role. */
    users: z.enum(['invited', 'just-in-time']).default('invited'),
    groupsClaim: z.string().min(1).max(200).default('groups'),
    /** The first group that somebody is in says what they are. */
    roles: z
      .array(
        z.strictObject({
          group: z.string().min(1).max(500),
          role: z.string().max(40),
          providerId: z.string().max(64).optional(),
        }),
      )
      .max(100)
      .default([]),
    /** Says that http:// is meant; for tests on one machine. */
    plainHttp: z.boolean().default(false),
  })
  .refine(
    ({ issuer, plainHttp }) => plainHttp || issuer.startsWith('https://'),
    'an issuer over http:// needs plainHttp: true',
  )
  .refine(
    ({ roles }) => roles.every(({ role, providerId }) => (role === 'provider-analyst') === (providerId !== undefined)),
    'providerId goes with the role provider-analyst, and only with it',
  )
export type SsoConfig = z.infer<typeof SsoConfig>

/** `counterfoil.yaml` in the data folder. Everything has a default but the doors: they are shut until configured. */
export const Config = z.object({
  http: z
    .object({
      host: z.string().default('127.0.0.1'),
      port: port.default(8844),
      /** What people type: scheme, name, port. Passkeys are bound to its host name for ever. */
      publicUrl: z.url().optional(),
      /** Address ranges of proxies whose X-Forwarded-For we believe. */
      trustedProxies: z.array(z.string()).default([]),
    })
    .prefault({}),
  smtp: z
    .object({
      host: z.string().default('127.0.0.1'),
      port: port.default(2525),
      /** Recipients we take mail for; everything else is refused. */
      recipients: z.array(z.string()).min(1),
      tls: z.object({ certFile: z.string(), keyFile: z.string() }).optional(),
      /** Refuse mail that is not sent over TLS. */
      requireTls: z.boolean().default(false),
    })
    .optional(),
  imap: z.array(ImapDoor).default([]),
  folders: z.array(z.object({ path: z.string(), providerId: z.string().nullable().default(null) })).default([]),
  mailOut: MailOut.optional(),
  /** Our own mail domains. */
  ownDomains: z.array(z.string()).default([]),
  /** A time-stamping authority (RFC 3161) that says when the ledger was as it is; off until it is set (docs/ledger.md). */
  timestamps: Timestamps.optional(),
  sso: SsoConfig.optional(),
  /** Roles of the playbooks' `notify` and the mail addresses behind them. */
  people: z.record(z.string(), z.array(z.string())).default({}),
  /** Any REST source described in YAML: files or folders of them, or `use:` one of the catalogue (its own reader checks the rest). */
  connectors: z.array(z.union([z.string(), z.looseObject({ use: z.string() })])).default([]),
  /** Connectors of a kind: a directory, a database, a command... docs/connectors.md. */
  sources: z.array(Source).max(200).default([]),
  /** DNS servers for SPF, DKIM and DMARC; the system's own when empty. */
  dnsServers: z.array(z.string()).default([]),
  /** Ask DNS for the names of our own addresses. */
  reverseDns: z.boolean().default(true),
  /** Folders or files of playbooks of your own, besides those that come along. */
  playbooks: z.array(z.string()).default([]),
  lake: LakeConfig.prefault({}),
  intelligence: IntelligenceConfig.prefault({}),
  replyHoldSeconds: z.number().min(0).max(3600).default(30),
  businessHours: z
    .object({
      timeZone: z.string().default('Europe/Berlin'),
      from: z.string().default('08:00'),
      to: z.string().default('18:00'),
    })
    .prefault({}),
})
export type Config = z.infer<typeof Config>

export type Settings = {
  readonly dataFolder: string
  readonly databaseUrl: string | null
  /** A ClickHouse cluster for the logs; null: an engine of our own in the data folder. */
  readonly clickhouseUrl: string | null
  readonly config: Config
  readonly logLevel: string
  /** Where the key that seals secrets comes from. */
  readonly sealKey: SealKeyPlace
}

/** In the order of the environment variables that name them; `folder`: seal.key in the data folder. */
export type SealKeyPlace =
  | { readonly kind: 'given'; readonly text: string }
  | { readonly kind: 'file'; readonly file: string }
  /** A program that prints the key: the hook for a key management service. Its arguments are given one by one, no shell reads them. */
  | { readonly kind: 'command'; readonly argv: readonly [string, ...string[]] }
  | { readonly kind: 'folder' }

const Argv = z.tuple([z.string().min(1)], z.string())

function sealKeyPlace(env: NodeJS.ProcessEnv): SealKeyPlace {
  const text = env['COUNTERFOIL_SEAL_KEY']
  if (text !== undefined && text !== '') return { kind: 'given', text }
  const file = env['COUNTERFOIL_SEAL_KEY_FILE']
  if (file !== undefined && file !== '') return { kind: 'file', file }
  const command = env['COUNTERFOIL_SEAL_KEY_COMMAND']
  if (command === undefined || command === '') return { kind: 'folder' }
  try {
    return { kind: 'command', argv: Argv.parse(JSON.parse(command)) }
  } catch (error) {
    const problem = 'it is a JSON list: ["/usr/local/bin/unwrap-key", "--name", "counterfoil"]'
    throw new Trouble('input.invalid', { setting: 'COUNTERFOIL_SEAL_KEY_COMMAND', problem }, error)
  }
}

/** Where things are, by the environment alone: known also when the settings themselves cannot be read. */
export function placesOf(env: NodeJS.ProcessEnv = process.env): {
  readonly dataFolder: string
  readonly configFile: string
  readonly databaseUrl: string | null
  readonly clickhouseUrl: string | null
} {
  const dataFolder = path.resolve(env['COUNTERFOIL_DATA'] ?? '.counterfoil')
  const configFile = env['COUNTERFOIL_CONFIG'] ?? path.join(dataFolder, 'counterfoil.yaml')
  return {
    dataFolder,
    configFile,
    databaseUrl: env['DATABASE_URL'] ?? null,
    clickhouseUrl: env['CLICKHOUSE_URL'] ?? null,
  }
}

/** Reads the environment and `counterfoil.yaml`. The only place that reads `process.env`. Throws Trouble('input.invalid') that names the setting. */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  const { dataFolder, configFile: file, databaseUrl, clickhouseUrl } = placesOf(env)
  let raw: unknown = {}
  if (existsSync(file)) {
    try {
      raw = parseYaml(readFileSync(file, 'utf8')) ?? {}
    } catch (error) {
      throw new Trouble('input.invalid', { file, problem: wordsOf(error) }, error)
    }
  }
  const parsed = Config.safeParse(raw)
  if (!parsed.success) throw new Trouble('input.invalid', { file, problem: z.prettifyError(parsed.error) })
  const config = { ...parsed.data, http: { ...parsed.data.http } }
  if (env['COUNTERFOIL_PORT'] !== undefined) {
    const given = port.safeParse(env['COUNTERFOIL_PORT'])
    if (!given.success)
      throw new Trouble('input.invalid', { setting: 'COUNTERFOIL_PORT', problem: 'it is no port (0 to 65535)' })
    config.http.port = given.data
  }
  return {
    dataFolder,
    databaseUrl,
    clickhouseUrl,
    config,
    logLevel: env['COUNTERFOIL_LOG'] ?? 'info',
    sealKey: sealKeyPlace(env),
  }
}

export type McpSettings = { readonly url: string; readonly key: string }

/** Where `counterfoil mcp` finds the desk, and the key it asks with. Throws Trouble('input.invalid'). */
export function mcpSettings(env: NodeJS.ProcessEnv = process.env): McpSettings {
  const url = z.url({ protocol: /^https?$/ }).safeParse(env['COUNTERFOIL_URL'] ?? 'http://localhost:8844')
  if (!url.success)
    throw new Trouble('input.invalid', { setting: 'COUNTERFOIL_URL', problem: 'it is no http(s) address' })
  const file = env['COUNTERFOIL_KEY_FILE']
  const key = (file === undefined ? env['COUNTERFOIL_KEY'] : keyIn(file))?.trim() ?? ''
  if (key === '')
    throw new Trouble('input.invalid', { setting: 'COUNTERFOIL_KEY_FILE', problem: 'name a file with an API key' })
  return { url: url.data, key }
}

function keyIn(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Trouble('file.unreadable', { file }, error)
  }
}

/** A connector's secret from the environment. Only names that are meant for it: a description must not read what else is there. */
export function environmentSecret(name: string, env: NodeJS.ProcessEnv = process.env): string | null {
  return name.startsWith('COUNTERFOIL_SECRET_') ? (env[name] ?? null) : null
}
