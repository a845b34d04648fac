import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pino from 'pino'
import { Config, type Settings } from '../src/config/config.ts'
import { renewIntakeKey, saveProvider } from '../src/db/providers.ts'
import { openSession } from '../src/db/sessions.ts'
import { addUser } from '../src/db/users.ts'
import type { Clock } from '../src/kit/clock.ts'
import { type Running, startHouse } from '../src/main.ts'
import type { Provider } from '../src/model/provider.ts'
import type { Role, User } from '../src/model/user.ts'
import { freePort } from './browser.ts'
import { type FaultyMailServer, startFaultyMailServer } from './faulty-mail-server.ts'
import { ensureWebApp } from './web-build.ts'

/** A whole house, as main.ts starts it, on a port of its own; only DNS (no name exists) and the mail server are played, at the wire. */
export type Desk = {
  readonly running: Running
  readonly origin: string
  readonly mailServer: FaultyMailServer
  readonly settings: Settings
  readonly stop: () => Promise<void>
}

export const deskProvider: Provider = {
  id: 'northwatch',
  name: 'Northwatch MDR',
  format: 'generic',
  addresses: ['soc@northwatch.example'],
  domains: ['northwatch.example'],
  sourceRanges: [],
  trustedSealers: [],
  replyAddress: 'soc@northwatch.example',
  dryRun: false,
  mayShare: [],
}

export type DeskOptions = {
  readonly databaseUrl: string | null
  /** A ClickHouse cluster; left out: the engine of our own. */
  readonly clickhouseUrl?: string
  readonly clock?: Clock
  readonly dataFolder?: string
  readonly config?: Record<string, unknown>
  readonly sample?: boolean
}

export async function startDesk(options: DeskOptions): Promise<Desk> {
  const dataFolder = options.dataFolder ?? (await mkdtemp(path.join(tmpdir(), 'counterfoil-desk-')))
  await ensureWebApp()
  const mailServer = await startFaultyMailServer()
  const port = await freePort()
  const config = Config.parse({
    mailOut: { host: '127.0.0.1', port: mailServer.port, tls: 'none', from: 'Security desk <desk@halden.example>' },
    ownDomains: ['halden.example'],
    people: { analyst: ['desk@halden.example'], lead: ['lead@halden.example'] },
    replyHoldSeconds: 3,
    ...options.config,
    http: { port, ...(options.config?.['http'] as object | undefined) },
  })
  const settings: Settings = {
    dataFolder,
    databaseUrl: options.databaseUrl,
    clickhouseUrl: options.clickhouseUrl ?? null,
    config,
    logLevel: 'error',
    sealKey: { kind: 'folder' as const },
  }
  const noName = async (): Promise<never> => {
    throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
  }
  const running = await startHouse(settings, {
    resolver: noName,
    log: pino({ level: 'error' }, pino.destination(2)),
    sample: options.sample ?? false,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  })
  const stop = async (): Promise<void> => {
    await running.stop()
    await mailServer.stop()
    if (options.dataFolder === undefined) await rm(dataFolder, { recursive: true, force: true })
  }
  return { running, origin: `http://localhost:${port}`, mailServer, settings, stop }
}

/** Puts a user into the record and signs them in; the cookie as the browser would send it. */
export async function signedIn(
  desk: Desk,
  role: Role,
  name = `The ${role}`,
  providerId: string | null = null,
): Promise<{ readonly user: User; readonly cookie: string; readonly token: string }> {
  const { db } = desk.running.database
  const user: User = {
    id: crypto.randomUUID(),
    email: `${role}.${crypto.randomUUID().slice(0, 8)}@halden.example`,
    name,
    role,
    createdAt: new Date().toISOString(),
    disabled: false,
    kind: 'person',
    providerId,
  }
  await addUser(db, user, { passwordHash: null, totpSealed: null, totpLastStep: 0 })
  const now = desk.running.house.clock.now()
  const session = await openSession(
    db,
    { userId: user.id, method: 'passkey', userAgent: 'test', address: '127.0.0.1' },
    now,
  )
  return { user, cookie: `counterfoil=${session.token}`, token: session.token }
}

/** The session as their browser keeps it. */
export const sessionCookie = ({ origin }: Pick<Desk, 'origin'>, token: string) =>
  ({ name: 'counterfoil', value: token, url: origin, httpOnly: true, sameSite: 'Strict' }) as const

/** Adds the provider and returns its intake key. */
export async function addProvider(desk: Desk, provider: Provider = deskProvider): Promise<string> {
  const { db } = desk.running.database
  await saveProvider(db, provider, 0, new Date())
  const key = await renewIntakeKey(db, provider.id, new Date())
  if (key === null) throw new Error('the provider was not kept')
  return key
}

export type SampleMail = {
  /** Further header fields, each a line. */
  readonly fields?: readonly string[]
  readonly subject: string
  readonly body: string
  readonly from?: string
  readonly date?: Date
  readonly html?: string
}

/** A mail as bytes, as their system would send it. */
export function mailBytes(mail: SampleMail): Buffer {
  const id = crypto.randomUUID()
  const type = mail.html === undefined ? 'text/plain' : 'text/html'
  const lines = [
    `From: ${mail.from ?? 'Northwatch MDR <soc@northwatch.example>'}`,
    'To: Security desk <desk@halden.example>',
    `Subject: ${mail.subject}`,
    `Date: ${(mail.date ?? new Date()).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${id}@northwatch.example>`,
    ...(mail.fields ?? []),
    'MIME-Version: 1.0',
    `Content-Type: ${type}; charset=utf-8`,
    '',
    (mail.html ?? mail.body).replaceAll(/\r?\n/g, '\r\n'),
  ]
  return Buffer.from(lines.join('\r\n'))
}

/** Posts a mail at the HTTPS door; its id. */
export async function post(desk: Desk, key: string, mail: SampleMail): Promise<string> {
  const response = await fetch(`${desk.origin}/api/intake`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'message/rfc822' },
    body: new Uint8Array(mailBytes(mail)),
  })
  if (!response.ok) throw new Error(`intake said ${response.status}: ${await response.text()}`)
  return ((await response.json()) as { id: string }).id
}

/** Calls the API as somebody, and fails loudly. */
export async function apiAs(
  desk: Desk,
  cookie: string,
  method: string,
  url: string,
  body?: unknown,
): Promise<Record<string, never>> {
  const response = await fetch(`${desk.origin}${url}`, {
    method,
    headers: { cookie, origin: desk.origin, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${url} said ${response.status}: ${text}`)
  return JSON.parse(text) as Record<string, never>
}

/** Waits until something holds; says what it waited for when it never does. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
  msMax = 15_000,
): Promise<T> {
  const end = Date.now() + msMax
  for (;;) {
    const seen = await look()
    if (seen !== null && seen !== undefined && seen !== false) return seen
    if (Date.now() > end) throw new Error(`waited ${msMax} ms for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** The alert that a posted message became, once its ladder is full. */
export async function alertOf(desk: Desk, messageId: string): Promise<string> {
  const { db } = desk.running.database
  const id = await until('the message to become an alert', async () => {
    const row = await db.selectFrom('message').select('alert_id').where('id', '=', messageId).executeTakeFirst()
    return row?.alert_id
  })
  await until('the ladder to be full', async () => {
    const row = await db.selectFrom('alert').select('filled_at').where('id', '=', id).executeTakeFirst()
    return row?.filled_at
  })
  return id
}
