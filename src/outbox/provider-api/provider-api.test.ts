import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type ApiFault,
  type ApiStandIn,
  apiSecret,
  leavingEntry,
  numberThere,
  type Played,
  played,
  settingsFor,
  startProviderApi,
} from '../../../test/provider-apis.ts'
import { canonicalJson, type Json } from '../../kit/canonical-json.ts'
import { systemClock } from '../../kit/clock.ts'
import type { Egress } from '../../model/egress.ts'
import { apiAnswerForm } from '../../model/provider-api.ts'
import { providerApi } from '../../providers/apis.ts'
import { passNumberAsk, passTokenAsk } from '../gate.ts'
import { openProviderApi } from './index.ts'
import type { Tokens } from './sign-in.ts'

/** Each vendor's API, played at the wire after its published contract: what a person released arrives once, and nothing else does. */
let world: ApiStandIn
afterEach(() => world.stop())

const mark = '[counterfoil 0123456789abcdef]'
const comment = `It was a planned test of ours: “Prüfung”.\n\n${mark}`

async function start(id: Played, more: Record<string, unknown> = {}, secret = apiSecret) {
  world = await startProviderApi(id)
  const api = providerApi(id)
  if (api === null) throw new Error(id)
  const entries = new Map<string, Egress>()
  const settings = settingsFor(world, id, more)
  const tokens: Tokens = new Map()
  const open = () =>
    openProviderApi(api, { settings, secret, tokens }, async (entry) => entries.get(entry) ?? null, systemClock)
  const ticket = numberThere[id]
  const words = api.usual['false-alarm-benign']
  const [status, verdict] = [words.status || null, words.verdict || null]
  const requests = api.requests({ ticket, status, verdict, comment })
  const document = { form: apiAnswerForm, api: id, system: 'theirs', ticket, status, verdict, comment, mark, requests }
  const bytes = Buffer.from(canonicalJson(document as unknown as Json))
  const to = [`theirs/${ticket}`]
  const entryFor = (change: Partial<Egress> = {}): string => {
    const entry = leavingEntry(bytes, to, change)
    entries.set(entry.id, entry)
    return entry.id
  }
  const tellAll = async () => {
    const door = open()
    try {
      const called = []
      for (const step of await door.leave({ entryId: entryFor(), bytes, to })) called.push(await step.tell())
      return called
    } finally {
      await door.close()
    }
  }
  const there = () => world.tickets.get(ticket)
  return { api, open, ticket, words, requests, bytes, to, entryFor, tellAll, there }
}

describe.each(played)('%s', (id) => {
  test('status, verdict and comment arrive in its words, once, and are read back', async () => {
    const { api, tellAll, there, words, requests, open, ticket } = await start(id)
    expect((await tellAll()).map(({ kind }) => kind)).toEqual(requests.map(() => 'done'))
    expect(world.writes).toHaveLength(requests.length)
    expect(there()?.comments.map(({ text }) => text)).toEqual([comment])
    if (words.verdict !== '') expect(there()?.verdict).toBe(words.verdict)
    if (words.status !== '') expect(there()?.status).toBe(words.status)
    const door = open()
    const read = await door.read(ticket)
    if (api.read === null) expect(read.kind).toBe('refused')
    else {
      expect(read).toMatchObject({ kind: 'done', value: { id: ticket, verdict: words.verdict || null } })
      const found = read.kind === 'done' ? read.value : null
      if (found?.tellsComments !== false) expect(found?.comments.map(({ text }) => text)).toEqual([comment])
      expect(await door.changed(10)).toEqual({ kind: 'done', value: api.changed === null ? [] : [ticket] })
    }
    expect((await door.whoAmI()).kind).toBe('done')
    await door.close()
  })

  test('busy, in conflict, refused: nothing was done; no answer or one that cannot be read: nobody knows', async () => {
    const { tellAll, requests } = await start(id)
    const expected: Record<Exclude<ApiFault, 'none'>, string> = {
      ...{ busy: 'later', conflict: 'later', refuse: 'refused', drop: 'unknown', lose: 'unknown' },
      ...{ 'late-500': 'unknown', 'no-json': 'unknown', huge: 'unknown' },
    }
    for (const [fault, kind] of Object.entries(expected)) {
      world.faults.splice(0)
      const before = world.tries.length
      world.faults.push(fault as ApiFault)
      const [first] = await tellAll()
      expect(first?.kind, fault).toBe(kind)
      if (fault === 'busy') expect(first).toMatchObject({ afterMs: 900_000 })
      // Each was tried once, whatever came of it.
      expect(world.tries.length - before, fault).toBe(requests.length)
    }
  })

  test('a secret that is refused is said, without the secret', async () => {
    const { open, tellAll } = await start(id, {}, 'another-secret-entirely')
    const called = [...(await tellAll()), await openAndTry(open)]
    for (const one of called) {
      expect(one.kind).toBe('refused')
      expect(JSON.stringify(one)).not.toContain('another-secret-entirely')
    }
    expect(world.tries).toEqual([])
  })
})

