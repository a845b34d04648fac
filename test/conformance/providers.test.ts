import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { Reading } from '../../src/model/alert.ts'
import { Outcome } from '../../src/model/triage.ts'
import { fromDisposition, toDisposition } from '../../src/providers/dispositions.ts'
import { readJson } from '../../src/providers/read.ts'

// The recorded answers and vocabularies lie beside the checkout; without them this says so and passes over.
const corpus = path.resolve(import.meta.dirname, '../../../shared/corpus/providers')
const there = existsSync(corpus)
if (!there) console.warn(`providers: no corpus at ${corpus}, passing over`)

const at = (name: string) => readFileSync(path.join(corpus, name), 'utf8')
const read = (name: string) =>
  Reading.parse(readJson(at(name), { provider: null, receivedAt: '2025-01-01T00:00:00.000Z' }))

describe.skipIf(!there)('recorded answers of providers', () => {
  test('a Defender alert', () => {
    const reading = read('microsoft-defender/test_get_alerts.json.resp')
    expect(reading).toMatchObject({
      reader: 'microsoft-defender',
      kind: 'alert',
      severity: 'low',
      entity: 'test.example.com',
    })
    expect(reading.ticket?.value).toBe('1126093')
    expect(reading.rule?.value).toBe('Example Title')
    expect(reading.account?.value).toBe('DOMAIN\\ExampleUser')
    expect(reading.occurredAt).toBe('2021-01-26T20:31:32.956Z')
    expect(reading.delivered.map(({ rung }) => rung)).toEqual(['provider-alert', 'endpoint-logs'])
  })
  test.each(['test_get_incident.json.resp', 'test_list_incidents.json.resp'])('a Defender incident: %s', (name) => {
    const reading = read(`microsoft-defender/${name}`)
    expect(reading).toMatchObject({ reader: 'microsoft-defender', kind: 'alert', severity: 'informational' })
    expect(reading.ticket?.value).toBe('924518')
    expect(reading.entity).toMatch(/^testuser3@/)
    expect(reading.delivered.map(({ rung }) => rung)).toEqual(['provider-alert'])
  })
  test('a Sentinel incident', () => {
    const reading = read('microsoft-sentinel/example_incident.json')
    expect(reading).toMatchObject({ reader: 'microsoft-sentinel', kind: 'alert', severity: 'low', entity: null })
    expect(reading.ticket?.value).toBe('1020')
    expect(reading.rule?.value).toBe('Not a test at all')
  })
  test('a Red Canary timeline names its threat, and takes no author of a note for a user', () => {
    const reading = read('red-canary/timeline-excerpt.json')
    expect(reading).toMatchObject({ reader: 'red-canary', kind: 'update', entity: null })
    expect(reading.ticket?.value).toBe('THREAT-87')
    expect(reading.status?.value).toBe('remediated')
  })
  test('Trustwave findings and tickets', () => {
    expect(read('trustwave-fusion/trustwave_get_finding.json').ticket?.value).toBe(
      '765432:THREAT:@AXv0k6GhG2zTcaogE1vG',
    )
    expect(read('trustwave-fusion/trustwave_search_findings.json').rule?.value).toBe(
      'MCAS - Impossible travel activity',
    )
    expect(read('trustwave-fusion/trustwave_get_finding.json')).toMatchObject({ severity: 'unknown', entity: null })
    const ticket = read('trustwave-fusion/trustwave_get_ticket.json')
    expect(ticket).toMatchObject({ reader: 'trustwave-fusion', severity: 'high' })
    expect(ticket.ticket?.value).toBe('INA1976568')
  })
})

describe.skipIf(!there)('recorded answers of ticket systems', () => {
  const ticket = (name: string) => read(`../ticketing/${name}`)
  test.each(['get_security_incident_success.json.exp', 'search_security_incident_all.json.exp'])(
    'a security incident of ServiceNow: %s',
    (name) => {
      const reading = ticket(`servicenow/${name}`)
      expect(reading).toMatchObject({ reader: 'servicenow-sir', kind: 'alert', severity: 'low' })
      expect(reading.ticket?.value).toBe('SIR00000001')
      expect(reading.occurredAt).toBe('2023-07-28T10:18:55.000Z')
    },
  )
  test.each(['get_issue.json.resp', 'search_issues.json.resp'])('an issue of Jira: %s', (name) => {
    const reading = ticket(`jira/${name}`)
    expect(reading).toMatchObject({ reader: 'jira', entity: null })
    expect(reading.ticket?.value).toMatch(/^[A-Z]+-\d+$/)
    // The recorded list has issues without a summary: then there is no rule, and none is made up.
    expect(reading.rule?.value).toBe(name.startsWith('get') ? 'Test issue summary' : undefined)
  })
})

describe.skipIf(!there)('words in which cases are closed', () => {
  const words: Record<string, readonly string[]> = {}
  if (there) {
    const raw = JSON.parse(at('disposition-vocabularies.json')) as Record<string, unknown>
    const find = (start: string) => Object.entries(raw).find(([name]) => name.startsWith(start))?.[1]
    words['ocsf'] = find('OCSF') as string[]
    words['red-canary'] = find('Red Canary') as string[]
    words['arctic-wolf'] = Object.keys(find('Arctic Wolf') as object)
      .flatMap((name) => name.split('/'))
      .filter((name) => name !== 'close')
    words['trustwave-fusion'] = Object.values(find('Trustwave') as object)
    words['microsoft-defender'] = (find('Microsoft Defender') as { classification: string[] }).classification
    words['trend-micro-mdr'] = find('Trend Micro') as string[]
  }
  test('each of our outcomes is one word of each provider, there and back', () => {
    expect(Object.keys(words)).toHaveLength(6)
    for (const [format, known] of Object.entries(words)) {
      for (const outcome of Outcome.options) {
        const { word, comment } = toDisposition(format, outcome)
        expect(known, format).toContain(word)
        expect(fromDisposition(format, word, comment), `${format} ${word}`).toBe(outcome)
      }
    }
  })
})
