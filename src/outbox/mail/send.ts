import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { Readable } from 'node:stream'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { MailOut } from '../../config/config.ts'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import type { Send, SendResult } from '../../model/doors.ts'

export type SendLimits = {
  /** Connecting, greeting and the TLS handshake. */
  readonly connectMs: number
  /** Silence of the server. RFC 5321, 4.5.3.2.6 asks for ten minutes after the last dot: who gives up sooner makes doubles. */
  readonly silenceMs: number
  /** For the whole mail, whatever the server does. */
  readonly totalMs: number
}
export const sendLimitsDefault: SendLimits = { connectMs: 20_000, silenceMs: 10 * 60_000, totalMs: 15 * 60_000 }

/** Mails on their way at once; what is beyond waits. An answer desk sends a few in an hour. */
const sendingAtOnceMax = 4
const receiptCharsMax = 500

/** What nodemailer says of a failure, as far as it decides anything. */
type Failure = { readonly code: number | null; readonly command: string; readonly words: string }

function failureOf(error: unknown): Failure {
  const told = error as { responseCode?: unknown; command?: unknown; response?: unknown }
  const code = typeof told.responseCode === 'number' ? told.responseCode : null
  const words = typeof told.response === 'string' && told.response !== '' ? told.response : wordsOf(error)
  return { code, command: typeof told.command === 'string' ? told.command : '', words: words.slice(0, receiptCharsMax) }
}

/** Commands whose refusal is about this mail; a 5xx to anything before them (greeting, AUTH) is about us and passes. */
const aboutTheMail = new Set(['MAIL FROM', 'RCPT TO', 'DATA'])

/**
 * What is known after a failure. Once our stream was read to its end the last dot may have reached the server: then only
 * an answer with a code of 4xx or 5xx says that it did not take the mail, and everything else is `unknown`.
 */
export function judgeFailure(error: unknown, handedOver: boolean): SendResult {
  const { code, command, words } = failureOf(error)
  const definite = code !== null && code >= 400 && code <= 599
  if (handedOver && !definite)
    return { kind: 'unknown', why: `The connection ended before the server answered: ${words}` }
  return { kind: 'refused', why: words, permanent: definite && code >= 500 && aboutTheMail.has(command) }
}

/** Gives the bytes in one piece and remembers that they were taken to the end. */
function watched(bytes: Uint8Array): { readonly stream: Readable; readonly handedOver: () => boolean } {
  let ended = false
  let given = false
  const stream = new Readable({
    read() {
      if (!given) {
        given = true
        this.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
        return
      }
      ended = true
      this.push(null)
    },
  })
  return { stream, handedOver: () => ended }
}

/** Throws Trouble('file.unreadable') that names the file. */
export function readKept(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new Trouble('file.unreadable', { file }, error)
  }
}

function passwordOf(config: MailOut): string | undefined {
  return config.passwordFile === undefined ? config.password : readKept(config.passwordFile).toString('utf8').trimEnd()
}

/**
 * Sends mail through the configured server. Every mail has a connection of its own: a pool would put a mail whose
 * connection broke back into its queue, which is exactly the silent second sending that must not happen.
 */
export function makeSend(
  config: MailOut,
  limits: SendLimits = sendLimitsDefault,
): Send & { close: () => Promise<void> } {
  if (config.tls === 'none' && config.user !== undefined && !isLoopback(config.host)) {
    throw new Trouble('input.invalid', {
      field: 'mailOut.tls',
      problem: 'a password is not sent over a line without TLS',
    })
  }
  const options = {
    host: config.host,
    port: config.port,
    secure: config.tls === 'implicit',
    requireTLS: config.tls === 'starttls',
    ignoreTLS: config.tls === 'none',
    connectionTimeout: limits.connectMs,
    greetingTimeout: limits.connectMs,
    dnsTimeout: limits.connectMs,
    socketTimeout: limits.silenceMs,
    tls: {
      minVersion: 'TLSv1.2' as const,
      ...(config.caFile === undefined ? {} : { ca: readKept(config.caFile) }),
      ...(isIP(config.host) === 0 ? { servername: config.host } : {}),
    },
  }
  const user = config.user
  const login = user === undefined ? null : { user, pass: passwordOf(config) ?? '' }
  const waiting: (() => void)[] = []
  const open = new Set<Promise<SendResult>>()
  let running = 0

  const send: Send = async (mail) => {
    if (running >= sendingAtOnceMax) await new Promise<void>((resolve) => waiting.push(resolve))
    running += 1
    const going = sendOne(options, login, limits.totalMs, mail)
    open.add(going)
    try {
      return await going
    } finally {
      open.delete(going)
      running -= 1
      waiting.shift()?.()
    }
  }
  const close = async () => {
    await Promise.allSettled([...open])
  }
  return Object.assign(send, { close })
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

type Options = ConstructorParameters<typeof SMTPConnection>[0]
type Mail = Parameters<Send>[0]

/** One connection, one mail. Never throws: whatever happens is one of the three results, and the first one stands. */
function sendOne(
  options: Options,
  login: { user: string; pass: string } | null,
  totalMs: number,
  mail: Mail,
): Promise<SendResult> {
  const connection = new SMTPConnection(options)
  const { stream, handedOver } = watched(mail.bytes)
  return new Promise<SendResult>((resolve) => {
    let settled = false
    const settle = (result: SendResult) => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      resolve(result)
    }
    const fail = (error: unknown) => {
      settle(judgeFailure(error, handedOver()))
      connection.close()
    }
    const timer = setTimeout(() => fail(new Error(`no end after ${totalMs} ms`)), totalMs)
    connection.on('error', fail)
    // The connection may end without an error; nothing is left to wait for then.
    connection.on('end', () => fail(new Error('The connection was closed')))
    const deliver = () => {
      const envelope = { from: mail.from, to: [...mail.to], size: mail.bytes.byteLength }
      connection.send(envelope, stream, (error, info) => {
        if (error !== null && error !== undefined) return fail(error)
        settle(judgeAccepted(info, mail.to))
        connection.quit()
      })
    }
    connection.connect((error) => {
      if (error !== null && error !== undefined) return fail(error)
      if (login === null) return deliver()
      connection.login({ credentials: login }, (refused) =>
        refused === null || refused === undefined ? deliver() : fail(refused),
      )
    })
  })
}

type Info = {
  readonly response?: string | undefined
  readonly rejected?: readonly unknown[] | undefined
  readonly rejectedErrors?: readonly unknown[] | undefined
}

/** The server took the mail, though perhaps not for everybody. The first recipient is the provider; the copy comes last. */
function judgeAccepted(info: Info | undefined, to: readonly string[]): SendResult {
  const response = (info?.response ?? '').slice(0, receiptCharsMax)
  const rejected = new Set((info?.rejected ?? []).map(String))
  if (!/^2\d\d/.test(response)) return { kind: 'unknown', why: `The server answered "${response}"` }
  if (rejected.size === 0) return { kind: 'accepted', receipt: response }
  const failures = (info?.rejectedErrors ?? []).map(failureOf)
  const words = failures
    .map((failure) => failure.words)
    .join('; ')
    .slice(0, receiptCharsMax)
  const [first] = to
  if (first === undefined || rejected.has(first)) {
    return { kind: 'refused', why: words, permanent: failures.every((failure) => (failure.code ?? 0) >= 500) }
  }
  return { kind: 'accepted', receipt: `${response} (not for ${[...rejected].join(', ')}: ${words})` }
}
