import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import nodemailer from 'nodemailer'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import type { Raw, Receive } from '../../model/message.ts'
import { mailBytesMax } from '../../model/message.ts'
import type { SmtpDoor, SmtpDoorOptions } from './door.ts'
import { makeSmtpDoor } from './door.ts'

const log = { info: () => undefined, warn: () => undefined }
let doors: SmtpDoor[] = []
afterEach(async () => {
  for (const door of doors) await door.close()
  doors = []
})

/** Keeps what it is given, as the database would. */
function shelf(): { kept: Raw[]; receive: Receive } {
  const kept: Raw[] = []
  return {
    kept,
    receive: async (raw) => {
      kept.push(raw)
      return { id: sha256Hex(raw.bytes), fresh: true }
    },
  }
}

async function open(
  receive: Receive,
  change: Partial<SmtpDoorOptions['config']> = {},
  limits: Pick<SmtpDoorOptions, 'bufferedBytesMax'> = {},
) {
  const door = makeSmtpDoor({
    ...limits,
    config: {
      host: '127.0.0.1',
      port: 0,
      recipients: ['desk@example.com', '@alerts.example.com'],
      requireTls: false,
      ...change,
    },
    receive,
    log,
  })
  await door.listen()
  doors.push(door)
  const address = door.address()
  if (address === null) throw new Error('the door does not listen')
  return address
}

/** A conversation by hand: says each line when the answer to the one before has come; answers what was heard. */
function talk(port: number, lines: readonly (string | Buffer)[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const heard: string[] = []
    const socket = net.connect(port, '127.0.0.1')
    let next = 0
    let pending = ''
    socket.setTimeout(20_000, () => socket.destroy(new Error(`nothing came after ${heard.join(' / ')}`)))
    socket.on('data', (chunk) => {
      pending += chunk.toString()
      for (let end = pending.indexOf('\n'); end >= 0; end = pending.indexOf('\n')) {
        const line = pending.slice(0, end).trimEnd()
        pending = pending.slice(end + 1)
        if (/^\d{3}-/.test(line)) continue
        heard.push(line)
        const say = lines[next++]
        if (say === undefined) socket.end()
        else socket.write(say)
      }
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(heard))
  })
}
const codes = (heard: readonly string[]) => heard.map((line) => Number(line.slice(0, 3)))
const envelope = [
  'EHLO mx.heron.example\r\n',
  'MAIL FROM:<soc@heron.example>\r\n',
  'RCPT TO:<desk@example.com>\r\n',
  'DATA\r\n',
]
const mail = 'From: soc@heron.example\r\nTo: desk@example.com\r\nSubject: Alert HR-1\r\n\r\nHost: WS-17\r\n'

describe('a real client', () => {
  test('is told 250 with the digest after the message was committed, not before', async () => {
    const { kept, receive } = shelf()
    let committed = false
    const { port } = await open(async (raw) => {
      await new Promise((resolve) => setTimeout(resolve, 150))
      committed = true
      return receive(raw)
    })
    const client = nodemailer.createTransport({ host: '127.0.0.1', port, secure: false })
    const sent = await client.sendMail({
      envelope: { from: 'soc@heron.example', to: ['Desk@Example.com', 'any@alerts.example.com'] },
      raw: mail,
    })
    expect(committed).toBe(true)
    const [raw] = kept
    expect(Buffer.from(raw?.bytes ?? []).toString()).toBe(mail)
    expect(sent.response).toBe(`250 2.0.0 Stored as ${sha256Hex(raw?.bytes ?? '')}`)
    expect(raw).toMatchObject({
      form: 'mail',
      channel: 'smtp',
      sourceAddress: '127.0.0.1',
      envelopeFrom: 'soc@heron.example',
      envelopeTo: ['Desk@example.com', 'any@alerts.example.com'],
      providerId: null,
    })
    expect(raw?.heloName).toBeTruthy()
  })
  test('300 mails over pooled connections all arrive, each once', async () => {
    const { kept, receive } = shelf()
    const { port } = await open(receive)
    const client = nodemailer.createTransport({
      host: '127.0.0.1',
      port,
      secure: false,
      pool: true,
      maxConnections: 5,
      maxMessages: 1000,
    })
    const raws = Array.from({ length: 300 }, (_, i) => `${mail}number ${i}\r\n`)
    await Promise.all(
      raws.map((raw) => client.sendMail({ envelope: { from: 'soc@heron.example', to: 'desk@example.com' }, raw })),
    )
    client.close()
    expect(kept.map((raw) => Buffer.from(raw.bytes).toString()).sort()).toEqual(raws.sort())
  })
  test('may write addresses and text in UTF-8 (SMTPUTF8, 8BITMIME)', async () => {
    const { kept, receive } = shelf()
    const { port } = await open(receive, { recipients: ['büro@example.com'] })
    const client = nodemailer.createTransport({ host: '127.0.0.1', port, secure: false })
    await client.sendMail({
      envelope: { from: 'schütz@heron.example', to: 'büro@example.com' },
      raw: Buffer.from('From: schütz@heron.example\r\n\r\nGrüße\r\n'),
    })
    expect(kept[0]?.envelopeTo).toEqual(['büro@example.com'])
    expect(Buffer.from(kept[0]?.bytes ?? []).toString()).toContain('Grüße')
  })
})

