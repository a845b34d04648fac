import { connect, isIP, type Socket } from 'node:net'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { wordsOf } from '../kit/errors.ts'
import { ForbiddenAddress, guardedLookup, isAllowed, type Ranges, readRanges } from '../kit/guard.ts'

/** Names of servers as they are looked up, and addresses; nothing that could be read as a path or a second host. */
export const hostForm = z
  .string()
  .trim()
  .min(1)
  .max(253)
  .regex(/^[A-Za-z0-9_.:-]+$/, 'this is no name or address of a server')
  .meta({ title: 'Server' })
export const portForm = (port: number) => z.int().min(1).max(65_535).default(port).meta({ title: 'Port' })

const rangeForm = z.string().max(64).refine(isRange, 'this is no address and no range such as 10.20.30.0/28')
export const allowForm = z
  .array(rangeForm)
  .max(50)
  .default([])
  .meta({ title: 'Internal addresses it may reach' })
  .describe(
    'Addresses and ranges of your own network that this source may be at. Public addresses need no entry; whatever DNS says, nothing else is connected to.',
  )

/** PEM text, pasted: a page must not name files of the server. */
export const caForm = z
  .string()
  .max(64 * 1024)
  .default('')
  .refine((text) => text.trim() === '' || text.includes('-----BEGIN CERTIFICATE-----'), 'this is no PEM certificate')
  .meta({ title: 'Certificate authority', form: 'lines' })
  .describe('PEM of the authority that signed the certificate of the server; empty: the public ones')

/** The limits that every kind has, with what is usual for it. */
export const limitForms = (usual: { timeoutMs: number; concurrency: number; perMinute: number }) => ({
  timeoutMs: z
    .int()
    .min(100)
    .max(60_000)
    .default(usual.timeoutMs)
    .meta({ title: 'Time for an answer (ms)' })
    .describe('After it the answer is "failed", and the other sources are not held up'),
  concurrency: z.int().min(1).max(50).default(usual.concurrency).meta({ title: 'Questions at once' }),
  perMinute: z
    .int()
    .min(1)
    .max(100_000)
    .default(usual.perMinute)
    .meta({ title: 'Questions a minute' })
    .describe('More wait; they do not fail'),
})

function isRange(text: string): boolean {
  try {
    readRanges([text])
    return true
  } catch {
    return false // What is wrong with it is said by the form.
  }
}

/** The address behind a name that may be talked to, looked up once, so that what is connected to is what was checked. */
export function allowedAddress(host: string, allow: Ranges): Promise<string> {
  if (isIP(host) !== 0) {
    return isAllowed(host, allow) ? Promise.resolve(host) : Promise.reject(new ForbiddenAddress(host, host))
  }
  return new Promise((resolve, reject) => {
    guardedLookup(allow)(host, { all: true }, (error, addresses) => {
      const first = Array.isArray(addresses) ? addresses[0]?.address : undefined
      if (error === null && first !== undefined) resolve(first)
      else reject(error === null ? new ForbiddenAddress(host, 'no address') : lookedUp(host, error))
    })
  })
}

/** A name that nobody knows is said so; what the guard refuses stays what it is. */
function lookedUp(host: string, error: NodeJS.ErrnoException): Error {
  return error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN'
    ? new Error(`no name server knows ${host}`, { cause: error })
    : error
}

/** What to do when a test failed before anything was asked; `usual` where the way there was free. */
export function nextAfter(error: unknown, usual: string): string {
  return error instanceof ForbiddenAddress
    ? 'If that is where it should go: put the address or its range into “Internal addresses it may reach”.'
    : usual
}

/** A connected socket to an allowed address; the signal destroys it. */
export async function openLine(
  place: { readonly host: string; readonly port: number; readonly allow: Ranges },
  signal: AbortSignal,
): Promise<Socket> {
  const address = await allowedAddress(place.host, place.allow)
  signal.throwIfAborted()
  const socket = connect({ host: address, port: place.port, signal, keepAlive: true, noDelay: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', (error) => reject(new Error(`it could not be reached: ${wordsOf(error)}`, { cause: error })))
  })
  // Who uses it hears of its end; without a listener an error would end the whole process.
  socket.on('error', () => socket.destroy())
  return socket
}

/** Bytes a source may send for one question: thirty times the largest answer that is kept. */
const answerBytesMax = 8 * 1024 * 1024
/** At 1 Gbit/s some 6 MB can come between two looks. */
const lookEveryMs = 50

/** Breaks a connection that sends more than `answerBytesMax` for one question. `next` begins to count anew. */
export function watchFlood(socket: Socket): { readonly next: () => void } {
  let from = socket.bytesRead
  const timer = setInterval(() => {
    if (socket.bytesRead - from > answerBytesMax)
      socket.destroy(new Error(`it sends more than ${answerBytesMax} bytes for one question`))
  }, lookEveryMs)
  timer.unref()
  socket.once('close', () => clearInterval(timer))
  return {
    next: () => {
      from = socket.bytesRead
    },
  }
}

/** Ranges that are nobody's in particular: what is known about an address of the internet is not known about these. */
const nobodys: ReadonlySet<string> = new Set([
  'private',
  'loopback',
  'linkLocal',
  'uniqueLocal',
  'carrierGradeNat',
  'multicast',
  'broadcast',
  'unspecified',
])

/** An address of the internet in its one spelling; or why nobody keeps a record about it. */
export function publicAddress(
  text: string,
): { readonly address: ipaddr.IPv4 | ipaddr.IPv6 } | { readonly why: string } {
  if (!ipaddr.isValid(text)) return { why: `"${text}" is no address` }
  const address = ipaddr.process(text)
  const range = address.range()
  return nobodys.has(range) ? { why: `${text} belongs to nobody in particular: it is ${range}` } : { address }
}
