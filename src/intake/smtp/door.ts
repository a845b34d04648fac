import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import type { SMTPServerDataStream, SMTPServerOptions, SMTPServerSession } from 'smtp-server'
import { SMTPServer } from 'smtp-server'
import type { Config } from '../../config/config.ts'
import { isTrouble, Trouble, wordsOf } from '../../kit/errors.ts'
import { plainAddress } from '../../kit/ip-ranges.ts'
import type { Receive } from '../../model/message.ts'
import { mailBytesMax } from '../../model/message.ts'

/** Mail in memory, being received or being stored, all of it together: a hundred senders of 25 MB each must not take the memory of the house. */
const bufferedBytesMaxDefault = 160 * 1024 * 1024
/** Connections at the same time. A provider's mail server keeps fewer than ten. */
const connectionsMax = 100
/** Connections of one address, so that one sender cannot shut out the others. */
const connectionsPerAddressMax = 20
/** Recipients of one mail; RFC 5321 section 4.5.3.1.8 asks for 100. */
const recipientsMax = 100
/** Silence after which a client is let go; RFC 5321 section 4.5.3.2 lets a client wait up to 5 minutes, ours is the server's side. */
const idleMsMax = 60_000
/** A connection altogether, so that one byte a minute cannot hold a place for ever. */
const connectionMsMax = 30 * 60_000
/** Time for open connections to end when the door is closed. */
const closeMsMax = 5_000

export type SmtpLog = {
  readonly info: (details: object, text: string) => void
  readonly warn: (details: object, text: string) => void
}

export type SmtpDoorOptions = {
  readonly config: NonNullable<Config['smtp']>
  readonly receive: Receive
  readonly log: SmtpLog
  readonly bufferedBytesMax?: number
}

export type SmtpDoor = {
  readonly listen: () => Promise<void>
  readonly close: () => Promise<void>
  /** Where it listens; null while it does not. */
  readonly address: () => { readonly host: string; readonly port: number } | null
}

/** An error that smtp-server turns into a reply. */
function reply(code: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode: code })
}

/** Entries are addresses, or "@example.com" for all of a domain. */
function allows(recipients: readonly string[], address: string): boolean {
  const asked = address.toLowerCase()
  return recipients.some((entry) => {
    const own = entry.toLowerCase().replace(/^\*@/, '@')
    return own.startsWith('@') ? asked.endsWith(own) && asked.length > own.length : own === asked
  })
}

function tlsOf(tls: { certFile: string; keyFile: string }): { cert: Buffer; key: Buffer } {
  try {
    return { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) }
  } catch (error) {
    throw new Trouble('file.unreadable', { certFile: tls.certFile, keyFile: tls.keyFile }, error)
  }
}

/** What a sender hears when the mail could not be kept: always 4xx, so that it comes again. */
function refusalOf(error: unknown): Error {
  if (isTrouble(error, 'disk.full')) return reply(452, '4.3.1 The disk is full, try again later')
  if (isTrouble(error, 'input.too-large')) return reply(552, '5.3.4 Message is larger than 25 MB')
  return reply(451, '4.3.0 The message could not be stored, try again later')
}

/** Counts what all connections hold in memory. */
class Intake {
  buffered = 0
  private readonly receive: Receive
  private readonly log: SmtpLog
  private readonly bufferedBytesMax: number

  constructor({ receive, log, bufferedBytesMax }: SmtpDoorOptions) {
    this.receive = receive
    this.log = log
    this.bufferedBytesMax = bufferedBytesMax ?? bufferedBytesMaxDefault
  }

  /**
   * The bytes of one DATA, read to the end even when they are too many: the answer can only be given then. They stay counted until
   * whoever takes them gives them back.
   */
  private collect(stream: SMTPServerDataStream): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      let chunks: Buffer[] = []
      let held = 0
      let refusal: Error | null = null
      const release = () => {
        this.buffered -= held
        held = 0
        chunks = []
      }
      stream.on('data', (chunk: Buffer) => {
        if (refusal !== null) return
        if (held + chunk.length > mailBytesMax) refusal = reply(552, '5.3.4 Message is larger than 25 MB')
        else if (this.buffered + chunk.length > this.bufferedBytesMax)
          refusal = reply(452, '4.3.1 Too much mail at once, try again later')
        if (refusal !== null) {
          release()
          return
        }
        chunks.push(chunk)
        held += chunk.length
        this.buffered += chunk.length
      })
      stream.once('error', (error) => {
        release()
        reject(error)
      })
      stream.once('end', () => {
        const bytes = Buffer.concat(chunks)
        chunks = []
        // From here on they are the taker's to give back, whatever becomes of the connection.
        held = 0
        if (refusal === null) resolve(bytes)
        else reject(refusal)
      })
    })
  }

  /** Resolves with the id once `receive` has committed; only then the sender hears 250. */
  async take(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string> {
    const bytes = await this.collect(stream)
    const { mailFrom, rcptTo } = session.envelope
    // Counted until it is stored: while the database is slow, mail would otherwise pile up here without a bound.
    try {
      const receipt = await this.receive({
        bytes,
        form: 'mail',
        channel: 'smtp',
        sourceAddress: plainAddress(session.remoteAddress),
        heloName: session.hostNameAppearsAs || null,
        envelopeFrom: mailFrom === false ? '' : mailFrom.address,
        envelopeTo: rcptTo.map((recipient) => recipient.address),
        providerId: null,
        origin: `smtp;session=${session.id}`,
      })
      return receipt.id
    } catch (error) {
      this.log.warn(
        { source: session.remoteAddress, problem: wordsOf(error) },
        'a mail could not be stored; the sender was told to try again',
      )
      throw refusalOf(error)
    } finally {
      this.buffered -= bytes.length
    }
  }
}

