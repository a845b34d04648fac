import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Alert } from '../model/alert.ts'
import { Person } from '../model/context.ts'
import type { SensitiveSpan } from '../model/reply.ts'
import { type Decision, Outcome } from '../model/triage.ts'
import { type DraftInput, draftMachine, draftSubject, draftText, releaseAnswer } from './draft.ts'
import { sampleAlert, sampleAsset, sampleFinding } from './evidence.sample.ts'
import { Exchange, exchangeSchema, verdicts } from './exchange.ts'
import { findSensitive, indexLists, sensitiveContext } from './redact.ts'

const asset = sampleFinding('asset-of-host', 'found', {
  answer: sampleAsset({ name: 'pay-db-01', owner: 'Nadia Petrova', role: 'payroll database', criticality: 'high' }),
})
const sessions = sampleFinding('sessions-between-addresses', 'nothing')
const failed = sampleFinding('vulnerabilities-of-asset', 'failed', { why: 'connect ECONNREFUSED 10.9.8.7' })
const uncited = sampleFinding('network-of-address', 'found', {
  answer: { ours: true, network: '10.0.0.0/8', name: 'plant', site: null, zone: null },
})

const inputFor = (outcome: Outcome, changes: { alert?: Partial<Alert>; reason?: string } = {}): DraftInput => {
  const alert = sampleAlert(changes.alert)
  const decision: Decision = {
    id: '0190a5f0-0000-7000-8000-0000000000d1',
    alertId: alert.id,
    outcome,
    reason: changes.reason ?? 'A planned job of the backup.',
    cites: [asset.id, sessions.id, failed.id],
    withoutEvidence: false,
    by: 'user:1',
    at: '2026-11-02T10:00:00.000Z',
    undoneAt: null,
  }
  return { alert, decision, findings: [asset, sessions, failed, uncited], judgement: null, words: () => null }
}
const ids = { messageId: 'reply.1@customer.example', inReplyTo: 'x@provider.example' }

describe('the draft', () => {
  test('says what was decided and why, what the cited evidence showed, and what we ask for', () => {
    expect(draftText(inputFor('tune'))).toBe(`Hello,

this answers your ticket T-1 ("Suspicious PowerShell"), received 2026-11-02 09:05 UTC. Our reference: A-17.

Our decision: Tune the rule.
Reason: A planned job of the backup.

What we found:
- Network sessions: our records show no session between the two.
- Identity and owner: the machine is a known asset of ours (payroll database). Its criticality is high.
- Vulnerability: we could not look; the source did not answer.

What we ask of you: please tune the rule "Suspicious PowerShell" for pay-db-01, so that what is described above no longer raises an alert. Please tell us what you changed, and when.

The same in machine-readable form is attached (counterfoil.json).
`)
  })

  test('names nobody, no source of ours, and nothing that was not cited', () => {
    for (const outcome of Outcome.options)
      expect(draftText(inputFor(outcome))).not.toMatch(/Petrova|ECONNREFUSED|10\.9\.8\.7|plant/)
  })

  test("uses the provider's own word where it is known", () => {
    const text = draftText({
      ...inputFor('false-alarm-benign'),
      words: (outcome) =>
        outcome === 'false-alarm-benign' ? { word: 'BenignPositive', comment: 'False alarm: benign trigger' } : null,
    })
    expect(text).toContain('Our decision: BenignPositive (False alarm: benign trigger).')
  })

  test('quotes their question on one line', () => {
    const reading = { ...sampleAlert().reading, question: { value: 'Is this\r\n  expected?', span: null } }
    expect(draftText(inputFor('tune', { alert: { reading } }))).toContain('You asked: "Is this expected?"')
  })
})

test('the subject answers theirs and always has their ticket', () => {
  const alert = sampleAlert()
  expect(draftSubject('RE: AW: Alert T-1 on a host', alert)).toBe('Re: Alert T-1 on a host')
  expect(draftSubject('Alert\r\n on a host', alert)).toBe('Re: [T-1] Alert on a host')
  expect(draftSubject(null, alert)).toBe('Re: [T-1] Suspicious PowerShell')
  expect(draftSubject('x'.repeat(5000), alert).length).toBeLessThanOrEqual(250)
})

