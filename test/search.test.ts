import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { searchMsMax } from '../src/contract/search.ts'
import { tsquery } from '../src/db/search/condition.ts'
import { find } from '../src/db/search/find.ts'
import { markerOf } from '../src/db/search/marked.ts'
import { sha256Hex } from '../src/kit/digest.ts'
import { SearchKind } from '../src/model/search.ts'
import { readSearch } from '../src/triage/search-expression.ts'
import { plainOf, wordsOf } from '../src/triage/search-words.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'

let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
  await database.db
    .insertInto('provider')
    .values({
      id: 'northwatch',
      config: JSON.stringify({ name: 'Northwatch MDR', addresses: ['soc@northwatch.example'], domains: [] }),
    })
    .execute()
})
afterAll(() => database.close())

async function alert(change: Record<string, unknown> & { title: string }): Promise<string> {
  const id = crypto.randomUUID()
  await database.db
    .insertInto('alert')
    .values({
      ...{
        id,
        provider_id: 'northwatch',
        kind: 'alert',
        severity: 'high',
        received_at: new Date('2026-11-20T10:00:00Z'),
        reading: '{}',
      },
      ...change,
    })
    .execute()
  return id
}

async function message(subject: string, text: string, change: Record<string, unknown> = {}): Promise<string> {
  const bytes = Buffer.from(`${subject}\n${text}\n${crypto.randomUUID()}`)
  const id = sha256Hex(bytes)
  const letter = JSON.stringify({
    parts: [
      { path: 'subject', text: subject },
      { path: '1', text },
    ],
  })
  await database.db
    .insertInto('message')
    .values({
      id,
      bytes,
      form: 'mail',
      channel: 'smtp',
      origin: 'test',
      received_at: new Date('2026-11-20T10:00:00Z'),
      subject,
      letter,
      ...change,
    })
    .execute()
  return id
}

const all = { quarantined: true, apart: true }
async function found(text: string, places = all): Promise<string[]> {
  const ask = readSearch(text)
  const groups = await find(database.db, {
    ask,
    marker: markerOf(ask, plainOf),
    kinds: SearchKind.options,
    places,
    hitsMax: 50,
  })
  return groups.flatMap((group) =>
    group.hits.map((hit) => `${hit.kind}:${hit.title.map((piece) => piece.text).join('')}`),
  )
}

test('the database and the reader of searches take texts apart in the same way', async () => {
  const pieces = fc.constantFrom(
    'ws-17.example.org',
    '203[.]0[.]113[.]9',
    'HALDEN\\jdoe',
    'jdoe@example.org',
    'hxxp://evil[.]example/a?b=c',
    'Müller',
    'ΣΊΣΥΦΟΣ',
    'İstanbul',
    'straße',
    '情報漏洩',
    'حادثة',
    'пароль',
    'ﬁle',
    '₂',
    '\u202Eabc',
    'a_b',
    '--x--',
    '::1',
    '\u00A0',
    '"',
    ' ',
    '\n',
    ',',
    '9e107d9d',
    '™',
    'ẞ',
  )
  const texts = fc.sample(
    fc
      .array(fc.oneof(pieces, fc.string({ unit: 'grapheme', maxLength: 12 })), { maxLength: 8 })
      .map((some) => some.join(' ').replaceAll('\u0000', '')),
    { numRuns: 300, seed: 7 },
  )
  const asked = texts.map((text) => wordsOf(text).filter((word) => plainOf(text).includes(word)))
  const { rows } = await sql<{ plain: string }>`
    select search_plain(text) as plain from unnest(${texts}::text[]) with ordinality as t (text, n) order by n`.execute(
    database.db,
  )
  expect(rows).toHaveLength(texts.length)
  let words = 0
  for (const [at, text] of texts.entries()) {
    expect(rows[at]?.plain, text).toBe(plainOf(text))
    // Undoing what was defanged in words ("(dot)") is for what is typed; here every word of the text as it stands.
    const some = (asked[at] ?? []).map((word) => ({ field: '' as const, word, prefix: false, not: false }))
    words += some.length
    if (some.length === 0) continue
    const { rows: held } = await sql<{ held: boolean }>`
      select search_words('x', ${text}) @@ ${tsquery(some, { short: true })} as held`.execute(database.db)
    expect(held[0]?.held, JSON.stringify({ text, some: some.map((one) => one.word) })).toBe(true)
  }
  expect(words).toBeGreaterThan(500)
})

test('an alert is found by any of its words, by its fields, and by the beginning of each', async () => {
  await alert({
    title: 'Beaconing to a rare domain',
    rule: 'Rare beacon',
    host: 'ws-17.example.org',
    account: 'HALDEN\\jdoe',
    source: '192.0.2.10',
    ticket: 'NW-4711',
    outcome: 'incident',
    reading: JSON.stringify({ observables: [{ value: 'www.evil.example' }] }),
  })
  const title = 'A-1 Beaconing to a rare domain'
  for (const text of [
    'beac',
    'RARE',
    'rule:rare',
    'host:ws-17',
    'host:example.org',
    'user:jdoe',
    'user:"halden\\jdoe"',
    '192.0.2',
    'evil.example',
    'ip:192[.]0[.]2[.]10',
    'ticket:nw-4711',
    'nw-47',
    'outcome:incident beacon',
    'provider:northwatch',
    'a-1',
    '"rare domain"',
    'beaconing -outcome:none',
    'beac after:2026-11-20 before:2026-11-21',
  ])
    expect(await found(text), text).toContain(`alert:${title}`)
  for (const text of [
    'host:beac',
    'evil.exampl3',
    '"domain rare"',
    'beaconing -rare',
    'beac before:2026-11-20',
    'beac after:2026-11-21',
    'outcome:none beaconing',
    '-beaconing',
    'a-11',
  ])
    expect(
      (await found(text)).filter((hit) => hit.startsWith('alert:')),
      text,
    ).toEqual([])
})

