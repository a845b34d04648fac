import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { certificatesIn } from '../../test/certificates.ts'
import { systemClock } from '../kit/clock.ts'
import { CallOut } from './call-out.ts'
import { passGreeting } from './gate.ts'

let folder: string
const file = (name: string): string => readFileSync(path.join(folder, name), 'utf8')
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'counterfoil-out-'))
  certificatesIn(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

const portOf = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
async function tellTo(port: number, ca: string) {
  const out = new CallOut({ allowAddresses: ['127.0.0.1'], ca, timeoutMs: 20_000 }, systemClock)
  const body = `{"type":"ping","timestamp":"${new Date().toISOString()}","data":{}}`
  const called = await out.tell(passGreeting(body), { method: 'POST', url: `https://127.0.0.1:${port}/`, body })
  await out.close()
  return called
}

test('a connection that breaks before it stands told nothing, whatever broke; behind what was told nobody knows', async () => {
  const heard: string[] = []
  const tls = createTlsServer({ key: file('server.key'), cert: file('server.pem') }, (socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      heard.push(chunk.toString())
      if (heard.join('').endsWith('"data":{}}')) socket.destroy()
    })
  })
  const port = await portOf(tls)
  expect((await tellTo(port, file('ca.pem'))).kind).toBe('unknown')
  expect(heard.join('')).toContain('"type":"ping"')

  heard.splice(0)
  // Of an authority that nobody named; somebody on the way who cuts the handshake off; and nobody there at all.
  expect((await tellTo(port, '')).kind).toBe('later')
  const cut = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()))
  expect((await tellTo(await portOf(cut), file('ca.pem'))).kind).toBe('later')
  for (const server of [tls, cut]) server.close()
  expect((await tellTo(port, file('ca.pem'))).kind).toBe('later')
  expect(heard).toEqual([])
})
