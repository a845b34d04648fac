import { expect, test } from 'vitest'
import { apiAnswerIn } from '../model/provider-api.ts'
import { Outcome } from '../model/triage.ts'
import { providerApi, providerApis } from './apis.ts'
import { fromDisposition, vocabularies } from './dispositions.ts'

const formatOf: Readonly<Record<string, string>> = {
  'microsoft-graph-incidents': 'microsoft-defender',
  'crowdstrike-alerts': 'crowdstrike',
  'sentinelone-threats': 'sentinelone',
  'ibm-qradar-offences': 'ibm-qradar',
  'cortex-xdr-incidents': 'cortex-xdr',
  'red-canary-detections': 'red-canary',
  'splunk-es-notables': 'splunk-es',
  'elastic-security-alerts': 'elastic-security',
  'darktrace-model-breaches': 'darktrace',
  'expel-investigations': 'expel',
}

test('every API is named once, says where its contract stands, and is found', () => {
  expect(providerApis.length).toBeGreaterThan(5)
  expect(new Set(providerApis.map(({ id }) => id)).size).toBe(providerApis.length)
  for (const api of providerApis) {
    expect(providerApi(api.id)).toBe(api)
    expect(api.docs.length, api.id).toBeGreaterThan(0)
    for (const place of api.docs) expect(place).toMatch(/^https:\/\//)
    expect(vocabularies[formatOf[api.id] ?? ''], api.id).toBeDefined()
  }
})

test('what is suggested for an outcome is a word of theirs, goes out together, and leads back to that kind of outcome', () => {
  for (const api of providerApis)
    for (const outcome of Outcome.options) {
      const { status, verdict } = api.usual[outcome]
      const name = `${api.id} ${outcome}`
      if (status !== '') expect(Object.keys(api.statuses), name).toContain(status)
      if (verdict !== '') {
        expect(Object.keys(api.verdicts), name).toContain(verdict)
        expect(api.ownVerdicts.test(verdict), name).toBe(true)
        const means = api.means[verdict] ?? null
        const isAlarm = outcome === 'incident' || outcome === 'minor-trouble'
        expect(means?.startsWith('false-alarm') === true, name).toBe(!isAlarm)
      }
      const say = { ticket: '123456', status: status || null, verdict: verdict || null, comment: 'Ours.' }
      const requests = api.requests(say)
      const told = requests.flatMap(({ tells }) => tells)
      expect([...told].sort(), name).toEqual([
        'comment',
        ...(status === '' ? [] : ['status']),
        ...(verdict === '' ? [] : ['verdict']),
      ])
      // What can be said twice goes first: a comment that is refused afterwards was not said.
      expect(requests.at(-1)?.tells, name).toContain('comment')
    }
})

test('every verdict of theirs means one outcome, or says that it decides nothing, as in the vocabulary of its format', () => {
  for (const api of providerApis)
    for (const [word, says] of Object.entries(api.verdicts)) {
      expect(Object.hasOwn(api.means, word), `${api.id} ${word}`).toBe(true)
      // Graph says classification/determination; QRadar and Splunk have numbers, and the words beside them.
      const plain = {
        'microsoft-graph-incidents': word.split('/')[0],
        'ibm-qradar-offences': says,
        'splunk-es-notables': says,
      }[api.id]
      const format = formatOf[api.id] ?? ''
      const known = fromDisposition(format, plain ?? word)
      // "Policy Violation" is the only reason of QRadar's own for what was real: it goes with minor trouble, since an incident stays open.
      if (api.id === 'ibm-qradar-offences' && word === '3') expect(known).toBe('incident')
      else expect(api.means[word], `${api.id} ${word}`).toBe(known)
    }
})

test('a number that is none of theirs gets into no path', () => {
  for (const api of providerApis)
    for (const bad of ['', '../../x', '1/2', '1?x=1', '1#', 'a b', '1\n2', `1${'0'.repeat(300)}`])
      expect(api.ticket.test(bad), `${api.id} ${bad}`).toBe(false)
})

test('an answer of theirs that is not as its API says is never read as one', () => {
  const readers = providerApis.flatMap(({ id, read }) => (read === null ? [] : [{ id, result: read.result }]))
  expect(readers.length).toBeGreaterThan(4)
  for (const { id, result } of readers)
    for (const odd of [null, 'text', 7, [], { data: 1 }, { status: 4 }, { resources: [{}] }])
      expect(() => result('1', [odd, odd]), `${id} ${JSON.stringify(odd)}`).toThrow()
})

test('bytes of a mail are no answer for an API, and broken ones are an error', () => {
  expect(apiAnswerIn(Buffer.from('From: a@example.com\r\n\r\nx'))).toBeNull()
  expect(() => apiAnswerIn(Buffer.from('{"form":"counterfoil/api-answer/1"}'))).toThrow()
})
