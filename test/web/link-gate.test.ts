import { expect, test } from 'vitest'
import { callsOfLinkMax, type LinkGate, linkGate, wrongLinksMax } from '../../src/http/link-gate.ts'
import { PerMinute } from '../../src/http/per-minute.ts'
import { newSecret, sha256Hex } from '../../src/kit/digest.ts'
import { addProvider, alertOf, post } from '../desk.ts'
import { deskHere } from '../desk-here.ts'

const { database, desk } = await deskHere()
const alertId = await alertOf(
  desk,
  await post(desk, await addProvider(desk), {
    subject: '[NW-1] High: Beaconing',
    body: 'Ticket: NW-1\nRule: Beaconing\nSeverity: High\nHost: ws-1\n',
  }),
)
let now = 0
const office = '198.51.100.7'
const codeOf = (gate: LinkGate, token: string, address = office): Promise<string> =>
  gate.enter(token, address).then(
    () => 'in',
    (error: { code?: string }) => error.code ?? 'thrown',
  )

/** A link to a question, as its mail carries it. */
async function mailedLink(): Promise<string> {
  const token = newSecret()
  const [asked_at, expires_at] = [new Date(), new Date(Date.now() + 3_600_000)]
  const question = { alert_id: alertId, email: 'ada@example.com', name: 'Ada', what: 'Was this you?' }
  await database.db
    .insertInto('person_question')
    .values({ token_digest: sha256Hex(token), ...question, asked_at, expires_at })
    .execute()
  return token
}

test('guessing ends after some tries of a network, whatever is tried then, and goes on a minute later', async () => {
  const gate = linkGate(database.db, () => now)
  const token = await mailedLink()
  const told = await Promise.all(Array.from({ length: wrongLinksMax + 5 }, () => codeOf(gate, newSecret())))
  expect(told.filter((code) => code === 'not.found')).toHaveLength(wrongLinksMax)
  expect(told.filter((code) => code === 'rate.limited')).toHaveLength(5)
  // A link that nobody has used yet is not told from a wrong one now; from elsewhere it is what it is.
  expect([await codeOf(gate, token), await codeOf(gate, token, '203.0.113.9')]).toEqual(['rate.limited', 'in'])
  // Once known, it is let through from where strangers guess.
  expect(await codeOf(gate, token)).toBe('in')
  now += 60_000
  expect(await codeOf(gate, newSecret())).toBe('not.found')
})

test('ten people behind one address read their links as often as their pages do, and no link more often than its own bound', async () => {
  const gate = linkGate(database.db, () => now)
  const tokens = await Promise.all(Array.from({ length: 10 }, mailedLink))
  for (let look = 0; look < callsOfLinkMax; look += 1)
    expect(await Promise.all(tokens.map((token) => codeOf(gate, token)))).toEqual(tokens.map(() => 'in'))
  expect(await Promise.all(tokens.map((token) => codeOf(gate, token)))).toEqual(tokens.map(() => 'rate.limited'))
  // Whoever has a link that is not theirs keeps its owner, elsewhere, from nothing.
  expect(await codeOf(gate, tokens[0] ?? '', '203.0.113.9')).toBe('in')
})

test('names without end do not fill the memory, and a name that goes on counting is not forgotten for them', () => {
  const counts = new PerMinute(3, () => now)
  expect([counts.take('a'), counts.take('a'), counts.take('a'), counts.take('a')]).toEqual([true, true, true, false])
  for (let n = 0; n < 9_000; n += 1) counts.take(`other ${n}`)
  expect(counts.isSpent('a')).toBe(true)
  for (let n = 0; n < 30_000; n += 1) counts.take(`more ${n}`)
  expect(counts.isSpent('a')).toBe(false)
})

test('at the door: colleagues look as often as they like with links of their own, and a stranger among them guesses twenty times', async () => {
  const statusOf = async (token: string) => (await fetch(`${desk.origin}/api/questions/${token}`)).status
  const tokens = await Promise.all(Array.from({ length: 5 }, mailedLink))
  const looks = await Promise.all(Array.from({ length: 15 }, () => tokens.map(statusOf)).flat())
  expect(new Set(looks)).toEqual(new Set([200]))
  const guesses = await Promise.all(Array.from({ length: wrongLinksMax + 4 }, () => statusOf(newSecret())))
  expect(guesses.toSorted((a, b) => a - b)).toEqual([
    ...Array.from({ length: wrongLinksMax }, () => 404),
    ...[429, 429, 429, 429],
  ])
  expect(await statusOf(tokens[0] ?? '')).toBe(200)
})
