import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { IntelligenceRead } from '../../src/model/intelligence.ts'
import { openIntelligence } from '../../src/parsers/intelligence/read.ts'
import { PatternProblem, readPattern } from '../../src/parsers/intelligence/stix-pattern.ts'
import { readWarningList } from '../../src/parsers/intelligence/warning-list.ts'

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
        expect(String(error), file).toContain('input.invalid')
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

type MispEvent = { Attribute: MispAttribute[]; Object: { Attribute: MispAttribute[] }[] }
type MispAttribute = { to_ids: boolean; type: string; uuid: string; value: string }

function filesIn(folder: string): string[] {
  return readdirSync(path.join(corpus, folder), { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => path.join(one.parentPath, one.name))
}
