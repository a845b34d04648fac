import { execFile } from 'node:child_process'
import http from 'node:http'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import rateLimit from '@fastify/rate-limit'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeTakeLogPost } from '../intake/logs/take.ts'
import { Trouble } from '../kit/errors.ts'
import type { LogBatch } from '../model/lake.ts'
import { boundBodies } from './bodies.ts'
import { limitsDefault } from './front.ts'
import { takeLogPosts } from './log-posts.ts'
import { answerProblems } from './problems.ts'

const batches: LogBatch[] = []
const lake = { full: false, lost: false, hold: null as Promise<void> | null }
let app: FastifyInstance
let origin: string
let keysAsked = 0

beforeEach(async () => {
  batches.length = 0
  Object.assign(lake, { full: false, lost: false, hold: null })
  keysAsked = 0
  app = Fastify()
  answerProblems(app)
  await app.register(rateLimit, {
    max: 1000,
    timeWindow: 60_000,
    errorResponseBuilder: () => new Trouble('rate.limited'),
  })
  boundBodies(app)
  const takeLogs = async (batch: LogBatch): Promise<void> => {
    await lake.hold
    if (lake.full) throw new Trouble('lake.full')
    batches.push(batch)
  }
  const door = {
    sourceOfKey: async (key: string) => {
      keysAsked += 1
      if (lake.lost) throw new Trouble('lake.unreachable')
      return { 'the-key': 'web', 'other-key': 'fw' }[key] ?? null
    },
    take: makeTakeLogPost({ takeLogs }),
    hasRoom: () => !lake.full,
  }
  await takeLogPosts(app, door, { ...limitsDefault, postsPerMinute: 60 })
  origin = await app.listen({ port: 0, host: '127.0.0.1' })
})
afterEach(() => app.close())

/** 64 MiB of blanks in 64 KB. */
const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '))

const lines = (): string[] => batches.flatMap((batch) => batch.lines.map((line) => Buffer.from(line).toString()))

type Sent = {
  readonly key?: string | null
  readonly headers?: Record<string, string>
  readonly body?: string | Uint8Array<ArrayBuffer>
}

