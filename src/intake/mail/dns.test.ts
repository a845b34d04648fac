import { createSocket, type RemoteInfo } from 'node:dgram'
import { describe, expect, test } from 'vitest'
import { fixedClock, systemClock } from '../../kit/clock.ts'
import { bounded, cached, makeResolver } from './dns.ts'

const failure = (code: string) => Object.assign(new Error(code), { code })

describe('kept answers', () => {
  test('answers and "no such name" are kept for a while, failures never', async () => {
    const clock = fixedClock('2026-11-02T09:15:00Z')
    const asked: string[] = []
    const resolver = cached(async (name) => {
      asked.push(name)
      if (name === 'none.example') throw failure('ENOTFOUND')
      if (name === 'down.example') throw failure('ESERVFAIL')
      return [[name]]
    }, clock)
    for (let i = 0; i < 2; i++) {
      expect(await resolver('Here.example', 'TXT')).toBeTruthy()
      await expect(resolver('none.example', 'TXT')).rejects.toMatchObject({ code: 'ENOTFOUND' })
      await expect(resolver('down.example', 'TXT')).rejects.toMatchObject({ code: 'ESERVFAIL' })
    }
    expect(asked).toEqual(['Here.example', 'none.example', 'down.example', 'down.example'])
    await resolver('here.example', 'A')
    clock.set('2026-11-02T09:16:01Z')
    await expect(resolver('none.example', 'TXT')).rejects.toMatchObject({ code: 'ENOTFOUND' })
    await resolver('here.example', 'TXT')
    clock.set('2026-11-02T09:20:01Z')
    await resolver('here.example', 'TXT')
    expect(asked.slice(4)).toEqual(['here.example', 'none.example', 'here.example'])
  })
})

describe('bounded for one mail', () => {
  test('by number', async () => {
    const resolver = bounded(async () => 'x', 3, 1000, systemClock)
    for (let i = 0; i < 3; i++) expect(await resolver('a', 'TXT')).toBe('x')
    await expect(resolver('a', 'TXT')).rejects.toMatchObject({ code: 'ETIMEOUT' })
  })
  test('by time, all look-ups together', async () => {
    const resolver = bounded(() => new Promise(() => undefined), 100, 80, systemClock)
    await expect(resolver('a', 'TXT')).rejects.toMatchObject({ code: 'ETIMEOUT' })
    await expect(resolver('b', 'TXT')).rejects.toMatchObject({ code: 'ETIMEOUT' })
  })
})

test('asks the servers it is given', async () => {
  const heard: string[] = []
  const server = createSocket('udp4')
  server.on('message', (query: Buffer, from: RemoteInfo) => {
    // A reply with one TXT record to whatever was asked (RFC 1035 section 4.1).
    const question = query.subarray(12, query.indexOf(0, 12) + 5)
    heard.push(question.toString('latin1'))
    const header = Buffer.from([query[0] as number, query[1] as number, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0])
    const answer = Buffer.from([0xc0, 0x0c, 0, 16, 0, 1, 0, 0, 0, 60, 0, 6, 5, ...Buffer.from('hello')])
    server.send(Buffer.concat([header, question, answer]), from.port, from.address)
  })
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
  try {
    const resolver = makeResolver([`127.0.0.1:${server.address().port}`], systemClock)
    expect(await resolver('k1._domainkey.heron.example', 'TXT')).toEqual([['hello']])
    expect(heard.join()).toContain('heron')
  } finally {
    server.close()
  }
})
