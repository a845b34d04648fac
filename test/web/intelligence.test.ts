import { beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../src/kit/clock.ts'
import { seedIntelligence } from '../../tools/sample-desk/seed-intelligence.ts'
import { signedIn } from '../desk.ts'
import { deskHere } from '../desk-here.ts'

const { database, desk } = await deskHere()
let cookie: string
beforeAll(async () => {
  ;({ cookie } = await signedIn(desk, 'analyst', 'Mara Weiss'))
  await seedIntelligence(database.db, systemClock)
})

async function get(url: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(desk.origin + url, { headers: { cookie } })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
const lookUp = (text: string) => get(`/api/intelligence/observable?q=${encodeURIComponent(text)}`)

test('sources with their state, and the lists of what is known to be good', async () => {
  expect(await get('/api/intelligence')).toMatchObject({
    status: 200,
    body: {
      sources: [
        { id: 'Blocklist', indicators: 3, stale: false, failingSince: null },
        { id: 'Sector circle', indicators: 4 },
        { id: 'cert-taxii', indicators: 0, stale: true, why: 'status 401: it refuses our secret, or what it may read' },
      ],
      warningLists: [{ name: 'Our own and our partners', entries: 2, means: 'harmless' }],
      attack: null,
      hunt: null,
    },
  })
})

test('an observable in whatever spelling: what is known, and from whom; nothing, and where was looked', async () => {
  const found = await lookUp(' 203[.]0[.]113[.]66 ')
  expect(found).toMatchObject({
    status: 200,
    body: { type: 'ipv4', value: '203.0.113.66', verdict: 'malicious', sources: 2, stale: 0 },
  })
  expect(
    (found.body['hits'] as { source: string; tlp: string | null }[])
      .map(({ source, tlp }) => `${source} ${tlp}`)
      .toSorted(),
  ).toEqual(['Blocklist null', 'Sector circle AMBER', 'Sector circle AMBER'])
  expect(await lookUp('WWW.Bank.example.com')).toMatchObject({
    body: { verdict: 'suspicious', hits: [{ source: 'Blocklist' }], warnings: [{ list: 'Our own and our partners' }] },
  })
  expect(await lookUp('hxxp://files[.]example[.]net/setup.exe?id=7')).toMatchObject({
    body: { type: 'url', verdict: 'malicious' },
  })
  expect(await lookUp('192.0.2.1')).toMatchObject({ status: 200, body: { verdict: 'unknown', hits: [], warnings: [] } })
})

test('what is no observable is said, and a line of thousands is refused', async () => {
  expect(await lookUp('what is this')).toMatchObject({ status: 400, body: { code: 'input.invalid' } })
  expect(await lookUp('a'.repeat(5_000))).toMatchObject({ status: 400 })
  expect(await get('/api/intelligence/observable')).toMatchObject({ status: 400 })
})
