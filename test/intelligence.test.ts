import { Readable } from 'node:stream'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeAsk } from '../src/connectors/ask.ts'
import { intelligence } from '../src/connectors/intelligence/index.ts'
import { warningLists } from '../src/db/intelligence.ts'
import { forgetOldIndicators } from '../src/db/intelligence-import.ts'
import { fixedClock } from '../src/kit/clock.ts'
import type { Answered } from '../src/model/finding.ts'
import { type AnswerOf, questions } from '../src/model/question.ts'
import { importIntelligenceFile, importWarningList } from '../src/playbooks/import-intelligence.ts'
import { heardSources, knowObservable } from '../src/playbooks/know-observable.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'

const day = (date: string) => fixedClock(`${date}T09:00:00.000Z`)
const clock = day('2026-11-20')
const signal = new AbortController().signal
let house: FreshDatabase
beforeAll(async () => {
  house = await freshDatabase()
})
afterAll(() => house.close())
beforeEach(async () => {
  await sql`truncate intelligence_source, indicator, intelligence_object, intelligence_link, warning_list, warning_entry cascade`.execute(
    house.db,
  )
})

const take = (text: string, more: Partial<Parameters<typeof importIntelligenceFile>[1]> = {}) =>
  importIntelligenceFile(house.db, {
    ...{
      stream: Readable.from([Buffer.from(text)]),
      source: 'feed',
      tlp: null,
      column: null,
      by: 'user:test',
      clock,
      dryRun: false,
    },
    ...more,
  })
const warn = (list: object) =>
  importWarningList(house.db, {
    ...{
      stream: Readable.from([Buffer.from(JSON.stringify({ description: '', version: 1, ...list }))]),
      means: null,
      by: 'user:test',
      clock,
    },
  })

/** As a playbook asks, on the real record. */
async function ask(type: string, value: string, at = clock): Promise<Answered> {
  const { db } = house
  const connector = intelligence({
    reputation: async (...what) => {
      const known = await knowObservable(db, ...what, at.now())
      if (known === null) return null
      const { verdict, sources, note, hits, warnings } = known.reputation
      return {
        asked: `${known.type} ${known.value}`,
        answer: { verdict, sources: [...sources], note, hits: [...hits], warnings: [...warnings] },
      }
    },
    sources: () => heardSources(db, at.now()),
    warningLists: async () => (await warningLists(db)).length,
  })
  const answers = await makeAsk({ connectors: [connector], clock: at, news: () => undefined })(
    'reputation-of-observable',
    { type, value },
    { signal },
  )
  return answers[0]?.answered ?? { kind: 'failed', why: 'no answer', query: '' }
}
async function found(type: string, value: string, at = clock): Promise<AnswerOf<'reputation-of-observable'>> {
  const answered = await ask(type, value, at)
  if (answered.kind !== 'found') throw new Error(`${value}: ${JSON.stringify(answered)}`)
  return questions['reputation-of-observable'].answer.parse(answered.answer)
}