describe('refused', () => {
  test('recipients that are not ours: 550, and the others still get theirs', async () => {
    const { kept, receive } = shelf()
    const { port } = await open(receive)
    const heard = await talk(port, [
      'EHLO x\r\n',
      'MAIL FROM:<a@b.example>\r\n',
      'RCPT TO:<ceo@example.com>\r\n',
      'RCPT TO:<x@evilalerts.example.com>\r\n',
      'RCPT TO:<desk@example.com>\r\n',
      'DATA\r\n',
      `${mail}.\r\n`,
      'QUIT\r\n',
    ])
    expect(codes(heard)).toEqual([220, 250, 250, 550, 550, 250, 354, 250, 221])
    expect(kept[0]?.envelopeTo).toEqual(['desk@example.com'])
  })
  test('signing in is not offered', async () => {
    const { port } = await open(shelf().receive)
    expect(codes(await talk(port, ['EHLO x\r\n', 'AUTH PLAIN AGEAYg==\r\n', 'QUIT\r\n']))).toEqual([220, 250, 500, 221])
  })
  test.each<[string, Error, number]>([
    ['the database is gone', new Trouble('database.unreachable'), 451],
    ['the disk is full', new Trouble('disk.full'), 452],
    ['anything else', new TypeError('secret detail'), 451],
  ])('when %s the sender is told to come again, and nothing inside is told', async (_, error, code) => {
    const { port } = await open(() => Promise.reject(error))
    const heard = await talk(port, [...envelope, `${mail}.\r\n`, 'QUIT\r\n'])
    expect(codes(heard)).toEqual([220, 250, 250, 250, 354, code, 221])
    expect(heard.join()).not.toMatch(/secret|unreachable/)
  })
  test('more than 25 MB: 552 when declared, 552 when sent all the same, and the connection goes on', async () => {
    const { kept, receive } = shelf()
    const { port } = await open(receive)
    expect(
      codes(await talk(port, ['EHLO x\r\n', `MAIL FROM:<a@b.example> SIZE=${mailBytesMax + 1}\r\n`, 'QUIT\r\n'])),
    ).toEqual([220, 250, 552, 221])
    const big = Buffer.concat([
      Buffer.from('Subject: big\r\n\r\n'),
      Buffer.alloc(mailBytesMax, 'x'.repeat(998).concat('\r\n')),
      Buffer.from('\r\n.\r\n'),
    ])
    const again = envelope.slice(1)
    expect(codes(await talk(port, [...envelope, big, ...again, `${mail}.\r\n`, 'QUIT\r\n']))).toEqual([
      220, 250, 250, 250, 354, 552, 250, 250, 354, 250, 221,
    ])
    expect(kept).toHaveLength(1)
  })
  test('what waits to be stored counts as held: more than the bound is put off, and room comes back with the commit', async () => {
    const { kept, receive } = shelf()
    let commit = (): void => undefined
    const slow = new Promise<void>((resolve) => {
      commit = resolve
    })
    const waiting: Raw[] = []
    const { port } = await open(
      async (raw) => {
        waiting.push(raw)
        await slow
        return receive(raw)
      },
      {},
      { bufferedBytesMax: 3000 },
    )
    const large = `${mail}${'x'.repeat(98).concat('\r\n').repeat(20)}.\r\n`
    const first = talk(port, [...envelope, large, 'QUIT\r\n'])
    while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(codes(await talk(port, [...envelope, large, 'QUIT\r\n']))).toEqual([220, 250, 250, 250, 354, 452, 221])
    commit()
    expect(codes(await first)).toEqual([220, 250, 250, 250, 354, 250, 221])
    expect(codes(await talk(port, [...envelope, large, 'QUIT\r\n']))).toEqual([220, 250, 250, 250, 354, 250, 221])
    expect(kept).toHaveLength(2)
  })
  test('connections broken off in the middle of a mail give their room back', async () => {
    const { port } = await open(shelf().receive, {}, { bufferedBytesMax: 5000 })
    for (let i = 0; i < 5; i++) {
      await new Promise<void>((resolve) => {
        const socket = net.connect(port, '127.0.0.1')
        socket.on('close', () => resolve())
        socket.on('error', () => undefined)
        let said = 0
        socket.on('data', () => {
          const say = envelope[said++]
          if (say !== undefined) socket.write(say)
          else
            socket.write('x'.repeat(98).concat('\r\n').repeat(20), () => setTimeout(() => socket.resetAndDestroy(), 30))
        })
      })
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
    const large = `${mail}${'x'.repeat(98).concat('\r\n').repeat(20)}.\r\n`
    expect(codes(await talk(port, [...envelope, large, 'QUIT\r\n']))).toEqual([220, 250, 250, 250, 354, 250, 221])
  })
  test('the 21st connection of one address', async () => {
    const { port } = await open(shelf().receive)
    const held = await Promise.all(
      Array.from(
        { length: 20 },
        () =>
          new Promise<net.Socket>((resolve) => {
            const socket = net.connect(port, '127.0.0.1', () => undefined)
            socket.once('data', () => resolve(socket))
          }),
      ),
    )
    expect(codes(await talk(port, []))).toEqual([421])
    for (const socket of held) socket.destroy()
    await expect.poll(async () => codes(await talk(port, ['QUIT\r\n']))[0], { timeout: 5000 }).toBe(220)
  })
  test('a client that talks before the greeting', async () => {
    const { port } = await open(shelf().receive)
    const heard = await new Promise<string>((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => socket.write('EHLO x\r\n'))
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk.toString()
      })
      socket.on('close', () => resolve(text))
    })
    expect(heard).toMatch(/^421/)
  })
})

