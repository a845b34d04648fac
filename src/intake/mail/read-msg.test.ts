import { burn } from '@kenjiuno/msgreader/lib/Burner.js'
import { afterAll, describe, expect, test } from 'vitest'
import { Letter } from '../../model/letter.ts'
import { makeParse } from './parse.ts'
import { readMsg } from './read-msg.ts'

const parse = makeParse()
afterAll(() => parse.close())

type Storage = { readonly [name: string]: Buffer | Storage }

/** A compound file of these streams and storages, with the writer that comes with the reader. */
function compound(tree: Storage): Buffer {
  // Entry types of MS-CFB section 2.6.1: 1 storage, 2 stream, 5 root.
  const entries: Parameters<typeof burn>[0] = [{ name: 'Root Entry', type: 5, length: 0, children: [] }]
  const add = (name: string, content: Buffer | Storage): number => {
    const at = entries.length
    if (Buffer.isBuffer(content)) {
      entries.push({ name, type: 2, length: content.length, binaryProvider: () => new Uint8Array(content) })
      return at
    }
    entries.push({ name, type: 1, length: 0, children: [] })
    for (const [inner, of] of Object.entries(content)) entries[at]?.children?.push(add(inner, of))
    return at
  }
  for (const [name, content] of Object.entries(tree)) entries[0]?.children?.push(add(name, content))
  return Buffer.from(burn(entries))
}

const unicode = (id: string, text: string) => ({ [`__substg1.0_${id}001F`]: Buffer.from(text, 'utf16le') })
const binary = (id: string, bytes: Buffer) => ({ [`__substg1.0_${id}0102`]: bytes })
/** Fixed-size properties (MS-OXMSG section 2.4.2) behind a header of `head` bytes: 32 for the message, 8 for its parts. */
function fixed(head: number, properties: readonly (readonly [tag: number, value: number])[]): Storage {
  const bytes = Buffer.alloc(head + properties.length * 16)
  properties.forEach(([tag, value], index) => {
    bytes.writeUInt32LE(tag, head + index * 16)
    bytes.writeUInt32LE(value, head + index * 16 + 8)
  })
  return { '__properties_version1.0': bytes }
}
const recipient = (name: string, address: string, kind: 1 | 2) => ({
  ...fixed(8, [[0x0c150003, kind]]),
  ...unicode('3001', name),
  ...unicode('39FE', address),
})

const message: Storage = {
  ...fixed(32, [[0x3fde0003, 1252]]),
  '__nameid_version1.0': {
    ...binary('0002', Buffer.alloc(0)),
    ...binary('0003', Buffer.alloc(0)),
    ...binary('0004', Buffer.alloc(0)),
  },
  ...unicode('001A', 'IPM.Note'),
  ...unicode('0037', 'Alert HR-77 – Größe'),
  ...unicode('0C1A', 'Blue Heron'),
  ...unicode('5D01', 'soc@heron.example'),
  ...unicode('1000', 'Host: WS-17\r\nSeverity: High\r\n'),
  ...binary('1013', Buffer.from('<table><tr><td>Host</td><td>B\xfcro-17</td></tr></table>', 'latin1')),
  '__recip_version1.0_#00000000': recipient('Desk', 'desk@example.com', 1),
  '__recip_version1.0_#00000001': recipient('Boss', 'boss@example.com', 2),
  '__attach_version1.0_#00000000': {
    ...fixed(8, [[0x37050003, 1]]),
    ...unicode('3707', 'event.json'),
    ...binary('3701', Buffer.from('{"host":"WS-17"}')),
  },
  '__attach_version1.0_#00000001': {
    ...fixed(8, [[0x37050003, 1]]),
    ...unicode('3707', 'logs.zip'),
    ...binary('3701', Buffer.from('PK')),
  },
}
const headers = [
  'From: Blue Heron <soc@heron.example>',
  'Reply-To: tickets@heron.example',
  'Message-ID: <77@heron.example>',
  'In-Reply-To: <76@heron.example>',
  'Date: Mon, 2 Nov 2026 09:15:00 +0100',
  'List-Id: <alerts.heron.example>',
  '',
].join('\r\n')

describe('an Outlook .msg', () => {
  test('is a Letter, through the same door as every mail', async () => {
    const letter = await parse(compound(message))
    expect(Letter.parse(letter)).toEqual(letter)
    expect(letter).toMatchObject({
      from: { name: 'Blue Heron', address: 'soc@heron.example' },
      to: [{ name: 'Desk', address: 'desk@example.com' }],
      cc: [{ name: 'Boss', address: 'boss@example.com' }],
      subject: 'Alert HR-77 – Größe',
    })
    expect(letter.parts).toEqual([
      { path: 'subject', type: 'text/plain', text: 'Alert HR-77 – Größe' },
      { path: '1', type: 'text/plain', text: 'Host: WS-17\nSeverity: High\n' },
      { path: '2', type: 'text/html', text: 'Host\tBüro-17' },
      { path: 'attachment:3', type: 'application/json', text: '{"host":"WS-17"}' },
    ])
    expect(letter.attachments.map((one) => [one.path, one.filename, one.sizeBytes])).toEqual([
      ['3', 'event.json', 16],
      ['4', 'logs.zip', 2],
    ])
    expect(letter.warnings).toEqual(['read from an Outlook file that kept no mail header'])
  })
  test('has the header it came with, where Outlook kept it', () => {
    expect(readMsg(compound({ ...message, ...unicode('007D', headers) }))).toMatchObject({
      messageId: '77@heron.example',
      inReplyTo: '76@heron.example',
      date: '2026-11-02T08:15:00.000Z',
      replyTo: [{ name: '', address: 'tickets@heron.example' }],
      auto: 'list',
      warnings: ['read from an Outlook file'],
    })
  })
  test('damaged anywhere it is refused by name or read with what is left, and never holds the house', async () => {
    const whole = compound(message)
    let read = 0
    for (let i = 0; i < 150; i++) {
      const bytes = Buffer.from(whole)
      // A fixed walk over the file, so that a failure can be repeated.
      for (let j = 0; j < 4; j++) bytes[(8 + i * 977 + j * 4099) % bytes.length] = (i * 31 + j * 101) % 256
      try {
        expect(Letter.safeParse(await parse(bytes)).success).toBe(true)
        read++
      } catch (error) {
        expect(error).toMatchObject({ code: 'input.invalid' })
      }
    }
    await expect(parse(whole.subarray(0, 700))).rejects.toMatchObject({ code: 'input.invalid' })
    expect(read).toBeGreaterThan(20)
    expect((await parse(whole)).parts).toHaveLength(4)
  })
})
