import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { IntelligenceConfig } from '../../src/config/config.ts'
import { openFeed } from '../../src/connectors/intelligence/feeds.ts'
import { systemClock } from '../../src/kit/clock.ts'
import type { IntelligenceRead } from '../../src/model/intelligence.ts'
import { openIntelligence } from '../../src/parsers/intelligence/read.ts'
import { PatternProblem, readPattern } from '../../src/parsers/intelligence/stix-pattern.ts'
import { readWarningList } from '../../src/parsers/intelligence/warning-list.ts'
import { fetchFeed } from '../../src/playbooks/fetch-intelligence.ts'
import { knowObservable } from '../../src/playbooks/know-observable.ts'
import { freshDatabase } from '../database.ts'

const corpus = path.resolve(import.meta.dirname, '../../../shared/corpus')

describe.skipIf(!existsSync(path.join(corpus, 'stix')))('real intelligence beside the checkout', () => {
  test('every pattern of the reference vectors is taken or refused as the reference does', () => {
    const vectors = JSON.parse(readFileSync(path.join(corpus, 'stix/patterns.json'), 'utf8')) as {
      pattern: string
      valid: boolean
    }[]
    const isValid = (pattern: string): boolean => {
      try {
        readPattern(pattern)
        return true
      } catch (error) {
        if (error instanceof PatternProblem) return false
        throw error
      }
    }
    const wrong = vectors.filter(({ pattern, valid }) => isValid(pattern) !== valid)
    console.log(`STIX patterns: ${vectors.length - wrong.length} of ${vectors.length} as the reference`)
    expect(vectors.length).toBeGreaterThan(40)
    expect(wrong).toEqual([])
  })

  test('every STIX and MISP file is read to its end, and every indicator for detection is taken or named', async () => {
    const files = [...filesIn('stix/examples'), ...filesIn('misp/events')].filter((file) => file.endsWith('.json'))
    const counts = { files: 0, indicators: 0, skipped: 0, refused: 0 }
    for (const file of files) {
      try {
        const { reads } = await openIntelligence(createReadStream(file))
        for await (const read of reads as AsyncIterable<IntelligenceRead>) {
          if (read.kind === 'indicator') counts.indicators += 1
          if (read.kind === 'skipped') counts.skipped += 1
        }
        counts.files += 1
      } catch (error) {
        counts.refused += 1
        expect(String(error), file).toContain('file.invalid')
      }
    }
    console.log(`STIX and MISP files: ${JSON.stringify(counts)}`)
    expect(counts.files).toBeGreaterThan(20)
    expect(counts.indicators).toBeGreaterThan(500)
  })

  test('attributes for detection of a MISP event, counted by hand', async () => {
    const file = path.join(corpus, 'misp/events/to_delete2.json')
    const event = JSON.parse(readFileSync(file, 'utf8')) as { Event: MispEvent }
    const wanted = [...event.Event.Attribute, ...event.Event.Object.flatMap((one) => one.Attribute)].filter(
      ({ to_ids, type, value }) =>
        // A private address is nobody's indicator elsewhere: it is named among the skipped.
        to_ids && !value.startsWith('10.') && /^(?:ip-dst|ip-src|domain|hostname|url|md5|sha1|sha256)$/.test(type),
    )
    const { reads } = await openIntelligence(createReadStream(file))
    const taken: string[] = []
    for await (const read of reads)
      if (read.kind === 'indicator' && !/filename/.test(read.indicator.type)) taken.push(read.indicator.ref)
    const missing = wanted.filter(({ uuid }) => !taken.includes(uuid))
    console.log(`MISP event: ${wanted.length} plain attributes for detection, ${missing.length} not taken`)
    expect(wanted.length).toBeGreaterThan(10)
    expect(missing.map(({ type, value }) => `${type} ${value}`)).toEqual([])
  })

  test('every warning list is read, entry by entry', () => {
    const files = filesIn('misp/warninglists')
    for (const file of files) {
      const text = readFileSync(file, 'utf8')
      const { list } = JSON.parse(text) as { list: string[] }
      const read = readWarningList(text)
      // Ids of Azure applications are nothing that is asked about: the list is refused as a whole.
      if (file.includes('azure-appid')) continue
      expect(read.entries.length + read.refused.length, file).toBeGreaterThanOrEqual(
        new Set(list.map((one) => one.toLowerCase())).size * 0.98,
      )
      expect(read.refused.slice(0, 3), file).toEqual([])
    }
    expect(files.length).toBeGreaterThan(20)
  })
})

describe.skipIf(!existsSync(path.join(corpus, 'taxii')))('the data set of the reference TAXII server', () => {
  test('its readable collections are fetched, of each indicator the latest version, with light and malware', async () => {
    const house = await freshDatabase()
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://127.0.0.1')
      const root = Data.parse(JSON.parse(readFileSync(path.join(corpus, 'taxii/medallion-default_data.json'), 'utf8')))
      const [, , , id] = url.pathname.split('/')
      const collection = root.trustgroup1.collections.find((one) => one.id === id)
      const from = Number(url.searchParams.get('next') ?? 0)
      const objects = collection?.objects.slice(from, from + 3) ?? []
      const more = from + 3 < (collection?.objects.length ?? 0)
      const body =
        id === ''
          ? { collections: root.trustgroup1.collections.map(({ objects: _none, ...one }) => one) }
          : { more, ...(more ? { next: String(from + 3) } : {}), objects }
      response.writeHead(200, { 'content-type': 'application/taxii+json;version=2.1' }).end(JSON.stringify(body))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/trustgroup1/`
      const [settings] = IntelligenceConfig.parse({
        feeds: [{ id: 'reference', kind: 'taxii', url, plainHttp: true, allowAddresses: ['127.0.0.1'] }],
      }).feeds
      if (settings === undefined) throw new Error('no feed')
      const feed = openFeed(settings, { clock: systemClock, environmentSecret: () => null })
      const taken = await fetchFeed({ db: house.db, clock: systemClock }, feed, new AbortController().signal)
      console.log(`TAXII reference data: ${JSON.stringify(taken)}`)
      // Three versions of one indicator and another one: two hold in the end.
      const rows = await house.db.selectFrom('indicator').select(['type', 'value']).orderBy('type').execute()
      expect(rows).toEqual([
        { type: 'sha256', value: 'ef537f25c895bfa782526529a9b63d97aa631564d5d789c2b765448c8635fb6c' },
        { type: 'url', value: 'http://x4z9arb.cn/4712' },
      ])
      const known = await knowObservable(house.db, 'sha256', rows[0]?.value ?? '', new Date())
      expect(known?.reputation).toMatchObject({
        verdict: 'malicious',
        hits: [{ threats: [{ kind: 'malware', name: 'Poison Ivy' }] }],
      })
      await feed.close()
    } finally {
      server.closeAllConnections()
      server.close()
      await house.close()
    }
  })
})

const Data = z.object({
  trustgroup1: z.object({ collections: z.array(z.looseObject({ id: z.string(), objects: z.array(z.unknown()) })) }),
})

type MispEvent = { Attribute: MispAttribute[]; Object: { Attribute: MispAttribute[] }[] }
type MispAttribute = { to_ids: boolean; type: string; uuid: string; value: string }

function filesIn(folder: string): string[] {
  return readdirSync(path.join(corpus, folder), { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => path.join(one.parentPath, one.name))
}
