import { afterAll, describe, expect, test } from 'vitest'
import { Letter } from '../../model/letter.ts'
import { mailBytesMax } from '../../model/message.ts'

import { makeParse } from './parse.ts'

const parse = makeParse()
afterAll(() => parse.close())

const mail = Buffer.from('From: soc@heron.example\r\nSubject: Alert HR-1\r\n\r\nHost: WS-17')
const large = Buffer.concat([
  Buffer.from('From: soc@heron.example\r\nSubject: large\r\nSubject: large\r\n\r\n'),
  Buffer.alloc(20_000_000, 'a b c\r\n'),
])

describe('parse', () => {
  test('reads in a thread what readLetter reads', async () => {
    const letter = await parse(mail)
    expect(Letter.parse(letter).parts).toEqual([
      { path: 'subject', type: 'text/plain', text: 'Alert HR-1' },
      { path: '1', type: 'text/plain', text: 'Host: WS-17' },
    ])
  })
  test('a view into a larger buffer is only that view', async () => {
    const box = Buffer.concat([Buffer.from('junk'), mail, Buffer.from('\r\nmore junk')])
    expect((await parse(box.subarray(4, 4 + mail.length))).parts[1]?.text).toBe('Host: WS-17')
  })
  test('what is no mail rejects with the trouble of the thread', async () => {
    await expect(parse(new Uint8Array(0))).rejects.toMatchObject({ code: 'input.invalid' })
    await expect(parse(new Uint8Array(mailBytesMax + 1))).rejects.toMatchObject({ code: 'input.too-large' })
  })
  test('one that takes too long is killed, and its header is still a letter; the next is read as ever', async () => {
    const hasty = makeParse({ timeoutMs: 20 })
    const letter = await hasty(large)
    expect(letter.subject).toBe('large')
    expect(letter.warnings.join()).toMatch(/only the header was read.*2 Subject headers/)
    // On a busy machine even a small mail may take 20 ms.
    await expect.poll(async () => (await hasty(mail)).parts.length, { timeout: 10_000 }).toBe(2)
    await hasty.close()
  })
  test('the main thread keeps ticking meanwhile', async () => {
    let ticks = 0
    const timer = setInterval(() => ticks++, 5)
    await Promise.all([parse(large), parse(large), parse(large)])
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(5)
  })
  test('many at once all come back', async () => {
    const letters = await Promise.all(
      Array.from({ length: 300 }, (_, i) => parse(Buffer.from(`From: a@b.example\r\nSubject: ${i}\r\n\r\n`))),
    )
    expect(letters.map((letter) => letter.subject)).toEqual(Array.from({ length: 300 }, (_, i) => String(i)))
  })
})
