import { createSocket, type Socket } from 'node:dgram'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { reverseBy } from './reverse.ts'

let server: Socket
let address = ''
const asked: string[] = []

/** Labels of a name as DNS writes them (RFC 1035, 3.1). */
const labels = (name: string) =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0]),
  ])

beforeAll(async () => {
  server = createSocket('udp4')
  server.on('message', (query, peer) => {
    const question = query.subarray(12, query.indexOf(0, 12) + 5)
    const name = question
      .subarray(0, -5)
      .toString('latin1')
      .replaceAll(/[\x00-\x1f]/g, '.')
      .slice(1)
    asked.push(name)
    if (name.startsWith('9.')) return // One that never answers.
    const known = name === '7.2.0.192.in-addr.arpa'
    const header = Buffer.alloc(12)
    query.copy(header, 0, 0, 2)
    header.writeUInt16BE(known ? 0x8180 : name.startsWith('8.') ? 0x8182 : 0x8183, 2) // No error, server failure, no such name.
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(known ? 1 : 0, 6)
    const host = labels('pay-db-01.corp.example')
    const record = Buffer.from([0xc0, 12, 0, 12, 0, 1, 0, 0, 0, 60, 0, host.length, ...host])
    server.send(Buffer.concat([header, question, known ? record : Buffer.alloc(0)]), peer.port, peer.address)
  })
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
  address = `127.0.0.1:${server.address().port}`
})
afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())))

const forever = new AbortController().signal

test('the name of an address, asked of the server that was named', async () => {
  expect(await reverseBy([address])('192.0.2.7', forever)).toEqual(['pay-db-01.corp.example'])
  expect(asked).toContain('7.2.0.192.in-addr.arpa')
  expect(await reverseBy([address])('2001:db8::7', forever)).toEqual([])
  expect(asked.at(-1)).toBe(`7.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`)
})

test('no such name is an empty list; a server that fails is a failure', async () => {
  expect(await reverseBy([address])('192.0.2.77', forever)).toEqual([])
  await expect(reverseBy([address])('192.0.2.8', forever)).rejects.toThrow('ESERVFAIL')
})

test('a server that does not answer is left in time, and at once when called off', async () => {
  const began = performance.now()
  await expect(reverseBy([address])('192.0.2.9', forever)).rejects.toThrow()
  expect(performance.now() - began).toBeLessThan(1_900)
  const control = new AbortController()
  setTimeout(() => control.abort(), 50)
  const again = performance.now()
  await expect(reverseBy([address])('192.0.2.9', control.signal)).rejects.toThrow('ECANCELLED')
  expect(performance.now() - again).toBeLessThan(700)
})
