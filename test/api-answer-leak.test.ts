import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../src/kit/clock.ts'
import { Outcome } from '../src/model/triage.ts'
import { openProviderApi } from '../src/outbox/provider-api/index.ts'
import { makeApiAnswer } from '../src/playbooks/replies/api-answer.ts'
import { providerApi, providerApis } from '../src/providers/apis.ts'
import { type Planted, planted, plantedAnswer, valuesOf } from './planted.ts'
import {
  type ApiStandIn,
  apiSecret,
  leavingEntry,
  numberThere,
  type Played,
  played,
  putThere,
  settingsFor,
  startProviderApi,
} from './provider-apis.ts'

/** Room for the line by which a comment of ours is known. */
const markChars = 40

const worlds = new Map<Played, ApiStandIn>()
beforeAll(async () => {
  for (const id of played) worlds.set(id, await startProviderApi(id))
})
afterAll(async () => {
  for (const world of worlds.values()) await world.stop()
})

const unpercent = (text: string): string =>
  text
    .replaceAll('+', ' ')
    .replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString())
const unescaped = (text: string): string =>
  text
    .replaceAll(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replaceAll(/\\[nrt]/g, '\n')
    .replaceAll(/\\(["\\/])/g, '$1')

/** Everything that could be read in a request: as it came, percent signs and escapes undone, what is base64 or hex in it. */
function readable(request: string): string {
  const plain = [request, unpercent(request)].flatMap((text) => [text, unescaped(text), unpercent(unescaped(text))])
  const runs = plain.flatMap((text) => text.match(/[\w+/=-]{8,}/g) ?? [])
  const inside = runs.flatMap((run) => [
    ...[0, 1, 2, 3].map((at) => Buffer.from(run.slice(at), 'base64').toString()),
    ...[0, 1].map((at) => Buffer.from(run.slice(at), 'hex').toString()),
  ])
  return [...plain, ...inside].join('\n').toLowerCase()
}

/** Every request that an answer makes until it is read back, and what was meant to be said. */
async function told(id: Played, value: Planted, outcome: Outcome, verdict: 'redact' | 'keep') {
  const [api, world] = [providerApi(id), worlds.get(id)]
  if (api === null || world === undefined) throw new Error(id)
  world.wire.splice(0)
  putThere(world, id)
  const settings = settingsFor(world, id, { verdictOut: api.usual })
  const ticket = numberThere[id]
  const { text } = plantedAnswer(value, outcome, verdict)
  const said = text.slice(0, api.commentCharsMax - markChars)
  const way = { system: { id: 'theirs', title: api.title, settings }, api, ticket }
  const bytes = makeApiAnswer(way, { replyId: crypto.randomUUID(), outcome, text: said, files: 0 })
  const to = [`theirs/${ticket}`]
  const entry = leavingEntry(bytes, to)
  const place = { settings, secret: apiSecret, tokens: new Map() }
  const door = openProviderApi(api, place, async (entryId) => (entryId === entry.id ? entry : null), systemClock)
  try {
    for (const step of await door.leave({ entryId: entry.id, bytes, to }))
      expect(await step.tell(), id).toMatchObject({ kind: 'done' })
    if (api.read !== null) expect((await door.read(ticket)).kind, id).toBe('done')
    expect((await door.changed(10)).kind, id).toBe('done')
  } finally {
    await door.close()
  }
  const wire = world.wire.map(({ line, headers, body }) => [line, ...headers, body].join('\n'))
  return { said: said.toLowerCase(), document: Buffer.from(bytes).toString(), wire }
}

test('planted values leave in no byte of any request to a provider’s API: line, headers, body, whatever it is written in', async () => {
  const counts = new Map<Played, number>()
  await fc.assert(
    fc.asyncProperty(
      planted,
      fc.constantFrom(...Outcome.options),
      fc.constantFrom(...played),
      async (value, outcome, id) => {
        const { document, wire } = await told(id, value, outcome, 'redact')
        const seen = [document, ...wire].map(readable).join('\n')
        for (const one of valuesOf(value)) expect(seen, id).not.toContain(one.toLowerCase())
        counts.set(id, (counts.get(id) ?? 0) + wire.length)
      },
    ),
    { numRuns: 200 },
  )
  process.stderr.write(`api leaks: ${JSON.stringify(Object.fromEntries(counts))} requests read\n`)
  expect(played.toSorted()).toEqual(providerApis.map(({ id }) => id).toSorted())
  for (const id of played) expect(counts.get(id), id).toBeGreaterThan(3)
}, 120_000)

test.each(played)('the same eyes see what a person kept, as %s writes it', async (id) => {
  const [value] = fc.sample(planted, { numRuns: 1, seed: 7 })
  if (value === undefined) throw new Error('no sample')
  const { said, wire } = await told(id, value, 'false-alarm-benign', 'keep')
  const seen = wire.map(readable).join('\n')
  const kept = valuesOf(value).filter((one) => said.includes(one.toLowerCase()))
  expect(kept.length).toBeGreaterThan(4)
  for (const one of kept) expect(seen).toContain(one.toLowerCase())
})

test('and they see through base64, hex and percent signs', () => {
  const secret = 'Bdfkm Zqrstü, 10.20.30.40'
  for (const way of ['base64', 'base64url', 'hex'] as const)
    expect(readable(`x-note: ${Buffer.from(`ab ${secret}`).toString(way)}`)).toContain(secret.toLowerCase())
  expect(readable(`GET /a?b=${encodeURIComponent(secret)}`)).toContain(secret.toLowerCase())
  expect(readable(`GET /a?b=${new URLSearchParams({ q: secret }).toString()}`)).toContain(secret.toLowerCase())
})
