import { execFileSync } from 'node:child_process'
import dgram from 'node:dgram'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { certificatesIn } from '../../../test/certificates.ts'
import { SyslogDoor as SyslogConfig } from '../../config/config.ts'
import { systemClock } from '../../kit/clock.ts'
import { Trouble } from '../../kit/errors.ts'
import { type LogBatch, lineBytesMax } from '../../model/lake.ts'
import { openSyslogDoor, type SyslogDoor, type SyslogDoorOptions } from './door.ts'

const silent = { info: () => undefined, warn: () => undefined }
const local = [{ from: ['127.0.0.0/8', '::1'], source: 'here' }]
const doors: SyslogDoor[] = []
const sockets: net.Socket[] = []
let folder: string

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'syslog-door-'))
  certificatesIn(folder)
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(doors.splice(0).map((door) => door.close()))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A lake that keeps what it is given, and can be told to refuse. */
function lake() {
  const batches: LogBatch[] = []
  const state = { full: false }
  return {
    batches,
    state,
    lines: () => batches.flatMap((batch) => batch.lines.map((line) => Buffer.from(line).toString('latin1'))),
    takeLogs: async (batch: LogBatch): Promise<void> => {
      if (state.full) throw new Trouble('lake.full')
      batches.push(batch)
    },
  }
}

async function open(config: object, options: Partial<SyslogDoorOptions> = {}) {
  const kept = lake()
  const door = await openSyslogDoor({
    config: SyslogConfig.parse({ sources: local, ...config }),
    takeLogs: kept.takeLogs,
    clock: systemClock,
    log: silent,
    ...options,
  })
  doors.push(door)
  const news = await door.news()
  return { ...kept, door, port: news.tcp?.port ?? news.tls?.port ?? news.udp?.port ?? 0 }
}

async function connect(port: number): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.once('connect', resolve))
  return socket
}

function datagrams(port: number, messages: readonly (string | Buffer)[]): Promise<unknown> {
  const socket = dgram.createSocket('udp4')
  const sending = messages.map(
    (message) =>
      new Promise<void>((resolve, reject) =>
        socket.send(message, port, '127.0.0.1', (error) => (error === null ? resolve() : reject(error))),
      ),
  )
  return Promise.all(sending).finally(() => socket.close())
}

describe('over UDP', () => {
  test('a datagram is a line, with its sender and the source of its range', async () => {
    const { lines, port, batches, door } = await open({ udp: 0 })
    await datagrams(port, ['<13>one\n', Buffer.from([0x3c, 0x31, 0x3e, 0xff]), '<13>two\nthree', '\n'])
    await expect.poll(() => lines()).toEqual(['<13>one', '<1>\xff', '<13>two\nthree'])
    expect(batches[0]).toMatchObject({ source: 'here', peer: '127.0.0.1', position: null })
    expect((await door.news()).udp).toMatchObject({ datagrams: 4, dropped: 0, droppedByKernel: 0 })
  })

  test('while the lake is full what fits into memory is kept, the rest is dropped and counted, and all that was kept comes later', async () => {
    const { lines, state, port, door } = await open({ udp: 0 }, { limits: { waitingBytesMax: 40_000 } })
    state.full = true
    for (let n = 0; n < 20; n += 1) await datagrams(port, [`<13>${n} ${'x'.repeat(1000)}`])
    await expect.poll(async () => (await door.news()).udp?.datagrams).toBe(20)
    const { dropped } = (await door.news()).udp ?? { dropped: 0 }
    expect(dropped).toBeGreaterThan(0)
    expect((await door.news()).refusing).toContain('lake.full')
    state.full = false
    await expect.poll(() => lines().length, { timeout: 5000 }).toBe(20 - dropped)
    expect((await door.news()).refusing).toBeNull()
  })

  test('a sender that no range names is refused, counted and named', async () => {
    const { lines, port, door } = await open({ udp: 0, sources: [{ from: ['192.0.2.0/24'], source: 'far' }] })
    await datagrams(port, ['<13>one', '<13>two'])
    await expect.poll(async () => (await door.news()).refused.count).toBe(2)
    expect((await door.news()).refused.senders).toMatchObject([{ address: '127.0.0.1', count: 2 }])
    expect(lines()).toEqual([])
  })

  test('what the kernel drops is told where it tells', async () => {
    const { port, door, state } = await open({ udp: 0 })
    state.full = true
    const flood = Array.from({ length: 400 }, () => Buffer.alloc(60_000, 0x61))
    // Sent by another process while this one cannot read: its buffer overflows.
    const sender = `const s=require('dgram').createSocket('udp4');const b=Buffer.alloc(60000,97);let n=0;
      const go=()=>n++<${flood.length}?s.send(b,${port},'127.0.0.1',go):s.close();go()`
    execFileSync(process.execPath, ['-e', sender])
    const { droppedByKernel } = (await door.news()).udp ?? { droppedByKernel: null }
    if (process.platform === 'linux') expect(droppedByKernel).toBeGreaterThan(0)
    else expect(droppedByKernel).toBeNull()
    state.full = false
  })
})