describe('bytes are bytes', () => {
  test.each(['\n.\n', '\n.\r\n', '\r.\r', '\r\n.\r', '\r\n.\n', '\0\r\n'])(
    '%j in the text ends nothing and smuggles nothing',
    async (sequence) => {
      const { kept, receive } = shelf()
      const { port } = await open(receive)
      const smuggled = `${mail}before${sequence}MAIL FROM:<ceo@example.com>\r\nRCPT TO:<desk@example.com>\r\nDATA\r\nFrom: ceo@example.com\r\n\r\nplanted\r\n`
      const heard = await talk(port, [...envelope, `${smuggled}.\r\n`, 'QUIT\r\n'])
      expect(codes(heard)).toEqual([220, 250, 250, 250, 354, 250, 221])
      expect(kept).toHaveLength(1)
      expect(Buffer.from(kept[0]?.bytes ?? []).toString('latin1')).toContain('planted')
    },
  )
})

describe('TLS', () => {
  let folder = ''
  let tls = { certFile: '', keyFile: '' }
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'smtp-door-'))
    tls = { certFile: path.join(folder, 'cert.pem'), keyFile: path.join(folder, 'key.pem') }
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-subj',
        '/CN=localhost',
        '-days',
        '2',
        '-out',
        tls.certFile,
        '-keyout',
        tls.keyFile,
      ],
      { stdio: 'ignore' },
    )
    return () => rmSync(folder, { recursive: true })
  })
  test('required: 530 without it, 250 with it', async () => {
    const { kept, receive } = shelf()
    const { port } = await open(receive, { tls, requireTls: true })
    expect(codes(await talk(port, ['EHLO x\r\n', 'MAIL FROM:<a@b.example>\r\n', 'QUIT\r\n']))).toEqual([
      220, 250, 530, 221,
    ])
    const client = nodemailer.createTransport({
      host: '127.0.0.1',
      port,
      secure: false,
      requireTLS: true,
      tls: { rejectUnauthorized: false },
    })
    await client.sendMail({ envelope: { from: 'soc@heron.example', to: 'desk@example.com' }, raw: mail })
    expect(kept).toHaveLength(1)
  })
  test('required without a certificate, or with one that is not there, does not open', () => {
    const make = (config: Partial<SmtpDoorOptions['config']>) => () =>
      makeSmtpDoor({
        config: { host: '127.0.0.1', port: 0, recipients: ['desk@example.com'], requireTls: true, ...config },
        receive: shelf().receive,
        log,
      })
    expect(make({})).toThrowError(expect.objectContaining({ code: 'input.invalid' }) as Error)
    expect(make({ tls: { certFile: '/nonexistent/c', keyFile: '/nonexistent/k' } })).toThrowError(
      expect.objectContaining({ code: 'file.unreadable' }) as Error,
    )
  })
  test('without a certificate STARTTLS is not offered', async () => {
    const { port } = await open(shelf().receive)
    expect(codes(await talk(port, ['EHLO x\r\n', 'STARTTLS\r\n', 'QUIT\r\n']))).toEqual([220, 250, 500, 221])
  })
})

test('a taken port is said by its number', async () => {
  const { port } = await open(shelf().receive)
  const second = makeSmtpDoor({
    config: { host: '127.0.0.1', port, recipients: ['a@b.example'], requireTls: false },
    receive: shelf().receive,
    log,
  })
  await expect(second.listen()).rejects.toMatchObject({ code: 'input.invalid', details: { port } })
})