async function openAndTry(open: Awaited<ReturnType<typeof start>>['open']) {
  const door = open()
  const called = await door.whoAmI()
  await door.close()
  return called
}

describe('the gate', () => {
  test('opens for exactly what a person released, once, while it is leaving', async () => {
    const { open, bytes, to, entryFor } = await start('sentinelone-threats')
    const door = open()
    const refused: readonly [string, string, Uint8Array, readonly string[], RegExp][] = [
      ['no entry', crypto.randomUUID(), bytes, to, /no entry/],
      ['other bytes', entryFor(), Buffer.from(bytes.toString().replace('planned', 'secret!')), to, /bytes/],
      ['another ticket', entryFor(), bytes, ['theirs/1'], /recipients/],
      ['a mail', entryFor({ channel: 'mail' }), bytes, to, /another way/],
      ['what has left', entryFor({ state: 'left' }), bytes, to, /not leaving/],
      ['nobody’s word', entryFor({ releasedBy: 'system' }), bytes, to, /no person/],
    ]
    for (const [what, entryId, knocking, recipients, says] of refused)
      await expect(door.leave({ entryId, bytes: knocking, to: recipients }), what).rejects.toMatchObject({
        details: { problem: expect.stringMatching(says) },
      })
    const [step] = await door.leave({ entryId: entryFor(), bytes, to })
    expect((await step?.tell())?.kind).toBe('done')
    await expect(step?.tell()).rejects.toMatchObject({ code: 'internal' })
    expect(world.tries).toHaveLength(1)
    await door.close()
  })

  test('what is asked by POST holds who we are, or one number of theirs, and nothing else', () => {
    expect(() => passTokenAsk('grant_type=client_credentials&client_id=a&client_secret=b%2B')).not.toThrow()
    expect(() => passNumberAsk('{"composite_ids":["a:b-1"]}')).not.toThrow()
    expect(() => passNumberAsk('{"request_data":{"incident_id":"77"}}')).not.toThrow()
    for (const body of [
      ...['grant_type=client_credentials&note=payroll', 'grant_type=password&client_id=a&client_secret=b', ''],
      'grant_type=client_credentials&client_id=a&client_secret=b&scope=x y',
    ])
      expect(() => passTokenAsk(body), body).toThrow()
    const [asksOne, asksChanged] = [
      providerApi('elastic-security-alerts')?.read,
      providerApi('elastic-security-alerts')?.changed,
    ]
    for (const { post } of [...(asksOne?.ask('a-1') ?? []), ...(asksChanged?.ask(new Date(0), new Date(0)) ?? [])])
      if (post !== undefined) expect(() => passNumberAsk(post), post).not.toThrow()
    for (const body of [
      '{"query":{"ids":{"values":["a","payroll"]}},"_source":false}',
      '{"query":{"match":{"message":"payroll"}}}',
      '{"query":{"range":{"kibana.alert.workflow_status_updated_at":{"gte":"payroll"}}},"size":200,"_source":false}',
      '{"composite_ids":["a b"]}',
      '{"composite_ids":["a"],"note":"x"}',
      '["a"]',
      '{"request_data":{"incident_id":"77","x":1}}',
      '',
    ])
      expect(() => passNumberAsk(body), body).toThrow()
  })
})

test('a token is kept, asked for anew when it is withdrawn, and what it was wanted for is then for the next try', async () => {
  const { open, tellAll, ticket } = await start('crowdstrike-alerts')
  const door = open()
  expect((await door.read(ticket)).kind).toBe('done')
  expect((await door.read(ticket)).kind).toBe('done')
  expect(world.tokens).toBe(1)
  world.withdrawn.add('token-1')
  expect(await tellAll()).toMatchObject([{ kind: 'later' }])
  expect(world.writes).toEqual([])
  expect(await tellAll()).toMatchObject([{ kind: 'done' }])
  expect(world.tokens).toBe(2)
  await door.close()
})