describe('over TCP', () => {
  test('counted and newline messages of one connection come in order, whole, with the last one that has no end', async () => {
    const { lines, port } = await open({ tcp: 0 })
    const socket = await connect(port)
    socket.write('<1>a\n6 <2>b\nc<3>d\n')
    await expect.poll(() => lines()).toEqual(['<1>a', '<2>b\nc', '<3>d'])
    socket.end('<4>no end')
    await expect.poll(() => lines().at(-1)).toBe('<4>no end')
  })

  test('a line of 3 MiB is kept in pieces, byte for byte', async () => {
    const { batches, port } = await open({ tcp: 0 })
    const socket = await connect(port)
    const long = Buffer.alloc(3 * lineBytesMax + 5, 'abcdefg')
    socket.write(Buffer.concat([long, Buffer.from('\nnext\n')]))
    await expect.poll(() => batches.flatMap((batch) => batch.lines).length).toBe(5)
    const lines = batches.flatMap((batch) => batch.lines)
    expect(lines.map((line) => line.length)).toEqual([lineBytesMax, lineBytesMax, lineBytesMax, 5, 4])
    expect(Buffer.concat(lines.slice(0, 4)).equals(long)).toBe(true)
  })

  test('while the lake is full we stop reading, the sender waits, and nothing is lost or doubled', async () => {
    const { lines, state, port, door } = await open({ tcp: 0 }, { limits: { windowBytesMax: 64 * 1024 } })
    state.full = true
    const socket = await connect(port)
    const sent = Array.from({ length: 40_000 }, (_, n) => `<13>${n} ${'x'.repeat(500)}`)
    let written = 0
    socket.write(sent.map((line) => `${line}\n`).join(''), () => {
      written += 1
    })
    await new Promise((resolve) => setTimeout(resolve, 400))
    // 20 MB do not fit into the window and the buffers of two sockets.
    expect(written).toBe(0)
    expect((await door.news()).refusing).toContain('lake.full')
    expect(lines()).toEqual([])
    state.full = false
    await expect.poll(() => lines().length, { timeout: 10_000 }).toBe(sent.length)
    expect(lines()).toEqual(sent)
  })

  test('one that stops in the middle of a line is kept as far as it came, and the connection stays', async () => {
    const { lines, port } = await open({ tcp: 0 }, { limits: { unfinishedMsMax: 100, sweepMs: 50 } })
    const socket = await connect(port)
    socket.write('<1>half')
    await expect.poll(() => lines()).toEqual(['<1>half'])
    socket.write(' rest\n<2>b\n')
    await expect.poll(() => lines()).toEqual(['<1>half', ' rest', '<2>b'])
  })

  test('connections are bounded for each address and in all, and others are served on', async () => {
    const { lines, port, door } = await open({ tcp: 0 }, { limits: { connectionsPerPeerMax: 2, connectionsMax: 4 } })
    const first = await connect(port)
    await connect(port)
    const third = await connect(port)
    await new Promise((resolve) => third.once('close', resolve))
    expect((await door.news()).tcp).toMatchObject({ connections: 2, tooMany: 1 })
    first.write('<1>still here\n')
    await expect.poll(() => lines()).toEqual(['<1>still here'])
    first.destroy()
    await expect.poll(async () => (await door.news()).tcp?.connections).toBe(1)
    const again = await connect(port)
    again.write('<1>again\n')
    await expect.poll(() => lines()).toEqual(['<1>still here', '<1>again'])
  })

  test('a sender that no range names is hung up on', async () => {
    const { port, door } = await open({ tcp: 0, sources: [{ from: ['192.0.2.0/24'], source: 'far' }] })
    const socket = await connect(port)
    await new Promise((resolve) => socket.once('close', resolve))
    expect((await door.news()).refused.count).toBe(1)
  })

  test('senders that no range names belong to `otherwise`, where there is one', async () => {
    const { batches, port } = await open({ tcp: 0, sources: [], otherwise: 'rest' })
    const socket = await connect(port)
    socket.write('<1>a\n')
    await expect.poll(() => batches[0]?.source).toBe('rest')
  })

  test('on closing, what was read is handed over before the door is shut', async () => {
    const { lines, port, door } = await open({ tcp: 0 })
    const socket = await connect(port)
    await new Promise((resolve) => socket.write('<1>a\n<2>begun', resolve))
    await expect.poll(() => lines()).toEqual(['<1>a'])
    await door.close()
    expect(lines()).toEqual(['<1>a', '<2>begun'])
  })
})

