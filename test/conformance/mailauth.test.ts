import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { verify } from '../../src/intake/mail/verify.ts'

// The suites lie beside the checkout and are never copied into it: RFC 7208 tests (openspf) and the ValiMail ARC suite.
const corpus = path.resolve(import.meta.dirname, '../../../shared/corpus/mailauth')
const here = existsSync(corpus)
if (!here) process.stderr.write('conformance of mail authentication: passed over, no corpus beside the checkout\n')

type Zone = Record<string, unknown[]>
type SpfScenario = {
  description: string
  zonedata: Zone
  tests: Record<string, { helo: string; host: string; mailfrom: string; result: string | string[] }>
}
type ArcScenario = {
  description: string
  'txt-records': Record<string, string>
  tests: Record<string, { message: string; cv: string }>
}

const dnsError = (code: string) => Object.assign(new Error(code), { code })

/** DNS of a scenario: TIMEOUT is a server that does not answer; SPF records stand for TXT where there is no TXT of their own. */
function resolverOf(zone: Zone) {
  const names = new Map(Object.entries(zone).map(([name, records]) => [name.toLowerCase().replace(/\.$/, ''), records]))
  const lookUp = async (name: string, type: string, depth = 0): Promise<unknown> => {
    const records = names.get(name.toLowerCase().replace(/\.$/, ''))
    if (records === undefined) throw dnsError('ENOTFOUND')
    const own = records.filter(
      (record): record is Record<string, unknown> => typeof record === 'object' && record !== null,
    )
    let found = own.filter((record) => type in record).map((record) => record[type])
    if (type === 'TXT' && found.length === 0)
      found = own.filter((record) => 'SPF' in record).map((record) => record['SPF'])
    if (found.length === 0) {
      const alias = own.find((record) => 'CNAME' in record)
      if (alias !== undefined && depth < 10) return lookUp(String(alias['CNAME']), type, depth + 1)
      if (records.includes('TIMEOUT')) throw dnsError('ETIMEOUT')
      throw dnsError('ENODATA')
    }
    if (found.includes('TIMEOUT')) throw dnsError('ETIMEOUT')
    if (type === 'TXT') {
      const rows = found
        .filter((row) => row !== 'NONE')
        .map((row) => (Array.isArray(row) ? row.map(String) : [String(row)]))
      if (rows.length === 0) throw dnsError('ENODATA')
      return rows
    }
    if (type === 'MX')
      return found.map((row) => ({ priority: Number((row as unknown[])[0]), exchange: String((row as unknown[])[1]) }))
    return found.map(String)
  }
  return (name: string, type: string) => lookUp(name, type)
}

describe.skipIf(!here)('mail authentication, as we call it', () => {
  test('SPF: at least 192 in 200 of the RFC 7208 suite', async () => {
    const text = readFileSync(path.join(corpus, 'spf/rfc7208-tests-dev.yml'), 'utf8')
    const scenarios = parseAllDocuments(text).map((document) => document.toJS() as SpfScenario | null)
    let asked = 0
    const wrong: string[] = []
    for (const scenario of scenarios) {
      if (scenario === null) continue
      for (const [name, spf] of Object.entries(scenario.tests)) {
        asked++
        const bytes = Buffer.from('From: a@example.test\r\n\r\nx')
        const { spf: got } = await verify(
          { kind: 'verify', bytes, ip: spf.host, helo: spf.helo, sender: spf.mailfrom },
          resolverOf(scenario.zonedata),
        )
        if (![spf.result].flat().includes(got.result))
          wrong.push(`${scenario.description}/${name}: ${got.result}, not ${[spf.result].flat().join(' or ')}`)
      }
    }
    process.stdout.write(`SPF: ${asked - wrong.length} of ${asked}\n${wrong.map((line) => `  ${line}\n`).join('')}`)
    // A part of the suite may lie here; the share is what counts, and that it is not empty.
    expect(asked).toBeGreaterThanOrEqual(100)
    expect((asked - wrong.length) / asked).toBeGreaterThanOrEqual(192 / 200)
  })

  test('ARC: at least 165 in 171 of the ValiMail suite', async () => {
    const scenarios = JSON.parse(readFileSync(path.join(corpus, 'arc/arc-validation.json'), 'utf8')) as ArcScenario[]
    let asked = 0
    const wrong: string[] = []
    for (const scenario of scenarios) {
      const zone = Object.fromEntries(
        Object.entries(scenario['txt-records']).map(([name, value]) => [name, [{ TXT: value }]]),
      )
      for (const [name, { message, cv }] of Object.entries(scenario.tests)) {
        asked++
        const bytes = Buffer.from(message.replace(/\r?\n/g, '\r\n'))
        const { arc } = await verify({ kind: 'verify', bytes, ip: null, helo: null, sender: null }, resolverOf(zone))
        // The three without a verdict carry cv=fail in their newest seal: a failed chain (RFC 8617 section 5.2, step 2).
        const expected = cv === '' ? 'fail' : cv.toLowerCase()
        if (arc.result !== expected)
          wrong.push(`${scenario.description}/${name}: ${arc.result} (${arc.comment}), not ${expected}`)
      }
    }
    process.stdout.write(`ARC: ${asked - wrong.length} of ${asked}\n${wrong.map((line) => `  ${line}\n`).join('')}`)
    expect(asked).toBeGreaterThanOrEqual(80)
    expect((asked - wrong.length) / asked).toBeGreaterThanOrEqual(165 / 171)
  })

  test('DKIM: real signed mail of large senders, and of the RFCs, holds; changed by one letter it does not', async () => {
    const folder = path.join(corpus, 'stalwart/dkim')
    const files = readdirSync(folder).filter((name) => name.endsWith('.txt'))
    const held: string[] = []
    const heldChanged: string[] = []
    for (const name of files) {
      const text = readFileSync(path.join(folder, name), 'utf8').replace(/\r?\n/g, '\r\n')
      const cut = text.indexOf('\r\n\r\n')
      const zone: Zone = {}
      for (const line of text.slice(0, cut).split('\r\n'))
        zone[line.slice(0, line.indexOf(' '))] = [{ TXT: line.slice(line.indexOf(' ') + 1) }]
      const message = text.slice(cut + 4)
      const judge = async (mail: string) => {
        const { dkim } = await verify(
          { kind: 'verify', bytes: Buffer.from(mail, 'utf8'), ip: null, helo: null, sender: null },
          resolverOf(zone),
        )
        // One of them carries x= of 2022: it verifies, and says so only by "expired".
        return dkim.some((row) => row.result === 'pass' || row.comment === 'expired')
      }
      if (await judge(message)) held.push(name)
      if (await judge(message.replace(/(\r\nSubject: *)\S/i, '$1#'))) heldChanged.push(name)
    }
    process.stdout.write(`DKIM: ${held.length} of ${files.length} hold\n`)
    expect(files.length).toBeGreaterThan(3)
    expect(heldChanged).toEqual([])
    expect(files.filter((name) => !held.includes(name))).toEqual([])
  })
})
