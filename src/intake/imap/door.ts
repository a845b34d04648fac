import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { ImapFlowError } from 'imapflow'
import { ImapFlow } from 'imapflow'
import { z } from 'zod'
import type { ImapDoor as ImapDoorConfig } from '../../config/config.ts'
import type { Clock } from '../../kit/clock.ts'
import { isTrouble, Trouble, wordsOf } from '../../kit/errors.ts'
import type { Receive } from '../../model/message.ts'
import { mailBytesMax } from '../../model/message.ts'
import { saysOf } from './says.ts'

/** A literal beyond this ends the connection; above `mailBytesMax`, so that a mail too large is told apart by its size. */
const literalBytesMax = 64 * 1024 * 1024
/** Mail fetched at once: by number, because each is a row to commit, and by bytes, because all of it is in memory. */
const batchMailsMax = 50
const batchBytesMax = 32 * 1024 * 1024
/** First wait after a failure, doubled each time up to the last. */
const retryMsMin = 1_000
const retryMsMax = 5 * 60_000
/** After a refused password: soon enough for whoever mends it, seldom enough not to lock the account. */
const retryMsRefused = 60_000
const connectMsMax = 20_000
/** IDLE is renewed this often, which also finds connections that died in silence. RFC 2177 asks for less than 29 minutes. */
const idleMsMax = 4 * 60_000
/** Without news from the server we look ourselves. */
const lookAgainMs = 5 * 60_000
/** A mailbox of a provider that brings nothing for so long, over a long weekend, is worth a look. */
const silentMs = 96 * 60 * 60_000
/** A door that works says so this often at most. */
const reportMs = 60_000
/** Refused mails that are remembered for the screen. */
const refusedMax = 50

/** Where a mailbox was read up to. `uidValidity` is a 32-bit number that some servers let grow past what JSON carries: text. */
export const ImapPosition = z.object({ uidValidity: z.string(), uid: z.number() })
export type ImapPosition = z.infer<typeof ImapPosition>

export type DoorNews = {
  /** active: connected and reading. failing: not connected, is tried again. silent: connected, and nothing has come for days. stopped: not started. */
  readonly state: 'active' | 'failing' | 'silent' | 'stopped'
  readonly says: string
  readonly failingSince: string | null
  readonly lastSuccess: string | null
  readonly taken: number
  readonly refused: readonly { readonly uid: number; readonly why: string }[]
}

/** Where positions are kept; `report` (may be left out) hears of every change of state. */
export type Positions = {
  readonly get: (door: string) => Promise<unknown>
  readonly set: (door: string, position: ImapPosition) => Promise<void>
  readonly report?: (door: string, news: DoorNews) => Promise<void>
}

export type ImapLog = {
  readonly info: (details: object, text: string) => void
  readonly warn: (details: object, text: string) => void
}

export type ImapDoorOptions = {
  readonly door: ImapDoorConfig
  readonly receive: Receive
  readonly positions: Positions
  readonly log: ImapLog
  readonly clock: Clock
  /** First wait after a failure; tests shorten it. */
  readonly retryMs?: number
}

export type ImapDoorHandle = {
  readonly start: () => void
  readonly stop: () => Promise<void>
  readonly state: () => DoorNews
}

function passwordOf(door: ImapDoorConfig): string {
  if (door.passwordFile === undefined) return door.password ?? ''
  try {
    return readFileSync(door.passwordFile, 'utf8').trimEnd()
  } catch (error) {
    throw new Trouble('file.unreadable', { file: door.passwordFile }, error)
  }
}

function caOf(door: ImapDoorConfig): Buffer | undefined {
  if (door.caFile === undefined) return undefined
  try {
    return readFileSync(door.caFile)
  } catch (error) {
    throw new Trouble('file.unreadable', { file: door.caFile }, error)
  }
}

/** A client for one connection. The password is read anew each time, so that a changed file is found. */
function clientOf(door: ImapDoorConfig): ImapFlow {
  const ca = caOf(door)
  return new ImapFlow({
    host: door.host,
    port: door.port,
    secure: door.tls === 'implicit',
    // Left open, imapflow would go on in clear text where somebody on the way strips STARTTLS from the greeting.
    ...(door.tls === 'implicit' ? {} : { doSTARTTLS: door.tls === 'starttls' }),
    auth: { user: door.user, pass: passwordOf(door) },
    tls: {
      minVersion: 'TLSv1.2',
      ...(ca === undefined ? {} : { ca }),
      ...(isIP(door.host) ? {} : { servername: door.host }),
    },
    logger: false,
    // Idling is started by ourselves, at once; the automatic one waits 15 s.
    disableAutoIdle: true,
    maxIdleTime: idleMsMax,
    connectionTimeout: connectMsMax,
    greetingTimeout: connectMsMax,
    maxLiteralSize: literalBytesMax,
    clientInfo: { name: 'Counterfoil' },
  })
}