describe('the machine-readable part', () => {
  test('is of its schema, and the published JSON Schema is current', () => {
    expect(Exchange.parse(draftMachine(inputFor('incident'), ids))).toMatchObject({
      verdict_id: 2,
      request: 'investigate',
      ticket: 'T-1',
    })
    const published = JSON.parse(
      readFileSync(new URL('../../docs/exchange/answer-1.schema.json', import.meta.url), 'utf8'),
    )
    expect(published).toEqual(JSON.parse(JSON.stringify(exchangeSchema())))
  })

  test('every outcome has a verdict of its own', () => {
    expect(Object.keys(verdicts).sort()).toEqual([...Outcome.options].sort())
    expect(new Set(Object.values(verdicts).map((verdict) => verdict.id)).size).toBe(Outcome.options.length)
  })

  test('leaves the reason out when the released text no longer has it', () => {
    const input = inputFor('tune')
    const answer = { text: draftText(input), spans: [], subject: 'Re: T-1', machine: draftMachine(input, ids) }
    expect(releaseAnswer(answer, plainContext).machine.reason).toBe('A planned job of the backup.')
    const rewritten = { ...answer, text: answer.text.replace('A planned job of the backup.', 'Known and expected.') }
    expect(releaseAnswer(rewritten, plainContext).machine.reason).toBeNull()
  })
})

const plainContext = sensitiveContext({
  lists: indexLists({ people: [], assets: [] }),
  accounts: [],
  hosts: [],
  ownNetworks: [],
  ownDomains: ['customer.example'],
  providerDomains: ['provider.example'],
  providerWrote: '',
  references: ['T-1', 'A-17'],
})

/** Values that must not leave, with a way to plant them. */
const letters = fc.stringMatching(/^[b-z]{5,9}$/)
const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)
const planted = fc.record({
  first: letters.map(capital),
  last: letters.map(capital),
  account: letters.map((word) => `${word}7`),
  host: letters.map((word) => `${word}-0${word.length}`),
  address: fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => `10.${parts.join('.')}`),
  secret: fc.stringMatching(/^[A-Za-z0-9]{14,30}$/).map((word) => `${word}7!x`),
  path: letters.map((word) => `C:\\Users\\${word}\\a.exe`),
})

test('whatever is planted in alert, reason, rule, title, subject and observables: after redaction nothing of it leaves in any part', () => {
  fc.assert(
    fc.property(planted, fc.constantFrom(...Outcome.options), (secret, outcome) => {
      const name = `${secret.first} ${secret.last}`
      const all = `${name} (${secret.account}) on ${secret.host} at ${secret.address}, password: ${secret.secret} in ${secret.path}`
      const context = sensitiveContext({
        ...plainBasics,
        lists: indexLists({
          people: [
            Person.parse({
              id: '1',
              name,
              email: `${secret.first}.${secret.last}@customer.example`.toLowerCase(),
              accounts: [secret.account],
            }),
          ],
          assets: [],
        }),
        hosts: [secret.host],
        providerWrote: all,
      })
      const reading = {
        ...sampleAlert().reading,
        question: { value: `Is ${all} expected?`, span: null },
        observables: [
          { type: 'ipv4' as const, value: secret.address, start: 0, end: 1, text: secret.address, part: '1' },
          { type: 'hostname' as const, value: secret.host, start: 0, end: 1, text: secret.host, part: '1' },
          { type: 'user' as const, value: secret.account, start: 0, end: 1, text: secret.account, part: '1' },
          { type: 'filepath' as const, value: secret.path, start: 0, end: 1, text: secret.path, part: '1' },
          { type: 'ipv4' as const, value: '192.0.2.66', start: 0, end: 1, text: '192.0.2.66', part: '1' },
        ],
      }
      const input = inputFor(outcome, {
        reason: `Because of ${all}.`,
        alert: {
          title: all,
          rule: `Rule about ${secret.host} and ${name}`,
          entity: secret.host,
          host: secret.host,
          account: secret.account,
          reading,
        },
      })
      const text = draftText(input)
      const spans = findSensitive(text, context).map(
        (span, index): SensitiveSpan => ({
          ...span,
          verdict: index % 2 === 0 ? 'redact' : 'pseudonym',
          pseudonym: index % 2 === 0 ? null : `ZZZ-${index}`,
        }),
      )
      const out = releaseAnswer(
        { text, spans, subject: draftSubject(`Alert: ${all}`, input.alert), machine: draftMachine(input, ids) },
        context,
      )
      expect(out.leftUnreviewed).toBe(0)
      const everything = `${out.text}\n${out.subject}\n${JSON.stringify(out.machine)}`
        .toLowerCase()
        .replaceAll('\\\\', '\\')
      for (const value of [name, secret.account, secret.host, secret.address, secret.secret, secret.path]) {
        expect(everything).not.toContain(value.toLowerCase())
      }
      expect(out.subject).toContain('T-1')
      expect(out.machine.observables).toEqual([{ type: 'ipv4', value: '192.0.2.66' }])
    }),
    { numRuns: 300 },
  )
})

const plainBasics = {
  accounts: [],
  ownNetworks: [],
  ownDomains: ['customer.example'],
  providerDomains: ['provider.example'],
  references: ['T-1', 'A-17'],
}
