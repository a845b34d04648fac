import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Dnsmasq, startDnsmasq } from '../../../test/dnsmasq.ts'
import { fixedClock } from '../../kit/clock.ts'
import type { Connector } from '../../model/connector.ts'
import { makeAsk } from '../ask.ts'
import { dns } from './index.ts'

const clock = fixedClock('2026-11-02T09:00:00.000Z')
const context = () => ({ signal: new AbortController().signal, clock })
let server: Dnsmasq
beforeAll(async () => {
  const many = Array.from({ length: 120 }, (_, n) => `--host-record=flood.example,192.0.2.${n + 1}`)
  server = await startDnsmasq([
    '--host-record=shop.example,192.0.2.7,2001:db8::7',
    '--txt-record=shop.example,v=spf1 -all',
    '--txt-record=only-text.example,hello',
    ...many,
  ])
}, 120_000)
afterAll(() => server.stop())

const open = (servers: readonly string[], timeoutMs = 4_000): Connector =>
  dns.open({ id: 'dns', title: 'DNS', settings: { servers, timeoutMs }, secret: async () => null })
const ask = (connector: Connector, question: 'names-of-address' | 'records-of-name', about: Record<string, string>) =>
  connector.ask(question, about, context())

test('a name has its addresses and texts; an address has its names', async () => {
  const connector = open([server.address])
  expect(await ask(connector, 'records-of-name', { name: 'Shop.Example.' })).toMatchObject({
    kind: 'found',
    answer: { name: 'shop.example', addresses: ['192.0.2.7', '2001:db8::7'], texts: ['v=spf1 -all'] },
  })
  for (const address of ['192.0.2.7', '::ffff:192.0.2.7', '2001:db8::7'])
    expect(await ask(connector, 'names-of-address', { address }), address).toMatchObject({
      kind: 'found',
      answer: { names: expect.arrayContaining(['shop.example']) },
    })
  expect(await ask(connector, 'records-of-name', { name: 'only-text.example' })).toMatchObject({
    answer: { addresses: [], texts: ['hello'] },
  })
})

test('what the resolver says is not there is nothing; what cannot be asked is said', async () => {
  const connector = open([server.address])
  expect(await ask(connector, 'records-of-name', { name: 'nobody.example' })).toMatchObject({ kind: 'nothing' })
  expect(await ask(connector, 'names-of-address', { address: '192.0.2.250' })).toMatchObject({ kind: 'nothing' })
  expect(await ask(connector, 'records-of-name', { name: 'not-asked.test' })).toMatchObject({ kind: 'failed' })
  for (const name of ['', 'a b', '192.0.2.7', 'x'.repeat(300), "a'; drop", '../etc'])
    expect(await ask(connector, 'records-of-name', { name }), name).toMatchObject({ kind: 'not-applicable' })
  expect(await ask(connector, 'names-of-address', { address: 'shop.example' })).toMatchObject({
    kind: 'not-applicable',
  })
})

test('a resolver that is away, keeps still or answers nonsense is a failure, never nothing', async () => {
  const gone = await startDnsmasq([])
  await gone.stop()
  const mute = createSocket('udp4')
  const babble = createSocket('udp4')
  babble.on('message', (_query, from) => babble.send(Buffer.from('no dns at all'), from.port, from.address))
  for (const socket of [mute, babble]) {
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
  }
  for (const address of [gone.address, `127.0.0.1:${mute.address().port}`, `127.0.0.1:${babble.address().port}`]) {
    const answered = await ask(open([address], 600), 'records-of-name', { name: 'shop.example' })
    expect(answered, address).toMatchObject({ kind: 'failed' })
    expect(await open([address], 600).health(context())).toMatchObject({ state: 'failing' })
  }
  mute.close()
  babble.close()
})

test('a flood of records is cut, and the answer still has the shape of its question', async () => {
  const asked = await makeAsk({ connectors: [open([server.address])], clock, news: () => undefined })(
    'records-of-name',
    { name: 'flood.example' },
    { signal: new AbortController().signal },
  )
  const answered = asked[0]?.answered
  if (answered?.kind !== 'found') throw new Error(JSON.stringify(answered))
  const answer = answered.answer as { addresses: string[] }
  expect(answer.addresses.length).toBeGreaterThan(10)
  expect(answer.addresses.length).toBeLessThanOrEqual(50)
})