/** 250 when it is stored, else the refusal. */
async function answer(take: () => Promise<string>, done: (error: Error | null, text?: string) => void): Promise<void> {
  let id: string
  try {
    id = await take()
  } catch (error) {
    done(error instanceof Error ? error : reply(451, '4.3.0 The message could not be stored, try again later'))
    return
  }
  done(null, `2.0.0 Stored as ${id}`)
}

function handlers(options: SmtpDoorOptions): SMTPServerOptions {
  const { config, log } = options
  const intake = new Intake(options)
  const perAddress = new Map<string, Set<string>>()
  return {
    onConnect: (session, done) => {
      const address = plainAddress(session.remoteAddress)
      const open = perAddress.get(address) ?? new Set()
      if (open.size >= connectionsPerAddressMax) {
        done(reply(421, `4.7.0 More than ${connectionsPerAddressMax} connections from ${address}`))
        return
      }
      perAddress.set(address, open.add(session.id))
      done()
    },
    onClose: (session) => {
      const address = plainAddress(session.remoteAddress)
      const open = perAddress.get(address)
      open?.delete(session.id)
      if (open?.size === 0) perAddress.delete(address)
    },
    onMailFrom: (_, session, done) => {
      if (config.requireTls && !session.secure) done(reply(530, '5.7.0 Use STARTTLS first'))
      else done()
    },
    onRcptTo: (recipient, session, done) => {
      if (allows(config.recipients, recipient.address)) {
        done()
        return
      }
      log.info(
        { source: session.remoteAddress, recipient: recipient.address.slice(0, 320) },
        'a recipient that is not ours was refused',
      )
      done(reply(550, '5.1.1 No such recipient here'))
    },
    onData: (stream, session, done) => {
      void answer(() => intake.take(stream, session), done)
    },
  }
}

/**
 * The door mail servers knock at: no sign-in, only our own recipients, and a 250 only after the message is committed. Any failure to
 * keep it is a 4xx, after which the sender tries again. Throws Trouble when the certificate cannot be read or the port is taken.
 */
export function makeSmtpDoor(options: SmtpDoorOptions): SmtpDoor {
  const { config, log } = options
  if (config.requireTls && config.tls === undefined) {
    throw new Trouble('input.invalid', {
      setting: 'smtp.tls',
      problem: 'smtp.requireTls needs a certificate: smtp.tls.certFile and smtp.tls.keyFile',
    })
  }
  const server = new SMTPServer({
    ...handlers(options),
    ...(config.tls === undefined ? {} : { ...tlsOf(config.tls), minVersion: 'TLSv1.2' }),
    name: 'counterfoil',
    banner: 'Counterfoil',
    size: mailBytesMax,
    // smtp-server would offer STARTTLS with a certificate everybody knows the key of.
    disabledCommands: config.tls === undefined ? ['AUTH', 'STARTTLS'] : ['AUTH'],
    // A look-up of the peer's name would wait for somebody else's DNS before the greeting.
    disableReverseLookup: true,
    maxClients: connectionsMax,
    maxRecipients: recipientsMax,
    socketTimeout: idleMsMax,
    closeTimeout: closeMsMax,
    logger: false,
  })
  server.server.on('connection', (socket) => {
    const timer = setTimeout(() => socket.destroy(), connectionMsMax)
    timer.unref()
    socket.once('close', () => clearTimeout(timer))
  })
  // One connection's trouble (a reset, a broken handshake) is no trouble of the door.
  server.on('error', (error) => log.info({ problem: wordsOf(error) }, 'a mail connection broke'))
  return {
    listen: () =>
      new Promise((resolve, reject) => {
        const failed = (error: Error) =>
          reject(
            new Trouble(
              'input.invalid',
              { setting: 'smtp', host: config.host, port: config.port, problem: wordsOf(error) },
              error,
            ),
          )
        server.server.once('error', failed)
        server.listen(config.port, config.host, () => {
          server.server.off('error', failed)
          resolve()
        })
      }),
    close: () => new Promise((resolve) => server.close(() => resolve())),
    address: () => {
      const bound = server.server.address() as AddressInfo | null
      return bound === null ? null : { host: bound.address, port: bound.port }
    },
  }
}