test('reading: what is huge, no JSON or otherwise than said is an error, and nothing is never read out of it', async () => {
  const { open, ticket } = await start('microsoft-graph-incidents')
  const door = open()
  for (const [fault, kind] of [
    ['huge', 'refused'],
    ['no-json', 'refused'],
    ['odd', 'refused'],
    ['error', 'later'],
  ] as const) {
    world.readFaults.push(fault)
    expect((await door.read(ticket)).kind, fault).toBe(kind)
  }
  expect(await door.read('77')).toEqual({ kind: 'done', value: null })
  expect((await door.read('../../users')).kind).toBe('refused')
  await door.close()
})

test('Darktrace: what is signed is path with query, body as ASCII, public token and date, as its published clients sign it', async () => {
  const { tellAll, open, ticket, requests } = await start('darktrace-model-breaches')
  const [, said] = requests
  expect(said?.path).toBe('/modelbreaches/19022/comments')
  // Written out by hand: a signature over the very bytes that go.
  expect(said?.body).toBe(
    '{"message":"It was a planned test of ours: \\u201cPr\\u00fcfung\\u201d.\\n\\n[counterfoil 0123456789abcdef]"}',
  )
  expect(JSON.parse(said?.body ?? '')).toEqual({ message: comment })
  const api = providerApi('darktrace-model-breaches')
  if (api?.signIn.kind !== 'signed') throw new Error('not signed')
  const by = { user: 'public', secret: 'private', at: new Date('2025-10-29T16:12:44.321Z') }
  // HMAC-SHA1 of these three lines with "private", by OpenSSL.
  expect(api.signIn.sign({ path: '/modelbreaches?pbid=1', body: '' }, by)).toEqual({
    'dtapi-token': 'public',
    'dtapi-date': '20251029T161244',
    'dtapi-signature': '056cbcc359896d7ece935dfa2800fab68ca87d2f',
  })
  expect(api.signIn.sign({ path: '/modelbreaches/1/acknowledge', body: '{"acknowledge":true}' }, by)).toMatchObject({
    'dtapi-signature': '4c70fcde76001881149361400dc4bb9bfd49335d',
  })
  await tellAll()
  const door = open()
  expect(await door.read(ticket)).toMatchObject({ kind: 'done', value: { status: 'acknowledged', verdict: null } })
  await door.close()
  expect(world.wire.every(({ headers }) => !headers.includes(apiSecret))).toBe(true)
})

test('Elastic: an alert that is not there takes no status, and so no note is written about it', async () => {
  const { open, bytes, to, entryFor, ticket } = await start('elastic-security-alerts')
  world.tickets.delete(ticket)
  const door = open()
  const [status] = await door.leave({ entryId: entryFor(), bytes, to })
  expect(await status?.tell()).toEqual({ kind: 'refused', why: 'it found no such alert' })
  expect(await door.read(ticket)).toEqual({ kind: 'done', value: null })
  await door.close()
  const api = providerApi('elastic-security-alerts')
  // Kibana 8 answers 200 with a code of its own.
  const told = (code: number) =>
    api?.refused({ data: { persistNote: { code, message: 'too many notes' } } }, ['comment'])
  expect(told(200)).toBeNull()
  expect(told(403)).toBe('too many notes')
  // A reason goes with closing only.
  const asked = api?.requests({ ticket, status: 'open', verdict: 'other', comment: 'x' }) ?? []
  expect(asked.flatMap(({ tells }) => tells)).toEqual(['status', 'comment'])
})

test('an address of this machine that nobody named is not talked to', async () => {
  const { open, tellAll } = await start('red-canary-detections', { allowAddresses: [] })
  expect(await tellAll()).toMatchObject([{ kind: 'refused' }])
  expect((await openAndTry(open)).kind).toBe('refused')
  expect(world.tries).toEqual([])
})

test('a yes that is none, with our secret or token in its words, is said without them', async () => {
  const echo = createServer((request, response) => {
    const told = `you came with ${request.headers.authorization} of client-1 and ${apiSecret}`
    const answer =
      request.url === '/oauth2/token' ? { access_token: 'token-of-ours-42' } : { errors: [{ message: told }], meta: {} }
    request.resume().once('end', () => response.end(JSON.stringify(answer)))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => echo.once('listening', resolve))
  const baseUrl = `http://127.0.0.1:${(echo.address() as AddressInfo).port}`
  const { tellAll } = await start('crowdstrike-alerts', { baseUrl, signInUrl: `${baseUrl}/oauth2/token` })
  const said = JSON.stringify(await tellAll())
  echo.close()
  expect(said).toContain('you came with Bearer (secret) of client-1 and (secret)')
  expect(said).not.toMatch(/token-of-ours|key-of-the-stand-in/)
})
