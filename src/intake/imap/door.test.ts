import { readFileSync } from 'node:fs'
import net from 'node:net'
import { ImapFlow } from 'imapflow'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type MailServers, startMailServers } from '../../../test/mail-servers.ts'
import { ImapDoor } from '../../config/config.ts'
import { systemClock } from '../../kit/clock.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import type { Raw, Receive } from '../../model/message.ts'
import { mailBytesMax } from '../../model/message.ts'
import type { ImapDoorHandle, ImapPosition, Positions } from './door.ts'
import { makeImapDoor } from './door.ts'

const log = { info: () => undefined, warn: () => undefined }
const user = { address: 'desk@customer.example', password: 'desk-pass' }
let servers: MailServers
let box = 0
let mailbox = ''
let running: ImapDoorHandle[] = []
beforeAll(async () => {
  servers = await startMailServers()
})
afterAll(async () => servers.stop())
afterEach(async () => {
  for (const door of running) await door.stop()
  running = []
})

/** A person's own mail program on the same account. */
async function person<T>(work: (client: ImapFlow) => Promise<T>): Promise<T> {
  const client = new ImapFlow({
    host: servers.imap.host,
    port: servers.imap.tlsPort,
    secure: true,
    auth: { user: user.address, pass: user.password },
    tls: { ca: readFileSync(servers.caFile) },
    logger: false,
  })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.logout()
  }
}
const mail = (i: number | string) =>
  Buffer.from(
    `From: soc@heron.example\r\nSubject: Alert ${i}\r\nMessage-ID: <${i}.${box}@heron.example>\r\n\r\nHost: WS-${i}\r\n`,
  )
const put = (...mails: Buffer[]) =>
  person(async (client) => {
    for (const bytes of mails) await client.append(mailbox, bytes, [])
  })

/** What the record does: a digest is kept once; every arrival is counted. */
class Record {
  readonly arrivals: Raw[] = []
  readonly kept = new Map<string, Buffer>()
  position: unknown = null
  refuse: Error | null = null
  afterCommit: () => void = () => undefined
  readonly receive: Receive = async (raw) => {
    if (this.refuse !== null) throw this.refuse
    await new Promise((resolve) => setTimeout(resolve, 1))
    const id = sha256Hex(raw.bytes)
    const fresh = !this.kept.has(id)
    this.kept.set(id, Buffer.from(raw.bytes))
    this.arrivals.push(raw)
    this.afterCommit()
    return { id, fresh }
  }
  readonly positions: Positions = {
    get: async () => this.position,
    set: async (_, position: ImapPosition) => {
      this.position = structuredClone(position)
    },
  }
}

function open(record: Record, change: Partial<ImapDoor> = {}): ImapDoorHandle {
  const door = ImapDoor.parse({
    id: 'inbox',
    host: servers.imap.host,
    port: servers.imap.tlsPort,
    caFile: servers.caFile,
    user: user.address,
    password: user.password,
    mailbox,
    ...change,
  })
  const handle = makeImapDoor({
    door,
    receive: record.receive,
    positions: record.positions,
    log,
    clock: systemClock,
    retryMs: 50,
  })
  running.push(handle)
  handle.start()
  return handle
}
const until = (check: () => unknown, ms = 15_000) => expect.poll(check, { timeout: ms, interval: 20 })

beforeEach(async () => {
  mailbox = `box-${++box}`
  await person((client) => client.mailboxCreate(mailbox))
})

describe('reading', () => {
  test('what is there and what comes, byte for byte, soon after it comes, and nothing is marked', async () => {
    const record = new Record()
    await put(mail(1), mail(2))
    const door = open(record)
    await until(() => record.kept.size).toBe(2)
    // Without IDLE it would be seen after five minutes.
    await put(mail(3))
    await until(() => record.kept.size).toBe(3)
    expect([...record.kept.values()]).toEqual([mail(1), mail(2), mail(3)])
    expect(record.arrivals[0]).toMatchObject({
      channel: 'imap',
      form: 'mail',
      sourceAddress: null,
      origin: expect.stringMatching(/^imap:inbox;box-\d+;uidvalidity=\d+;uid=1$/) as string,
    })
    expect(door.state()).toMatchObject({ state: 'active', taken: 3, refused: [] })
    await person(async (client) => {
      await client.mailboxOpen(mailbox, { readOnly: true })
      const flags = (await client.fetchAll('1:*', { flags: true })).map((one) =>
        [...(one.flags ?? [])].filter((flag) => flag !== '\\Recent'),
      )
      expect(flags).toEqual([[], [], []])
    })
  })
  test('goes on where it stopped, and reads nothing twice', async () => {
    const record = new Record()
    await put(mail(1), mail(2))
    const first = open(record)
    await until(() => record.kept.size).toBe(2)
    await first.stop()
    await put(mail(3))
    open(record)
    await until(() => record.kept.size).toBe(3)
    expect(record.arrivals).toHaveLength(3)
  })
  test('120 mails in batches, in order', async () => {
    const record = new Record()
    await put(...Array.from({ length: 120 }, (_, i) => mail(i)))
    open(record)
    await until(() => record.kept.size).toBe(120)
    expect(record.arrivals.map((raw) => Number(/uid=(\d+)/.exec(raw.origin)?.[1]))).toEqual(
      Array.from({ length: 120 }, (_, i) => i + 1),
    )
  })
  test('a mailbox numbered anew is read from the start, and known mail is recognised', async () => {
    const record = new Record()
    await put(mail(1), mail(2))
    const first = open(record)
    await until(() => record.kept.size).toBe(2)
    await first.stop()
    await person(async (client) => {
      await client.mailboxDelete(mailbox)
      // Dovecot takes the second of creation as UIDVALIDITY.
      await new Promise((resolve) => setTimeout(resolve, 1100))
      await client.mailboxCreate(mailbox)
    })
    await put(mail(2), mail(3))
    open(record)
    await until(() => record.kept.size).toBe(3)
    expect(record.arrivals).toHaveLength(4)
  })
  test('a mail over 25 MB is passed over, and said', async () => {
    const record = new Record()
    await put(Buffer.concat([mail('big'), Buffer.alloc(mailBytesMax, 'x'.repeat(76).concat('\r\n'))]), mail(1))
    const door = open(record)
    await until(() => record.kept.size).toBe(1)
    expect(door.state().refused).toEqual([{ uid: 1, why: expect.stringMatching(/larger than 25 MB/) as string }])
    expect(record.position).toMatchObject({ uid: 2 })
  })
})

