import { afterEach, describe, expect, test } from 'vitest'
import {
  type ApiFault,
  type ApiStandIn,
  apiSecret,
  numberThere,
  type Played,
  played,
  startProviderApi,
} from '../../../test/provider-apis.ts'
import { canonicalJson, type Json } from '../../kit/canonical-json.ts'
import { systemClock } from '../../kit/clock.ts'
import { sha256Hex } from '../../kit/digest.ts'
import type { Egress } from '../../model/egress.ts'
import { SystemSettings } from '../../model/elsewhere.ts'
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
  const settings = SystemSettings.parse({
    ...{ api: id, baseUrl: world.url, plainHttp: true, user: 'client-1', signInUrl: `${world.url}/oauth2/token` },
    ...{ allowAddresses: ['127.0.0.1'], ...more },
  })
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
    const entryId = crypto.randomUUID()
    entries.set(entryId, {
      ...{
        id: entryId,
        kind: 'reply',
        of: 'reply:1',
        providerId: 'acme',
        channel: 'provider-api',
        recipients: to,
        subject: 's',
      },
      ...{
        messageId: 'm',
        sha256: sha256Hex(bytes),
        sizeBytes: bytes.byteLength,
        releasedBy: 'user:1',
        releasedAt: '2026-11-23T09:00:00.000Z',
      },
      ...{ rule: 'Reviewed', holdUntil: '2026-11-23T09:00:00.000Z', state: 'leaving', leftAt: null, receipt: null },
      ...{ clearSha256: null, protection: null, ...change },
    })
    return entryId
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
      expect(read).toMatchObject({ kind: 'done', value: { id: ticket, verdict: words.verdict } })
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
    for (const body of [
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

test('an address of this machine that nobody named is not talked to', async () => {
  const { open, tellAll } = await start('red-canary-detections', { allowAddresses: [] })
  expect(await tellAll()).toMatchObject([{ kind: 'refused' }])
  expect((await openAndTry(open)).kind).toBe('refused')
  expect(world.tries).toEqual([])
})