describe('what is answered', () => {
  test('nobody ever imported anything: not collected, and never "nothing there"', async () => {
    expect(await ask('ipv4', '203.0.113.9')).toMatchObject({
      kind: 'not-collected',
      why: expect.stringContaining('import intelligence'),
    })
    expect(await ask('cve', 'CVE-2026-1')).toMatchObject({ kind: 'not-applicable' })
  })

  test('found with source, age, light and why; looked and nothing; stale says so', async () => {
    await take('ip,malware,tlp\n203.0.113.9,Emotet,amber\n')
    expect(await found('ip', '203.0.113.9', day('2026-11-23'))).toMatchObject({
      verdict: 'malicious',
      sources: ['feed (heard 3 days ago, TLP:AMBER)'],
      note: 'feed lists it as malicious: Emotet.',
      hits: [{ source: 'feed', relation: 'exact', state: 'live', threats: [{ kind: 'malware', name: 'Emotet' }] }],
    })
    expect(await ask('ipv4', '203.0.113.10')).toEqual({
      kind: 'nothing',
      query: 'ipv4 203.0.113.10 in 1 source and 0 warning lists',
    })
    const late = day('2027-06-01')
    expect(await ask('ipv4', '203.0.113.10', late)).toMatchObject({
      kind: 'not-collected',
      why: expect.stringContaining('feed (193 days old)'),
    })
    expect(await ask('ipv4', '203.0.113.9', late)).toMatchObject({
      kind: 'found',
      warnings: ['Not all of it is fresh: feed (193 days old).'],
    })
  })

  test('the domain above, the host of a URL, the network around, a page on it: told, and weighed less where it is not the thing itself', async () => {
    await take(
      'evil.example.com\nhttp://203.0.113.66/drop\n198.51.100.0/24\nbad.example.org\nhttp://files.example.net/a?x=1\n',
    )
    const relations = async (type: string, value: string) => {
      const { verdict, hits } = await found(type, value)
      return `${verdict} ${(hits ?? []).map(({ relation, value: listed }) => `${relation} ${listed}`).join(', ')}`
    }
    expect(await relations('domain', 'a.b.evil.example.com')).toBe('suspicious parent-domain evil.example.com')
    expect(await relations('url', 'https://BAD.example.org:8443/x?y=1')).toBe('malicious host-of-url bad.example.org')
    expect(await relations('ipv4', '198.51.100.77')).toBe('suspicious network 198.51.100.0/24')
    expect(await relations('url', 'http://198.51.100.77/')).toBe('suspicious network 198.51.100.0/24')
    expect(await relations('ipv4', '203.0.113.66')).toBe('suspicious url-on-host http://203.0.113.66/drop')
    expect(await relations('domain', 'files.example.net')).toBe('suspicious url-on-host http://files.example.net/a?x=1')
    expect(await relations('email', 'boss@bad.example.org')).toBe('suspicious parent-domain bad.example.org')
    // A name that only ends alike, and the suffix that everybody shares, are somebody else.
    expect((await ask('domain', 'notevil.example.com')).kind).toBe('nothing')
    expect((await ask('domain', 'example.com')).kind).toBe('nothing')
  })

  test('a hit and a warning list are both told, and neither hides the other', async () => {
    await take('www.bank.example.com\n203.0.113.7\n')
    await warn({
      name: 'Top sites',
      type: 'hostname',
      list: ['.bank.example.com'],
      matching_attributes: ['domain', 'url'],
    })
    await warn({
      name: 'Sinkholes',
      description: 'List of known sinkholes',
      type: 'cidr',
      list: ['203.0.113.0/28'],
      matching_attributes: ['ip-dst'],
    })
    const both = await found('domain', 'www.bank.example.com')
    expect(both).toMatchObject({
      verdict: 'suspicious',
      hits: [{ source: 'feed' }],
      warnings: [{ list: 'Top sites', means: 'harmless', entry: 'bank.example.com' }],
    })
    expect(both.note).toContain('They disagree')
    expect(await found('domain', 'x.bank.example.com')).toMatchObject({ verdict: 'harmless', hits: [] })
    // Whoever talks to a sinkhole may be infected: the list does not excuse it.
    expect(await found('ipv4', '203.0.113.7')).toMatchObject({
      verdict: 'malicious',
      warnings: [{ list: 'Sinkholes', means: 'known' }],
    })
    expect(await found('ipv4', '203.0.113.8')).toMatchObject({ verdict: 'unknown', warnings: [{ list: 'Sinkholes' }] })
  })

  test('warning lists compare as their kind does, and only what they are for', async () => {
    await take('9.9.9.9\n')
    await warn({ name: 'exact', type: 'string', list: ['One.example.com'], matching_attributes: ['domain'] })
    await warn({ name: 'part', type: 'substring', list: ['throwaway'], matching_attributes: ['email-src'] })
    await warn({
      name: 'pattern',
      type: 'regex',
      list: ['/^cdn\\d+\\.example\\.com$/i'],
      matching_attributes: ['domain'],
    })
    await warn({
      name: 'networks',
      type: 'cidr',
      list: ['192.0.2.0/25', '2001:db8:1::/48'],
      matching_attributes: ['ip-src'],
    })
    const lists = async (type: string, value: string) => {
      const answered = await ask(type, value)
      if (answered.kind !== 'found') return []
      return (questions['reputation-of-observable'].answer.parse(answered.answer).warnings ?? []).map(
        ({ list }) => list,
      )
    }
    expect(await lists('domain', 'one.example.com')).toEqual(['exact'])
    expect(await lists('domain', 'sub.one.example.com')).toEqual([])
    expect(await lists('email', 'x@throwaway.example')).toEqual(['part'])
    expect(await lists('domain', 'throwaway.example')).toEqual([])
    expect(await lists('domain', 'CDN12.example.com')).toEqual(['pattern'])
    expect(await lists('domain', 'xcdn12.example.com')).toEqual([])
    expect(await lists('ipv4', '192.0.2.127')).toEqual(['networks'])
    expect(await lists('ipv4', '192.0.2.128')).toEqual([])
    expect(await lists('ipv6', '2001:db8:1::9')).toEqual(['networks'])
  })
})