test('a mail is found by its text in whatever script, and by who may see where it lies', async () => {
  const alertId = await alert({ title: 'Unusual sign-in' })
  await message(
    'Notice',
    'An employee reported: 東京支社で情報漏洩の疑い. Пароль изменён. تم رصد حادثة أمنية. Überprüfung nötig.',
    { alert_id: alertId, from_address: 'soc@northwatch.example' },
  )
  for (const text of ['情報漏洩', 'пароль', 'حادثة', 'uberprufung', 'from:northwatch.example', '"employee reported"'])
    expect(await found(text), text).toContain('message:Notice')
  await message('Held back', 'quarantineword inside', { state: 'quarantined' })
  await message('Newsletter', 'apartword inside', { state: 'read' })
  expect(await found('quarantineword')).toEqual(['message:Held back'])
  expect(await found('quarantineword', { quarantined: false, apart: true })).toEqual([])
  expect(await found('apartword')).toEqual(['message:Newsletter'])
  expect(await found('apartword', { quarantined: true, apart: false })).toEqual([])
})

test('hostile words find nothing and break nothing', async () => {
  const hostile = fc
    .array(
      fc.constantFrom(
        "'",
        "''",
        '\\',
        "\\'",
        ':*',
        '&',
        '!',
        '(',
        ')',
        '|',
        '<->',
        '-',
        '"',
        ' ',
        'a',
        'rule:',
        'before:',
        '%',
        '\u0000',
        '\uD800',
        '漏',
        '\u202E',
        ':',
        "' or 1=1",
      ),
      { maxLength: 30 },
    )
    .map((pieces) => pieces.join(''))
  for (const text of fc.sample(fc.oneof(hostile, fc.string({ unit: 'binary', maxLength: 60 })), {
    numRuns: 60,
    seed: 11,
  }))
    expect(await found(text)).toBeInstanceOf(Array)
  expect(await found('"fin\u0000app \uD800two"')).toEqual([])
})

test('what is found is marked as text: markup in a subject stays text', async () => {
  const id = await alert({ title: '<img src=x onerror=alert(1)> phish' })
  const ask = readSearch('phish')
  const groups = await find(database.db, {
    ask,
    marker: markerOf(ask, plainOf),
    kinds: ['alert'],
    places: all,
    hitsMax: 5,
  })
  const hit = groups[0]?.hits.find((one) => one.id === id)
  expect(hit?.title.filter((piece) => piece.hit)).toEqual([{ text: 'phish', hit: true }])
  expect(hit?.title.map((piece) => piece.text).join('')).toContain('<img src=x onerror=alert(1)> phish')
})

test('what takes too long is stopped, and says so', async () => {
  const ask = readSearch('beacon')
  const groups = await find(database.db, {
    ask,
    marker: markerOf(ask, plainOf),
    kinds: ['alert', 'rule'],
    places: all,
    hitsMax: 5,
    msMax: 0,
  })
  expect(groups).toEqual([
    { kind: 'alert', hits: [], more: false, stopped: true },
    { kind: 'rule', hits: [], more: false, stopped: true },
  ])
  expect(searchMsMax).toBe(2000)
})

test('a ticket is found by what was said and noted on it, and by its number; what was taken away is not', async () => {
  const id = await alert({ title: 'Odd sign in', rule: 'Sign in' })
  const { number } = await database.db
    .selectFrom('alert')
    .select('number')
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  const at = new Date('2026-11-20T11:00:00Z')
  const by = { alert_id: id, added_by: 'user:1', added_at: at }
  await database.db
    .insertInto('ticket_comment')
    .values({
      id: crypto.randomUUID(),
      alert_id: id,
      written_by: 'user:1',
      written_at: at,
      text: 'The forklift badge was cloned.',
    })
    .execute()
  await database.db
    .insertInto('ticket_task')
    .values([
      { ...by, id: crypto.randomUUID(), title: 'Ring the porter' },
      { ...by, id: crypto.randomUUID(), title: 'Ring the gardener', removed_at: at, removed_by: 'user:1' },
    ])
    .execute()
  await database.db
    .insertInto('ticket_reference')
    .values({ ...by, system: 'Jira', reference: 'SEC-4711' })
    .execute()
  const hit = [`ticket:T-${number} Sign in`]
  for (const text of [
    'forklift cloned',
    'forkl',
    '"badge was"',
    'porter',
    'SEC-4711',
    `T-${number}`,
    'forklift after:2026-11-20',
  ])
    expect(await found(text), text).toEqual(hit)
  for (const text of [
    'forklift porter',
    'gardener',
    '"was badge"',
    'forklift before:2026-11-20',
    'forklift -cloned',
    `T-${number + 1}`,
  ])
    expect(await found(text), text).toEqual([])
})