async function post(path: string, { key = 'the-key', headers = {}, body = 'a\nb\n' }: Sent = {}) {
  const authorization: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` }
  const response = await fetch(origin + path, { method: 'POST', headers: { ...authorization, ...headers }, body })
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    answer: (await response.json()) as object,
  }
}

describe('POST /api/logs/:source', () => {
  test('lines are taken for the source of the key, and counted', async () => {
    expect(await post('/api/logs/web')).toMatchObject({ status: 200, answer: { lines: 2, bytes: 2 } })
    expect(batches).toMatchObject([{ source: 'web', peer: '127.0.0.1', position: null }])
    expect(lines()).toEqual(['a', 'b'])
  })

  test('packed, and with a name of the sender', async () => {
    const gzip = { 'content-encoding': 'gzip', 'idempotency-key': 'one' }
    expect(await post('/api/logs/web', { headers: gzip, body: gzipSync('a\nb\n') })).toMatchObject({ status: 200 })
    const zstd = { 'content-encoding': 'zstd', 'content-type': 'application/json' }
    expect(await post('/api/logs/web', { headers: zstd, body: zstdCompressSync('[{"a":1},{"b":2}]') })).toMatchObject({
      status: 200,
    })
    expect(lines()).toEqual(['a', 'b', '{"a":1}', '{"b":2}'])
    expect(batches[0]?.position).toMatch(/^http:[0-9a-f]{64}:0$/)
  })

  /** Not waited for synchronously: the server that answers is this process. */
  function curl(input: string | Buffer, ...args: string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const all = ['-sS', '--max-time', '10', '--data-binary', '@-', ...args]
      const child = execFile('curl', all, (error, stdout) => (error instanceof Error ? reject(error) : resolve(stdout)))
      child.stdin?.end(input)
    })
  }

  test('by curl, with the commands of the documentation', async () => {
    const key = ['-H', 'Authorization: Bearer the-key']
    const ours = `${origin}/api/logs/web`
    expect(await curl('one\ntwo\n', ...key, ours)).toBe('{"lines":2,"bytes":6}')
    const packed = [...key, '-H', 'Content-Encoding: gzip', '-H', 'Expect: 100-continue']
    expect(await curl(gzipSync('three\nfour\n'), ...packed, ours)).toBe('{"lines":2,"bytes":9}')
    const success = '{"text":"Success","code":0}'
    const splunk = ['-H', 'Authorization: Splunk the-key']
    expect(await curl('{"event":"five"}', ...splunk, `${origin}/services/collector/event`)).toBe(success)
    expect(await curl('{"event":"six"}', '-u', 'x:the-key', `${origin}/services/collector`)).toBe(success)
    expect(lines()).toEqual(['one', 'two', 'three', 'four', 'five', 'six'])
  })

  test.each<[string, Sent, string, number, string]>([
    ['without a key', { key: null }, 'web', 401, 'log-key.needed'],
    ['with a key of nobody', { key: 'wrong' }, 'web', 403, 'log-key.refused'],
    ['with a key of another source', { key: 'other-key' }, 'web', 403, 'log-key.refused'],
    ['for a name that is none', {}, 'No%20Source', 403, 'log-key.refused'],
    [
      'with an authorization nobody understands',
      { key: null, headers: { authorization: 'Digest x' } },
      'web',
      401,
      'log-key.needed',
    ],
    ['in an encoding nobody knows', { headers: { 'content-encoding': 'br' } }, 'web', 400, 'input.invalid'],
    ['packed and broken', { headers: { 'content-encoding': 'gzip' } }, 'web', 400, 'input.invalid'],
    ['a bomb', { headers: { 'content-encoding': 'gzip' }, body: bomb }, 'web', 413, 'input.too-large'],
  ])('%s', async (_name, sent, source, status, code) => {
    expect(await post(`/api/logs/${source}`, sent)).toMatchObject({ status, answer: { code } })
    // Of a bomb a few pieces were taken before it went off.
    expect(batches.length).toBeLessThanOrEqual(code === 'input.too-large' ? 20 : 0)
  })

  test('a full lake, and one that cannot be asked for keys, are said with when to come again', async () => {
    lake.full = true
    expect(await post('/api/logs/web')).toMatchObject({ status: 503, retryAfter: '5', answer: { code: 'lake.full' } })
    lake.lost = true
    expect(await post('/api/logs/web')).toMatchObject({ status: 503, answer: { code: 'lake.unreachable' } })
  })

  test('nothing is read of who has no key, however much there is', async () => {
    let sent = 0
    const status = await new Promise<number>((resolve, reject) => {
      const request = http.request(`${origin}/api/logs/web`, {
        method: 'POST',
        headers: { 'transfer-encoding': 'chunked' },
      })
      request.on('response', (response) => resolve(response.statusCode ?? 0))
      request.on('error', reject)
      const more = (): void => {
        if (request.destroyed || sent > 512 * 1024 * 1024) return
        sent += 1024 * 1024
        if (request.write(Buffer.alloc(1024 * 1024))) setImmediate(more)
        else request.once('drain', more)
      }
      more()
    })
    expect(status).toBe(401)
    expect(sent).toBeLessThan(64 * 1024 * 1024)
    expect(keysAsked).toBe(0)
  })

  test('a sender is read no faster than the lake takes', async () => {
    let go = (): void => undefined
    lake.hold = new Promise((resolve) => {
      go = resolve
    })
    let sent = 0
    const line = Buffer.from(`${'x'.repeat(1023)}\n`.repeat(1024))
    const done = new Promise<number>((resolve, reject) => {
      const headers = { authorization: 'Bearer the-key', 'transfer-encoding': 'chunked' }
      const request = http.request(`${origin}/api/logs/web`, { method: 'POST', headers })
      request.on('response', (response) => resolve(response.resume().statusCode ?? 0))
      request.on('error', reject)
      const more = (): void => {
        if (sent === 40 * line.length) return void request.end()
        sent += line.length
        if (request.write(line)) setImmediate(more)
        else request.once('drain', more)
      }
      more()
    })
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(sent).toBeLessThan(20 * line.length)
    go()
    expect(await done).toBe(200)
    expect(lines()).toHaveLength(40 * 1024)
  })

  test('one source has only so many requests at once, and others are served on', async () => {
    let go = (): void => undefined
    lake.hold = new Promise((resolve) => {
      go = resolve
    })
    const held = Array.from({ length: 16 }, () => post('/api/logs/web'))
    await expect.poll(() => keysAsked).toBe(16)
    expect(await post('/api/logs/web')).toMatchObject({ status: 503, retryAfter: '5', answer: { code: 'house.busy' } })
    const other = post('/api/logs/fw', { key: 'other-key' })
    go()
    expect(await other).toMatchObject({ status: 200 })
    for (const one of await Promise.all(held)) expect(one.status).toBe(200)
    expect(await post('/api/logs/web')).toMatchObject({ status: 200 })
  })

  test('guessing keys has a limit', async () => {
    const statuses = new Set<number>()
    for (let n = 0; n < 62; n += 1) statuses.add((await post('/api/logs/web', { key: `guess-${n}` })).status)
    expect([...statuses]).toEqual([403, 429])
  })
})

describe('the HTTP Event Collector', () => {
  const hec = (path: string, sent: Sent = {}) => post(`/services/collector${path}`, { body: '{"event":"a"}', ...sent })

  test.each(['', '/1.0', '/event', '/event/1.0'])('events at /services/collector%s', async (path) => {
    expect(await hec(path)).toMatchObject({ status: 200, answer: { text: 'Success', code: 0 } })
    expect(lines()).toEqual(['a'])
    expect(batches[0]).toMatchObject({ source: 'web' })
  })

  test('lines at /raw, with what the address says of them', async () => {
    expect(await hec('/raw?host=web-1&channel=x', { body: 'one\ntwo\n' })).toMatchObject({ status: 200 })
    expect(lines()).toEqual(['<14>1 - web-1 - - - - one', '<14>1 - web-1 - - - - two'])
  })

  test('several events in one body, packed', async () => {
    const body = gzipSync('{"event":"a","host":"h"}\n{"event":{"b":1}}')
    expect(await hec('', { headers: { 'content-encoding': 'gzip' }, body })).toMatchObject({ status: 200 })
    expect(lines()).toEqual(['<14>1 - h - - - - a', '{"b":1}'])
  })

  test.each<[string, Sent, number, object]>([
    ['without a key', { key: null }, 401, { code: 2, text: 'Token is required' }],
    ['with an unreadable key', { key: null, headers: { authorization: 'Splunk' } }, 401, { code: 3 }],
    ['with a key of nobody', { key: 'wrong' }, 403, { code: 4, text: 'Invalid token' }],
    ['without data', { body: '' }, 400, { code: 5, text: 'No data' }],
    ['with what is no JSON', { body: '{"event":"a"}{"event"' }, 400, { code: 6, 'invalid-event-number': 1 }],
    ['without an event', { body: '{"time":1}' }, 400, { code: 12, 'invalid-event-number': 0 }],
    ['with an empty event', { body: '{"event":""}' }, 400, { code: 13 }],
    ['too large', { headers: { 'content-encoding': 'gzip' }, body: bomb }, 413, { code: 27 }],
  ])('%s', async (_name, sent, status, answer) => {
    expect(await hec('', sent)).toMatchObject({ status, answer })
  })

  test('a full lake is "busy", with when to come again, and not healthy', async () => {
    const health = async () => (await fetch(`${origin}/services/collector/health`)).status
    expect(await health()).toBe(200)
    lake.full = true
    expect(await hec('')).toMatchObject({ status: 503, retryAfter: '5', answer: { code: 9, text: 'Server is busy' } })
    expect(await health()).toBe(503)
  })

  test('acknowledgements are not offered, and that is said', async () => {
    expect(await hec('/ack?channel=x', { body: '{"acks":[1]}' })).toMatchObject({
      status: 400,
      answer: { code: 14, text: 'ACK is disabled' },
    })
  })
})