class Reader {
  private readonly options: ImapDoorOptions
  private client: ImapFlow | null = null
  private stopping = false
  private running: Promise<void> | null = null
  private wake: () => void = () => undefined
  private position: ImapPosition | null = null
  private failures = 0
  private failingSince: string | null = null
  private connected = false
  private says = 'not started'
  private lastSuccess: string | null = null
  private lastMailAt: number | null = null
  private taken = 0
  private reportedAt = 0
  private readonly refused: { uid: number; why: string }[] = []

  constructor(options: ImapDoorOptions) {
    this.options = options
  }

  start(): void {
    if (this.running !== null) return
    this.stopping = false
    this.says = 'connecting'
    this.running = this.run()
  }

  async stop(): Promise<void> {
    this.stopping = true
    this.wake()
    this.client?.close()
    await this.running
    this.running = null
    this.says = 'stopped'
  }

  news(): DoorNews {
    const since = this.lastMailAt
    const silent = this.connected && since !== null && this.options.clock.now().getTime() - since > silentMs
    return {
      state: this.running === null ? 'stopped' : this.failingSince !== null ? 'failing' : silent ? 'silent' : 'active',
      says: silent
        ? `No mail has come since ${new Date(since).toISOString().slice(0, 16).replace('T', ' ')} UTC.`
        : this.says,
      failingSince: this.failingSince,
      lastSuccess: this.lastSuccess,
      taken: this.taken,
      refused: [...this.refused],
    }
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      let waitMs = 0
      try {
        await this.session()
        if (!this.stopping) throw new Error('the server ended the connection')
      } catch (error) {
        if (this.stopping) break
        waitMs = await this.failed(error)
      } finally {
        this.connected = false
        this.client?.close()
        this.client = null
      }
      await this.pause(waitMs)
    }
  }

  /** Says what failed and how long to wait: doubled each time, with up to a quarter more so that many doors do not knock together. */
  private async failed(error: unknown): Promise<number> {
    const { door, log, clock, retryMs } = this.options
    this.failures++
    this.failingSince ??= clock.now().toISOString()
    this.says = saysOf(error, door)
    log.warn({ door: door.id, failures: this.failures, problem: wordsOf(error) }, this.says)
    await this.report()
    const base = Math.min(retryMsMax, (retryMs ?? retryMsMin) * 2 ** Math.min(this.failures - 1, 20))
    const refused = (error as ImapFlowError).authenticationFailed === true && retryMs === undefined
    return (refused ? Math.max(base, retryMsRefused) : base) * (1 + Math.random() / 4)
  }

  private async report(): Promise<void> {
    const { positions, door, log, clock } = this.options
    this.reportedAt = clock.now().getTime()
    try {
      await positions.report?.(door.id, this.news())
    } catch (error) {
      // The state is for the screen; the door goes on without it.
      log.warn({ door: door.id, problem: wordsOf(error) }, 'the state of a mailbox could not be recorded')
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.stopping) return resolve()
      const timer = setTimeout(resolve, ms)
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** One connection: catch up, then wait for news and catch up again, until it breaks. */
  private async session(): Promise<void> {
    const { door } = this.options
    const client = clientOf(door)
    this.client = client
    let news = false
    const ended: { why: Error | null } = { why: null }
    client.on('error', (error: Error) => {
      ended.why = error
      this.wake()
    })
    client.on('close', () => {
      ended.why ??= new Error('the server ended the connection')
      this.wake()
    })
    client.on('exists', () => {
      news = true
      this.wake()
    })
    await client.connect()
    // EXAMINE: we read a mailbox that people use as well, and change nothing in it.
    const mailbox = await client.mailboxOpen(door.mailbox, { readOnly: true })
    await this.openPosition(String(mailbox.uidValidity))
    for (;;) {
      news = false
      await this.catchUp(client)
      if (this.stopping) return
      if (ended.why !== null) throw ended.why
      if (news) continue
      await this.idle(client, () => news || ended.why !== null)
    }
  }

  private async idle(client: ImapFlow, over: () => boolean): Promise<void> {
    // idle() resolves when another command ends it; that it broke is heard as 'close' or 'error'.
    const idling = client.idle().catch((error: unknown) => {
      this.options.log.info({ door: this.options.door.id, problem: wordsOf(error) }, 'idling ended')
    })
    if (!over()) await this.pause(lookAgainMs)
    if (client.usable) await client.noop()
    await idling
  }

  /** Where to go on. Another UIDVALIDITY means that all numbers are new: everything is read again, and known by its digest. */
  private async openPosition(uidValidity: string): Promise<void> {
    const { positions, door, log } = this.options
    const kept = ImapPosition.safeParse(await positions.get(door.id))
    if (kept.success && kept.data.uidValidity === uidValidity) {
      this.position = kept.data
      return
    }
    if (kept.success)
      log.warn(
        { door: door.id, was: kept.data.uidValidity, is: uidValidity },
        'the mailbox was numbered anew; it is read from the start, known mail is recognised',
      )
    this.position = { uidValidity, uid: 0 }
  }

  private async catchUp(client: ImapFlow): Promise<void> {
    const position = this.position as ImapPosition
    const found = await client.search({ uid: `${position.uid + 1}:*` }, { uid: true })
    if (found === false || found === undefined) throw new Error('the server did not search the mailbox')
    // "n:*" always names the last mail, even below n (RFC 9051 section 6.4.8).
    const uids = found.filter((uid) => uid > position.uid).sort((a, b) => a - b)
    for (let at = 0; at < uids.length && !this.stopping; at += batchMailsMax)
      await this.takeBatch(client, uids.slice(at, at + batchMailsMax))
    await this.working()
  }

  private async working(): Promise<void> {
    const now = this.options.clock.now()
    const isNews = !this.connected || now.getTime() - this.reportedAt > reportMs
    this.connected = true
    this.failures = 0
    this.failingSince = null
    this.lastSuccess = now.toISOString()
    this.lastMailAt ??= now.getTime()
    this.says = `Reading ${this.options.door.mailbox} of ${this.options.door.user}.`
    if (isNews) await this.report()
  }

  /** Asks the sizes first, then fetches what is small enough, as much at once as memory allows. */
  private async takeBatch(client: ImapFlow, uids: readonly number[]): Promise<void> {
    const sizes = new Map<number, number>()
    for (const mail of await client.fetchAll(uids.join(','), { uid: true, size: true }, { uid: true }))
      sizes.set(mail.uid, mail.size ?? 0)
    let group: number[] = []
    let bytes = 0
    for (const uid of uids) {
      const size = sizes.get(uid)
      if (size !== undefined && size <= mailBytesMax) {
        if (bytes + size > batchBytesMax) {
          await this.takeGroup(client, group)
          group = []
          bytes = 0
        }
        group.push(uid)
        bytes += size
        continue
      }
      await this.takeGroup(client, group)
      group = []
      bytes = 0
      // Without a size it was deleted between the search and now; there is nothing to take.
      if (size !== undefined) await this.refuse(uid, `It is ${Math.ceil(size / 1024 / 1024)} MB, larger than 25 MB.`)
    }
    await this.takeGroup(client, group)
  }

  private async takeGroup(client: ImapFlow, uids: readonly number[]): Promise<void> {
    if (uids.length === 0 || this.stopping) return
    // imapflow asks for BODY.PEEK[], which leaves \Seen alone.
    const mails = await client.fetchAll(uids.join(','), { uid: true, source: true }, { uid: true })
    for (const mail of mails.sort((a, b) => a.uid - b.uid)) {
      if (this.stopping) return
      if (mail.source !== undefined) await this.take(mail.uid, mail.source)
    }
  }

  private async take(uid: number, bytes: Buffer): Promise<void> {
    const { door, receive } = this.options
    const { uidValidity } = this.position as ImapPosition
    if (bytes.length > mailBytesMax) return this.refuse(uid, 'It is larger than 25 MB.')
    try {
      await receive({
        bytes,
        form: 'mail',
        channel: 'imap',
        sourceAddress: null,
        heloName: null,
        envelopeFrom: null,
        envelopeTo: [],
        providerId: null,
        origin: `imap:${door.id};${door.mailbox};uidvalidity=${uidValidity};uid=${uid}`,
      })
    } catch (error) {
      // What this mail itself is to blame for would come again for ever; everything else (database, disk) ends and is tried again.
      if (isTrouble(error, 'input.invalid', 'input.too-large')) return this.refuse(uid, wordsOf(error))
      throw error
    }
    this.taken++
    this.lastMailAt = this.options.clock.now().getTime()
    await this.moveTo(uid)
  }

  private async refuse(uid: number, why: string): Promise<void> {
    this.options.log.warn({ door: this.options.door.id, uid, why }, 'a mail in the mailbox was not taken')
    this.refused.push({ uid, why })
    if (this.refused.length > refusedMax) this.refused.shift()
    await this.moveTo(uid)
    await this.report()
  }

  /** Only after the commit: a crash in between reads the mail once more, and its digest is known. */
  private async moveTo(uid: number): Promise<void> {
    const { positions, door } = this.options
    this.position = { uidValidity: (this.position as ImapPosition).uidValidity, uid }
    await positions.set(door.id, this.position)
  }
}

/**
 * Reads a mailbox as mail comes: resumes by UIDVALIDITY and UID, idles, reconnects with growing waits for as long as it takes. Marks,
 * moves and deletes nothing. `start` returns at once; what goes wrong is in `state`, in words for the person who can mend it.
 */
export function makeImapDoor(options: ImapDoorOptions): ImapDoorHandle {
  const reader = new Reader(options)
  return { start: () => reader.start(), stop: () => reader.stop(), state: () => reader.news() }
}