describe('imports', () => {
  test('the same list again adds nothing; what it no longer names is withdrawn and told as over', async () => {
    expect(await take('203.0.113.1\n203.0.113.2\n')).toMatchObject({ indicators: 2, fresh: 2, withdrawn: 0 })
    expect(await take('203.0.113.2\n203.0.113.1\n203.0.113.1\n', { clock: day('2026-11-21') })).toMatchObject({
      indicators: 2,
      fresh: 0,
      withdrawn: 0,
    })
    expect(await take('203.0.113.2\n', { clock: day('2026-11-22') })).toMatchObject({
      indicators: 1,
      fresh: 0,
      withdrawn: 1,
    })
    expect(await found('ipv4', '203.0.113.1', day('2026-11-22'))).toMatchObject({
      verdict: 'unknown',
      hits: [{ state: 'expired', firstHeard: '2026-11-20T09:00:00.000Z' }],
    })
    // It comes back as it was.
    await take('203.0.113.1\n203.0.113.2\n', { clock: day('2026-11-23') })
    expect(await found('ipv4', '203.0.113.1', day('2026-11-23'))).toMatchObject({ verdict: 'malicious' })
    const [{ count } = { count: '' }] = (await sql<{ count: string }>`select count(*) from indicator`.execute(house.db))
      .rows
    expect(count).toBe('2')
  })

  test('a list that is empty or broken withdraws nothing, and a dry run changes nothing', async () => {
    await take('203.0.113.1\n')
    expect(await take('# maintenance\n', { clock: day('2026-11-21') })).toMatchObject({ indicators: 0, withdrawn: 0 })
    await expect(take('{"type":"bundle","objects":[')).rejects.toThrow('file.invalid')
    expect(await take('203.0.113.5\n', { dryRun: true })).toMatchObject({ indicators: 1, dryRun: true })
    expect(await found('ipv4', '203.0.113.1')).toMatchObject({ verdict: 'malicious' })
    expect((await ask('ipv4', '203.0.113.5')).kind).toBe('nothing')
  })

  const indicator = (modified: string, pattern: string, more: object = {}) => ({
    ...{
      type: 'indicator',
      id: 'indicator--1',
      pattern_type: 'stix',
      created: '2026-01-01T00:00:00Z',
      modified,
      pattern,
      ...more,
    },
  })
  const bundleOf = (...objects: object[]) => JSON.stringify({ type: 'bundle', objects })

  test('of an indicator of STIX the latest version stays, whatever order the versions come in', async () => {
    const one = indicator('2026-01-01T00:00:00Z', "[url:value = 'http://old.example.com/']")
    const two = indicator('2026-02-01T00:00:00Z', "[url:value = 'http://new.example.com/']")
    for (const order of [
      [one, two],
      [two, one],
    ]) {
      await take(bundleOf(...order))
      expect((await ask('url', 'http://old.example.com/')).kind).toBe('nothing')
      expect(await found('url', 'http://new.example.com/')).toMatchObject({ verdict: 'malicious' })
    }
    await take(bundleOf(one))
    expect((await ask('url', 'http://old.example.com/')).kind).toBe('nothing')
    await take(
      bundleOf(indicator('2026-03-01T00:00:00Z', "[url:value = 'http://new.example.com/']", { revoked: true })),
    )
    expect(await found('url', 'http://new.example.com/')).toMatchObject({
      verdict: 'unknown',
      hits: [{ state: 'revoked' }],
    })
  })

  test('threats and markings count whenever they come; a marking that nobody explained keeps it in the house', async () => {
    const marking = 'marking-definition--00000000-0000-4000-8000-00000000000a'
    await take(
      bundleOf(
        indicator('2026-01-01T00:00:00Z', "[ipv4-addr:value = '203.0.113.9']", {
          object_marking_refs: [marking],
          valid_until: '2026-12-01T00:00:00Z',
        }),
      ),
      { tlp: 'CLEAR' },
    )
    expect((await found('ipv4', '203.0.113.9')).hits).toMatchObject([{ tlp: 'unread', threats: [] }])
    await take(
      bundleOf(
        { type: 'malware', id: 'malware--1', name: 'Emotet' },
        {
          type: 'relationship',
          id: 'relationship--1',
          relationship_type: 'indicates',
          source_ref: 'indicator--1',
          target_ref: 'malware--1',
        },
        { type: 'marking-definition', id: marking, definition_type: 'tlp', definition: { tlp: 'green' } },
      ),
      { tlp: 'CLEAR' },
    )
    expect((await found('ipv4', '203.0.113.9')).hits).toMatchObject([
      { tlp: 'GREEN', state: 'live', threats: [{ kind: 'malware', name: 'Emotet' }] },
    ])
    expect((await found('ipv4', '203.0.113.9', day('2026-12-02'))).hits).toMatchObject([{ state: 'expired' }])
  })

  test('what is over for half a year is forgotten', async () => {
    await take('203.0.113.1\n203.0.113.2\n')
    await take('203.0.113.2\n', { clock: day('2026-11-21') })
    expect(await forgetOldIndicators(house.db, day('2027-05-01').now())).toBe(0)
    expect(await forgetOldIndicators(house.db, day('2027-06-01').now())).toBe(1)
  })

  test('hostile values stay values', async () => {
    const { indicators } = await take(
      bundleOf(
        indicator(
          '2026-01-01T00:00:00Z',
          "[file:name = '\\'; drop table indicator; --' OR file:name = '\u0000x' OR file:name = 'a%_\\\\b']",
        ),
      ),
    )
    expect(indicators).toBe(3)
    expect(await found('filename', "'; DROP table indicator; --")).toMatchObject({ verdict: 'malicious' })
    expect((await ask('filename', 'axxb')).kind).toBe('nothing')
  })

  test('two sources of one name and of different kinds do not mix', async () => {
    await take('203.0.113.1\n')
    await sql`update intelligence_source set kind = 'taxii'`.execute(house.db)
    await expect(take('203.0.113.2\n')).rejects.toThrow('state.conflict')
  })
})
