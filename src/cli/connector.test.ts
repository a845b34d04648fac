import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cf-connector-'))
const data = path.join(folder, 'data')
let server: Server
let seen: string[] = []
beforeAll(async () => {
  mkdirSync(data)
  server = createServer((request, response) => {
    seen.push(`${request.url} ${request.headers.authorization}`)
    const known = request.url?.includes('192.0.2.7') === true
    const ip = { id: 1, address: '192.0.2.7/24', dns_name: 'pay-db-01.example.com', assigned_object: null }
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ count: known ? 1 : 0, next: null, results: known ? [ip] : [] }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true, force: true })
})

type Ended = { readonly status: number | null; readonly stdout: string; readonly stderr: string }

// Not spawnSync: the source that is asked is in this process.
function counterfoil(...args: string[]): Promise<Ended> {
  const env = { ...process.env, COUNTERFOIL_DATA: data }
  const child = spawn(process.execPath, ['src/cli.ts', 'connector', ...args], { env })
  const texts = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (texts.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString()))
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, ...texts })))
}

test('list says what comes along and what each answers; docs/connector-catalogue.md is what --markdown prints', async () => {
  const listed = await counterfoil('list')
  expect(listed.stdout).toContain('CrowdStrike Falcon')
  expect(listed.stdout).toContain('alerts-of-own-detections')
  const page = await counterfoil('list', '--markdown')
  expect(page.status).toBe(0)
  expect(page.stdout).toBe(readFileSync('docs/connector-catalogue.md', 'utf8'))
})

test('check says all that is wrong with a file, and exits 1; the catalogue is right', async () => {
  const file = path.join(folder, 'wrong.yaml')
  writeFileSync(file, readFileSync('content/connectors/example-cmdb.yaml', 'utf8').replaceAll('{host}', '{hots}'))
  const wrong = await counterfoil('check', file)
  expect(wrong.stdout).toContain('asset-of-host: {hots} is no field of the ask')
  expect(wrong.status).toBe(1)
  const right = await counterfoil('check', 'content/connectors', '--json')
  expect(right.status).toBe(0)
  expect((JSON.parse(right.stdout) as { ok: boolean }[]).length).toBeGreaterThan(20)
})

test('try asks a source that comes along, with parameters of the call or those of the settings', async () => {
  const { port } = server.address() as AddressInfo
  writeFileSync(path.join(data, 'netbox.secret'), 'n3tb0x-token\n')
  const use = {
    use: 'netbox',
    parameters: { server: `http://127.0.0.1:${port}` },
    secret: { file: './netbox.secret' },
    ...{ allowAddresses: ['127.0.0.1'], plainHttp: true },
  }
  writeFileSync(path.join(data, 'counterfoil.yaml'), stringify({ connectors: [use] }))
  const found = await counterfoil('try', 'netbox', '--question', 'asset-of-address', 'address=192.0.2.7')
  expect(found.stdout).toContain('"name": "pay-db-01.example.com"')
  expect(found.stdout).toContain(`asked: GET http://127.0.0.1:${port}/api/ipam/ip-addresses/?address=192.0.2.7`)
  expect(found.status).toBe(0)
  expect(seen[0]).toContain('Token n3tb0x-token')
  expect(found.stdout + found.stderr).not.toContain('n3tb0x-token')
  const nothing = await counterfoil('try', 'netbox', '--question', 'asset-of-address', 'address=192.0.2.8', '--json')
  expect(JSON.parse(nothing.stdout)).toMatchObject({ answered: { kind: 'nothing' } })
})

test('try says what keeps it from asking, asks nobody then, and exits 1', async () => {
  seen = []
  writeFileSync(path.join(folder, 'k'), 'key')
  const call = [
    'try',
    'netbox',
    '--secret',
    path.join(folder, 'k'),
    '--question',
    'asset-of-address',
    'address=192.0.2.7',
  ]
  const unset = await counterfoil(...call)
  expect(unset.stderr).toContain('it needs the parameter "server": Address of NetBox')
  const plain = await counterfoil(...call, '--parameter', 'server=http://127.0.0.1:1')
  expect(plain.stderr).toContain('say plainHttp: true')
  const unknown = await counterfoil('try', 'no-such', '--question', 'asset-of-address', 'address=192.0.2.7')
  expect(unknown.stderr).toContain('the catalogue has no such description')
  expect([unset, plain, unknown].map(({ status }) => status)).toEqual([1, 1, 1])
  const wrong = await counterfoil('try', 'netbox', '--question', 'who-knows', 'x=y')
  expect(wrong.stderr).toContain('There are: ')
  expect(wrong.status).toBe(2)
  expect(seen).toEqual([])
})
