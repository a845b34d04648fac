import { request as ask } from 'node:http'
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { boundBodies } from './bodies.ts'
import { answerProblems } from './problems.ts'

let app: FastifyInstance
let port: number

beforeEach(async () => {
  app = Fastify({ forceCloseConnections: true })
  answerProblems(app)
  boundBodies(app, { bytesMax: 1000, strangersMax: 100 })
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer', bodyLimit: 600 }, (_request, body, done) =>
    done(null, body),
  )
  const handler = async ({ body }: { body: unknown }) => ({ bytes: (body as Buffer).length })
  app.post('/known', { config: { access: 'provider-key' } }, handler)
  app.post('/stranger', { config: { access: 'public' } }, handler)
  await app.listen({ port: 0, host: '127.0.0.1' })
  port = (app.server.address() as AddressInfo).port
})
afterEach(async () => app.close())

/** A post that can be held half sent. A `length` of null sends it in chunks, without saying how long it is. */
function open(path: string, length: number | null) {
  const headers = {
    'content-type': 'application/octet-stream',
    ...(length === null ? { 'transfer-encoding': 'chunked' } : { 'content-length': length }),
  }
  const sending = ask({ host: '127.0.0.1', port, path, method: 'POST', headers, agent: false })
  const answer = new Promise<{ status: number; retryAfter: string | undefined; body: string }>((resolve, reject) => {
    sending.on('error', reject)
    sending.on('response', (response) => {
      let body = ''
      response.on('data', (chunk) => {
        body += String(chunk)
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], body }),
      )
    })
  })
  const write = async (bytes: number): Promise<void> => {
    await new Promise<void>((resolve, reject) =>
      sending.write(Buffer.alloc(bytes, 97), (error) => (error == null ? resolve() : reject(error))),
    )
    // Loopback is quick, but another turn of the server has to see it.
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return { write, end: () => sending.end(), destroy: () => sending.destroy(), answer }
}

const whole = async (path: string, bytes: number, length: number | null = bytes) => {
  const sending = open(path, length)
  await sending.write(bytes)
  sending.end()
  return sending.answer
}

test('bodies held at once are counted as they arrive, and given back when answered', async () => {
  const half = open('/known', 600)
  await half.write(500)
  expect(await whole('/known', 501)).toMatchObject({ status: 503, retryAfter: '5' })
  expect(await whole('/known', 500)).toMatchObject({ status: 200, body: '{"bytes":500}' })
  await half.write(100)
  half.end()
  expect(await half.answer).toMatchObject({ status: 200, body: '{"bytes":600}' })
  expect(await whole('/known', 501)).toMatchObject({ status: 200 })
})

test('a body that does not say its length is refused when it grows too large', async () => {
  const half = open('/known', 600)
  await half.write(500)
  expect(await whole('/known', 400, null)).toMatchObject({ status: 200 })
  expect(await whole('/known', 550, null)).toMatchObject({ status: 503, retryAfter: '5' })
  await half.write(100)
  half.end()
  expect((await half.answer).status).toBe(200)
})

test('a sender that goes away, and one that sends too much, hold nothing afterwards', async () => {
  const gone = open('/known', 600)
  gone.answer.catch(() => undefined)
  await gone.write(500)
  gone.destroy()
  expect((await whole('/known', 601, null)).status).toBe(413)
  await new Promise((resolve) => setTimeout(resolve, 50))
  const [one, two] = [open('/known', 500), open('/known', 500)]
  await Promise.all([one.write(500), two.write(500)])
  one.end()
  two.end()
  expect([(await one.answer).status, (await two.answer).status]).toEqual([200, 200])
})

test('strangers have a purse of their own', async () => {
  const half = open('/stranger', 100)
  await half.write(90)
  expect((await whole('/stranger', 20)).status).toBe(503)
  expect((await whole('/known', 600)).status).toBe(200)
  half.destroy()
  half.answer.catch(() => undefined)
})
