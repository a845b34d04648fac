import { beforeAll, describe, expect, test } from 'vitest'
import { notify } from '../../src/db/live.ts'
import { sha256Hex } from '../../src/kit/digest.ts'
import { addProvider, alertOf, apiAs, post, signedIn, until } from '../desk.ts'
import { deskHere } from '../desk-here.ts'

const { database, desk } = await deskHere()
let key: string
let lead: string
let administrator: string

beforeAll(async () => {
  key = await addProvider(desk)
  lead = (await signedIn(desk, 'lead')).cookie
  administrator = (await signedIn(desk, 'administrator')).cookie
})

const call = (method: string, url: string, cookie: string, body?: unknown) => apiAs(desk, cookie, method, url, body)

describe('a live stream', () => {
  const open = (cookie: string) =>
    fetch(`${desk.origin}/api/live`, { headers: { cookie }, signal: AbortSignal.timeout(10_000) })

  test.each([
    ['the account is shut', (id: string) => call('PATCH', `/api/users/${id}`, administrator, { disabled: true })],
    ['the role changes', (id: string) => call('PATCH', `/api/users/${id}`, administrator, { role: 'auditor' })],
    ['its person signs out', (_id: string, cookie: string) => call('POST', '/api/sign-out', cookie)],
    [
      'an administrator ends the session',
      (_id: string, _cookie: string, token: string) =>
        call('POST', `/api/sessions/${sha256Hex(token).slice(0, 32)}/revoke`, administrator),
    ],
  ])('ends at once when %s, and nobody else hears of it', async (_when, over) => {
    const { user, cookie, token } = await signedIn(desk, 'analyst')
    const [theirs, other] = [await open(cookie), await open(lead)]
    let heard = ''
    const reader = other.body?.pipeThrough(new TextDecoderStream()).getReader()
    const listening = (async () => {
      for (;;) {
        const piece = await reader?.read()
        if (piece === undefined || piece.done) return
        heard += piece.value
      }
    })()
    const from = Date.now()
    expect(await over(user.id, cookie, token)).toEqual({ done: true })
    // The body only comes to an end when the server ends it; the next beat is 20 s away.
    expect(await theirs.text()).toContain('"hello"')
    expect(Date.now() - from).toBeLessThan(5000)
    // News come in order: what is said afterwards is heard after it.
    await notify(database.db, 'queue')
    await until('the other listener to hear the next news', async () => heard.includes('"queue"'))
    expect(heard).not.toContain('user:')
    await reader?.cancel()
    await listening
  })

  test('is open ten times for one session, and again when one has ended', async () => {
    const { cookie } = await signedIn(desk, 'analyst')
    const all = await Promise.all(Array.from({ length: 12 }, () => open(cookie)))
    const streams = all.filter((one) => one.status === 200)
    expect(streams).toHaveLength(10)
    expect(all.filter((one) => one.status === 429)).toHaveLength(2)
    const elsewhere = await open(lead)
    expect(elsewhere.status).toBe(200)
    await streams[0]?.body?.cancel()
    const again = await until('a free place', async () => {
      const next = await open(cookie)
      if (next.status === 200) return next
      await next.text()
      return null
    })
    await Promise.all([...streams.slice(1), elsewhere, again].map(async (one) => one.body?.cancel()))
  })
})

test('news of an alert reach the browser, and stop when the session ends', async () => {
  const { cookie } = await signedIn(desk, 'analyst')
  const response = await fetch(`${desk.origin}/api/live`, { headers: { cookie } })
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let heard = ''
  const listening = (async () => {
    for (;;) {
      const piece = await reader?.read()
      if (piece === undefined || piece.done) return
      heard += piece.value
    }
  })()
  const id = await alertOf(
    desk,
    await post(desk, key, {
      subject: '[NW-9] Low: News',
      body: 'Ticket: NW-9\nRule: News\nSeverity: Low\nHost: ws-9\n',
    }),
  )
  await until('the news', async () => heard.includes(`alert:${id}`))
  await reader?.cancel()
  await listening
})