describe('trouble', () => {
  test('servers that die and come back in the middle: no loss, none twice in the record', async () => {
    const record = new Record()
    await put(...Array.from({ length: 60 }, (_, i) => mail(i)))
    let cut = false
    let cutting: Promise<void> = Promise.resolve()
    record.afterCommit = () => {
      if (cut || record.arrivals.length < 20) return
      cut = true
      cutting = servers.suspend()
    }
    const door = open(record)
    await until(() => cut).toBe(true)
    await cutting
    await until(() => door.state().state).toBe('failing')
    expect(door.state().says).toMatch(/Nobody listens|broke/)
    expect(door.state().failingSince).toBeTruthy()
    await servers.resume()
    await until(() => record.kept.size).toBe(60)
    await put(mail('later'))
    await until(() => record.kept.size).toBe(61)
    await until(() => door.state().state).toBe('active')
    expect(new Set(record.arrivals.map((raw) => raw.origin)).size).toBe(61)
  })
  test('a crash between commit and position reads one mail again, and only that one', async () => {
    const record = new Record()
    await put(mail(1), mail(2), mail(3))
    const set = record.positions.set
    let lost = false
    const positions: Positions = {
      ...record.positions,
      set: async (door, position) => {
        if (!lost && position.uid === 2) {
          lost = true
          throw new Trouble('database.unreachable')
        }
        await set(door, position)
      },
    }
    const config = ImapDoor.parse({
      id: 'inbox',
      host: servers.imap.host,
      port: servers.imap.tlsPort,
      caFile: servers.caFile,
      user: user.address,
      password: user.password,
      mailbox,
    })
    const door = makeImapDoor({
      door: config,
      receive: record.receive,
      positions,
      log,
      clock: systemClock,
      retryMs: 50,
    })
    running.push(door)
    door.start()
    await until(() => record.kept.size).toBe(3)
    expect(record.arrivals).toHaveLength(4)
  })
  test('a record that cannot keep: nothing is passed over, it is said, and it goes on when it can', async () => {
    const record = new Record()
    record.refuse = new Trouble('disk.full')
    await put(mail(1))
    const door = open(record)
    await until(() => door.state().state).toBe('failing')
    expect(door.state().says).toMatch(/disk is full/)
    expect(record.position).toBe(null)
    record.refuse = null
    await until(() => record.kept.size).toBe(1)
    await until(() => door.state().state).toBe('active')
  })
  test.each<[string, Partial<ImapDoor>, RegExp]>([
    ['a wrong password', { password: 'wrong' }, /refused the user name or password of desk@customer\.example/],
    ['a certificate nobody vouches for', { caFile: undefined }, /certificate .* is not trusted/],
    ['a mailbox that is not there', { mailbox: 'nowhere' }, /no mailbox "nowhere"/],
    [
      'a password file that is not there',
      { password: undefined, passwordFile: '/nonexistent/password' },
      /\/nonexistent\/password cannot be read/,
    ],
  ])('%s is said clearly', async (_, change, says) => {
    const record = new Record()
    const door = open(record, change)
    await until(() => door.state().state).toBe('failing')
    expect(door.state().says).toMatch(says)
    expect(JSON.stringify(door.state())).not.toContain('wrong')
  })
  test('STARTTLS works where it is offered', async () => {
    const record = new Record()
    await put(mail(1))
    open(record, { tls: 'starttls', port: servers.imap.port })
    await until(() => record.kept.size).toBe(1)
    expect([...record.kept.values()]).toEqual([mail(1)])
  })
  test('a server without STARTTLS never hears the password', async () => {
    const heard: string[] = []
    const server = net.createServer((socket) => {
      socket.write('* OK ready\r\n')
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        const line = chunk.toString()
        heard.push(line)
        const [tag] = line.split(' ')
        if (/CAPABILITY/i.test(line)) socket.write(`* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n${tag} OK done\r\n`)
        else socket.write(`${tag} BAD unknown\r\n`)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as net.AddressInfo
    const door = open(new Record(), { host: '127.0.0.1', port, tls: 'starttls' })
    await until(() => door.state().state).toBe('failing')
    expect(door.state().says).toMatch(/does not offer STARTTLS|broke/)
    await door.stop()
    server.close()
    expect(heard.join('')).not.toMatch(/LOGIN|AUTHENTICATE|desk-pass/i)
  })
})