describe('over TLS', () => {
  const files = () => ({ certFile: path.join(folder, 'server.pem'), keyFile: path.join(folder, 'server.key') })
  const ca = () => readFileSync(path.join(folder, 'ca.pem'))

  async function secure(port: number, more: tls.ConnectionOptions = {}): Promise<tls.TLSSocket> {
    const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ca: ca(), ...more })
    sockets.push(socket)
    socket.on('error', () => undefined)
    await new Promise((resolve) => {
      socket.once('secureConnect', resolve)
      socket.once('close', resolve)
    })
    return socket
  }

  test('counted messages come (RFC 5425)', async () => {
    const { lines, port } = await open({ tls: { port: 0, ...files() } })
    const socket = await secure(port)
    socket.write('5 <1>ab6 <2>cde')
    await expect.poll(() => lines()).toEqual(['<1>ab', '<2>cde'])
  })

  test('with clientCaFile only senders with a certificate of it are heard', async () => {
    const config = { tls: { port: 0, ...files(), clientCaFile: path.join(folder, 'ca.pem') } }
    const { lines, port, door } = await open(config)
    const stranger = await secure(port)
    stranger.write('<1>stranger\n')
    await expect.poll(async () => (await door.news()).tls?.handshakesFailed).toBe(1)
    const known = await secure(port, {
      cert: readFileSync(path.join(folder, 'client.pem')),
      key: readFileSync(path.join(folder, 'client.key')),
    })
    known.write('<1>known\n')
    await expect.poll(() => lines()).toEqual(['<1>known'])
  })

  test('who speaks no TLS is hung up on and counted', async () => {
    const { lines, port, door } = await open({ tls: { port: 0, ...files() } })
    const socket = await connect(port)
    socket.write('<1>plain\n')
    await expect.poll(async () => (await door.news()).tls?.handshakesFailed).toBe(1)
    expect(lines()).toEqual([])
  })
})

describe('what is set up wrongly is said at the start', () => {
  test.each<[string, object, string]>([
    ['a range', { tcp: 0, sources: [{ from: ['10.0.0.0/33'], source: 'x' }] }, '10.0.0.0/33'],
    ['a source', { tcp: 0, sources: [{ from: ['10.0.0.0/8'], source: 'Not Good' }] }, 'Not Good'],
    ['the other source', { tcp: 0, otherwise: '' }, 'cannot name a source'],
  ])('%s', async (_name, config, words) => {
    await expect(open(config)).rejects.toMatchObject({
      code: 'input.invalid',
      details: { problem: expect.stringContaining(words) },
    })
  })

  test('a port that is taken, and then none stays open', async () => {
    const { port } = await open({ tcp: 0 })
    await expect(open({ udp: port + 0, tcp: port })).rejects.toMatchObject({ code: 'input.invalid', details: { port } })
    await expect(open({ udp: port })).resolves.toBeDefined()
  })

  test('a certificate that is not there, and one that is none', async () => {
    const missing = path.join(folder, 'missing.pem')
    await expect(open({ tls: { port: 0, certFile: missing, keyFile: missing } })).rejects.toMatchObject({
      code: 'file.unreadable',
    })
    const none = path.join(folder, 'client.csr')
    await expect(open({ tls: { port: 0, certFile: none, keyFile: none } })).rejects.toMatchObject({
      code: 'input.invalid',
    })
  })
})
