import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { certificatesIn } from '../../../test/certificates.ts'
import { freshLake } from '../../../test/lake.ts'
import type { Engine } from './engine.ts'
import { openEngine } from './open-engine.ts'

// A server of its own is stood for by our embedded engine, behind a door on a loopback port that asks for user and password as
// ClickHouse does: the wire, the statements and the tables are real; replication and several servers are not tried here.
const silent = { info: () => undefined, warn: () => undefined }
const { engine: behind, folder } = await freshLake()
const place = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-cluster-'))
const servers: Server[] = []
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  await rm(place, { recursive: true, force: true })
})

function pass(request: IncomingMessage, response: ServerResponse): void {
  const wanted = `Basic ${Buffer.from('lake:p@ss word').toString('base64')}`
  if (request.headers.authorization !== wanted) {
    request.resume()
    response.writeHead(403, { 'X-ClickHouse-Exception-Code': '516' })
    response.end('Code: 516. DB::Exception: lake: Authentication failed. (AUTHENTICATION_FAILED) (version 26.7.2.1)\n')
    return
  }
  const socketPath = path.join(folder, 'engine.sock')
  const onward = http.request(
    { socketPath, method: request.method, path: request.url, headers: request.headers },
    (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    },
  )
  onward.on('error', () => response.destroy())
  response.on('close', () => onward.destroy())
  request.pipe(onward)
}

async function portOf(server: Server): Promise<number> {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const port = await portOf(http.createServer({ maxHeaderSize: 2 * 1024 * 1024 }, pass))

function open(url: string): Engine {
  const engine = openEngine({ folder: place, clickhouseUrl: url, log: silent, memoryMaxMiB: 512 })
  afterAll(() => engine.close())
  return engine
}

const engine = open(`http://lake:${encodeURIComponent('p@ss word')}@127.0.0.1:${port}/default`)

test('the same statements over TCP, with user and password', async () => {
  expect(engine.where).toBe('cluster')
  const long = Array.from({ length: 20_000 }, (_, at) => `host-${at}.example.com`)
  expect(
    await engine.rows('SELECT length({long:Array(String)}) AS n, {at:DateTime64(3)} AS at', { long, at: new Date(0) }),
  ).toEqual([{ n: 20_000, at: '1970-01-01T00:00:00.000Z' }])
  let count = 0
  for await (const batch of engine.batches('SELECT number FROM numbers(100000)')) count += batch.length
  expect(count).toBe(100_000)
  await expect(engine.rows('SELECT nonsense', {}, { readOnly: true })).rejects.toMatchObject({ code: 'lake.query' })
  await expect(engine.rows("SELECT * FROM file('x')", {}, { readOnly: true })).rejects.toMatchObject({
    code: 'lake.query',
  })
  await expect(
    engine.rows('SELECT count() FROM numbers(100000000000) WHERE number % 7 = 3', {}, { timeoutMs: 200 }),
  ).rejects.toMatchObject({ code: 'lake.too-costly', details: { reason: 'time' } })
})

test('a file is sent to it: lines and records, with constants', async () => {
  await engine.command('CREATE TABLE sent (line UInt32, source String, raw String) ENGINE = Memory')
  const lines = path.join(place, 'lines')
  await writeFile(
    lines,
    Buffer.concat([Buffer.from('one\n'), Buffer.from([0x74, 0xff]), Buffer.from("\nit's three\n")]),
  )
  await engine.insertFile({
    table: 'sent',
    path: lines,
    format: 'lines',
    columns: ['line', 'raw'],
    constants: { source: "o'hara" },
  })
  const records = path.join(place, 'records')
  await writeFile(records, Buffer.from([7, 0, 0, 0, 3, 0x61, 0x0a, 0xff, 8, 0, 0, 0, 1, 0x20]))
  await engine.insertFile({
    table: 'sent',
    path: records,
    format: 'records',
    columns: ['line', 'raw'],
    constants: { source: 'r' },
  })
  // Seen from the other side.
  expect(await behind.rows('SELECT line, source, hex(raw) AS raw FROM sent ORDER BY source, line')).toEqual([
    { line: 0, source: "o'hara", raw: '6F6E65' },
    { line: 1, source: "o'hara", raw: '74FF' },
    { line: 2, source: "o'hara", raw: '69742773207468726565' },
    { line: 7, source: 'r', raw: '610AFF' },
    { line: 8, source: 'r', raw: '20' },
  ])
  await expect(
    engine.insertFile({ table: 'sent', path: path.join(place, 'none'), format: 'lines', columns: ['raw'] }),
  ).rejects.toMatchObject({ code: 'file.unreadable' })
})

test('a wrong password and a server that is not there are told apart from an empty lake', async () => {
  const wrong = open(`http://lake:wrong@127.0.0.1:${port}`)
  await expect(wrong.rows('SELECT 1')).rejects.toMatchObject({
    code: 'lake.unreachable',
    details: { problem: 'the cluster refuses this user' },
  })
  const nobody = open('http://lake:wrong@127.0.0.1:1')
  await expect(nobody.rows('SELECT 1')).rejects.toMatchObject({ code: 'lake.unreachable' })
})

test('over TLS the certificate is checked', async () => {
  certificatesIn(place)
  const read = (name: string): Buffer => readFileSync(path.join(place, name))
  const tls = { key: read('server.key'), cert: read('server.pem'), maxHeaderSize: 2 * 1024 * 1024 }
  const secure = await portOf(https.createServer(tls, pass))
  const url = `https://lake:${encodeURIComponent('p@ss word')}@localhost:${secure}`
  const stranger = open(url)
  await expect(stranger.rows('SELECT 1')).rejects.toMatchObject({ code: 'lake.unreachable' })
  // The authorities a program trusts are fixed when it starts.
  const script = `
    const { openEngine } = await import(${JSON.stringify(path.join(import.meta.dirname, 'open-engine.ts'))})
    const engine = openEngine({ folder: '.', clickhouseUrl: ${JSON.stringify(url)}, log: { info() {}, warn() {} }, memoryMaxMiB: 512 })
    console.log(JSON.stringify(await engine.rows('SELECT 1 AS one')))
    await engine.close()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { NODE_EXTRA_CA_CERTS: path.join(place, 'ca.pem') },
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  expect(await once(child, 'exit')).toEqual([0, null])
  expect(said).toBe('[{"one":1}]\n')
})
