import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Finding, FindingKind } from '../model/finding.ts'
import { type QuestionName, questionNames, questions } from '../model/question.ts'
import { Judgement, type PastAlert } from '../model/triage.ts'
import { sampleAlert, sampleAsset, sampleFinding } from './evidence.sample.ts'
import { judge } from './judge.ts'

const now = new Date('2026-11-02T09:06:00.000Z')
const judged = (findings: readonly Finding[], history: readonly PastAlert[] = [], alert = sampleAlert()) =>
  judge({ alert, findings, history, now })

const past = (outcome: PastAlert['outcome'], number = 3): PastAlert => ({
  alertId: '0190a5f0-0000-7000-8000-0000000000ff',
  number,
  receivedAt: '2026-10-02T09:00:00.000Z',
  outcome,
  reason: 'The backup does this every night.',
  by: 'Ada Meyer',
  decidedAt: '2026-10-02T10:00:00.000Z',
})

/** Answers that are right for their question where it matters to risk and proposal; for the rest a session list. */
const answers: Partial<Record<QuestionName, unknown>> = {
  'asset-of-host': sampleAsset({
    criticality: 'critical',
    owner: 'Ada Meyer',
    ownerEmail: 'ada@example.com',
    exposed: true,
  }),
  'asset-of-address': sampleAsset({ criticality: 'low', regulatory: ['NIS2'] }),
  'business-role-of-asset': sampleAsset({ role: 'payroll database', sensitivity: 'high' }),
  'was-this-you': { answer: 'yes', comment: 'I ran the backup', by: 'Ada Meyer', at: '2026-11-02T09:05:30.000Z' },
  'vulnerabilities-of-asset': {
    vulnerable: true,
    open: [{ cve: 'CVE-2026-0001', severity: null, since: null, note: null }],
  },
  'reputation-of-observable': { verdict: 'malicious', sources: ['list'], note: null },
  'network-of-address': { ours: true, network: '192.0.2.0/24', name: 'office', site: null, zone: null },
  'sessions-between-addresses': { count: 2, bytes: null, first: null, last: null, rows: [] },
}
const finding = fc
  .record({ question: QuestionNameArb(), kind: fc.constantFrom(...FindingKind.options) })
  .map(({ question, kind }) =>
    sampleFinding(question, kind, { answer: kind === 'found' ? (answers[question] ?? null) : null }),
  )
function QuestionNameArb() {
  return fc.constantFrom(...questionNames)
}
const outcomes = fc.constantFrom('incident', 'minor-trouble', 'false-alarm-nothing', 'false-alarm-benign', 'tune', null)
const severities = fc.constantFrom('unknown', 'informational', 'low', 'medium', 'high', 'critical')

describe('ladder and fidelity', () => {
  test('a failed lookup never lowers fidelity and never reads as nothing', () => {
    fc.assert(
      fc.property(fc.array(finding, { maxLength: 12 }), QuestionNameArb(), (findings, question) => {
        const before = judged(findings)
        const failure = sampleFinding(question, 'failed', { why: 'the server refused', connector: 'cmdb' })
        const after = judged([...findings, failure])
        expect(after.fidelity.attained).toBeGreaterThanOrEqual(before.fidelity.attained)
        expect(after.fidelity.delivered).toBeGreaterThanOrEqual(before.fidelity.delivered)
        const rung = after.ladder.find((one) => one.rung === questions[question].rung)
        expect(rung?.says).toContain('the server refused')
        expect(rung?.findingIds).toContain(failure.id)
        const looked = findings.some((one) => questions[one.question].rung === rung?.rung && one.kind === 'nothing')
        if (!looked) expect(rung?.state).not.toBe('nothing')
        expect(after.risk.score).toBe(before.risk.score)
        expect(after.proposal.outcome).toBe(before.proposal.outcome)
      }),
      { numRuns: 500 },
    )
  })

  test('whatever the evidence, the judgement fits its schema, and 0 <= delivered <= attained <= applicable <= 6', () => {
    fc.assert(
      fc.property(
        fc.array(finding, { maxLength: 20 }),
        fc.array(outcomes, { maxLength: 6 }),
        severities,
        (findings, pasts, severity) => {
          const result = Judgement.parse(
            judged(
              findings,
              pasts.map((one) => past(one)),
              sampleAlert({ severity }),
            ),
          )
          const { delivered, attained, applicable } = result.fidelity
          expect(delivered >= 0 && delivered <= attained && attained <= applicable && applicable <= 6).toBe(true)
          expect(result.ladder).toHaveLength(6)
        },
      ),
    )
  })

  test('what the message showed is delivered, what we found is attained, and each says who supplied it', () => {
    const alert = sampleAlert()
    const reading = {
      ...alert.reading,
      delivered: [{ rung: 'network-sessions' as const, because: 'It lists two sessions.', span: null }],
    }
    const result = judged(
      [
        sampleFinding('asset-of-host', 'found', { answer: sampleAsset() }),
        sampleFinding('vulnerabilities-of-asset', 'nothing', { connector: 'scanner' }),
        sampleFinding('processes-of-host', 'failed', { connector: 'edr', why: 'timed out after 5 s' }),
      ],
      [],
      { ...alert, reading },
    )
    expect(result.fidelity).toEqual({ delivered: 2, attained: 4, applicable: 6 })
    const states = result.ladder.map(({ rung, state, supplier }) => [rung, state, supplier])
    expect(states).toEqual([
      ['provider-alert', 'found', 'provider'],
      ['network-sessions', 'found', 'provider'],
      ['endpoint-logs', 'failed', 'nobody'],
      ['identity-owner', 'found', 'us'],
      ['vulnerability', 'nothing', 'us'],
      ['business-context', 'not-collected', 'nobody'],
    ])
    expect(result.ladder[2]?.says).toBe('What ran on this host? edr could not look: timed out after 5 s.')
  })

  test('an unread message delivers nothing, not even the alert', () => {
    const result = judged([], [], sampleAlert({ kind: 'unread' }))
    expect(result.fidelity).toEqual({ delivered: 0, attained: 0, applicable: 6 })
    expect(result.ladder[0]).toMatchObject({ state: 'not-collected', supplier: 'nobody' })
  })

  test('never seen before fills no rung: it says nothing about the asset', () => {
    const result = judged([sampleFinding('seen-before', 'nothing', { connector: 'past-alerts' })])
    expect(result.ladder[5]).toMatchObject({ state: 'not-collected', says: 'Never decided before.' })
  })

  test('a rung is not applicable only when everybody says so', () => {
    const none = sampleFinding('person-of-account', 'not-applicable')
    expect(judged([none]).ladder[3]?.state).toBe('not-applicable')
    expect(judged([none]).fidelity.applicable).toBe(5)
    expect(judged([none, sampleFinding('asset-of-host', 'not-collected')]).ladder[3]?.state).toBe('not-collected')
  })

  test('an answer of the wrong shape counts as failed', () => {
    const result = judged([sampleFinding('asset-of-host', 'found', { answer: { name: 7 } })])
    expect(result.ladder[3]).toMatchObject({ state: 'failed', supplier: 'nobody' })
  })

  test('a failure that was made good by a retry is not held against the source', () => {
    const found = sampleFinding('asset-of-host', 'found', { answer: sampleAsset() })
    expect(judged([sampleFinding('asset-of-host', 'failed'), found]).ladder[3]?.says).not.toContain('could not look')
  })
})

describe('risk', () => {
  test('with nothing known the level is the severity the provider gave, and every other part counts as 1 and says so', () => {
    const levels = (['low', 'medium', 'high', 'critical'] as const).map(
      (severity) => judged([], [], sampleAlert({ severity })).risk.level,
    )
    expect(levels).toEqual(['low', 'medium', 'high', 'critical'])
    const parts = judged([]).risk.parts
    expect(parts).toHaveLength(7)
    for (const part of parts.slice(1))
      expect(part).toMatchObject({ weight: 1, known: false, because: expect.stringContaining('Counts as 1.') })
  })

  test('the worst asset counts, and each part names its source', () => {
    const findings = [
      sampleFinding('asset-of-host', 'found', { answer: sampleAsset({ criticality: 'low' }) }),
      sampleFinding('asset-of-address', 'found', {
        answer: sampleAsset({
          id: 'b',
          name: 'erp',
          criticality: 'critical',
          asOf: '2026-01-01T00:00:00.000Z',
          regulatory: ['NIS2', 'DORA'],
        }),
      }),
    ]
    const { parts, score } = judged(findings).risk
    expect(parts[1]).toMatchObject({
      value: 'critical',
      weight: 2,
      because: 'erp, by asset-list. That is 305 days old.',
    })
    expect(parts[3]).toMatchObject({ value: 'DORA, NIS2', weight: 1.25 })
    expect(score).toBe(62.5)
  })

  test('a scanner that looked lowers the risk, a scanner that failed does not', () => {
    const at = (kind: Finding['kind']) => judged([sampleFinding('vulnerabilities-of-asset', kind)]).risk.score
    expect([at('nothing'), at('failed'), at('not-collected')]).toEqual([12.5, 25, 25])
  })

  test('what is open on a machine moves no risk while the alert names no CVE; patched lowers it, open at the time raises it', () => {
    const line = { cve: 'CVE-2026-0001', severity: 'high', since: null, note: null, kev: '2026-01-05' }
    const part = (answer: object) => {
      const { risk } = judged([sampleFinding('vulnerabilities-of-asset', 'found', { answer, connector: 'scans' })])
      return risk.parts.find(({ name }) => name === 'Vulnerable to what is tried')
    }
    expect(part({ vulnerable: null, open: [line], total: 7 })).toMatchObject({
      known: false,
      weight: 1,
      because: expect.stringContaining('7 open on the machine, 1 of them known to be exploited') as string,
    })
    const patchedAt = '2026-01-20T00:00:00.000Z'
    expect(part({ vulnerable: false, open: [], patchedAt })).toMatchObject({
      weight: 0.5,
      because: 'scans looked: it is gone since 2026-01-20 at the latest.',
    })
    expect(part({ vulnerable: true, open: [], fixed: [line], patchedAt, kev: '2026-01-05' })).toMatchObject({
      weight: 2,
      because: expect.stringContaining('It was open then, and is gone since 2026-01-20') as string,
    })
  })

  test('the score is the product of the parts shown, at most 100', () => {
    fc.assert(
      fc.property(fc.array(finding, { maxLength: 12 }), severities, (findings, severity) => {
        const { parts, score } = judged(findings, [], sampleAlert({ severity })).risk
        const product = parts.reduce((all, part) => all * part.weight, 25)
        expect(Math.abs(score - Math.min(100, product))).toBeLessThan(0.051)
        for (const part of parts) if (!part.known) expect(part.weight).toBe(1)
      }),
    )
  })
})

describe('proposal', () => {
  const yes = sampleFinding('was-this-you', 'found', { answer: answers['was-this-you'] })

  test('on a high risk it never proposes a false alarm without positive evidence about this very alert', () => {
    fc.assert(
      fc.property(
        fc.array(finding, { maxLength: 12 }),
        fc.array(outcomes, { maxLength: 9 }),
        severities,
        (findings, pasts, severity) => {
          const { risk, proposal } = judged(
            findings,
            pasts.map((one) => past(one)),
            sampleAlert({ severity }),
          )
          const calm = ['false-alarm-nothing', 'false-alarm-benign', 'tune'].includes(proposal.outcome ?? '')
          if (!calm || !['high', 'critical'].includes(risk.level)) return
          const cited = findings.filter((one) => proposal.supports.some((line) => line.findingId === one.id))
          expect(
            cited.some((one) =>
              ['was-this-you', 'change-window-of-asset', 'network-of-address', 'sessions-between-addresses'].includes(
                one.question,
              ),
            ),
          ).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('nine equal false alarms do not calm a high risk; the owner who says yes does, without high confidence', () => {
    const history = Array.from({ length: 9 }, () => past('false-alarm-benign'))
    const alert = sampleAlert({ severity: 'high' })
    const without = judged([], history, alert).proposal
    expect(without.outcome).toBeNull()
    expect(without.sentence).toContain('nothing about this very alert explains it')
    expect(judged([yes], history, alert).proposal).toMatchObject({ outcome: 'false-alarm-benign', confidence: 'low' })
  })

  test('the owner who says no makes an incident, cites the answer, and names the repeats as contradiction', () => {
    const no = sampleFinding('was-this-you', 'found', {
      answer: { answer: 'no', comment: '', by: 'Ada Meyer', at: now.toISOString() },
    })
    const { proposal } = judged([no], [past('false-alarm-benign')])
    expect(proposal.outcome).toBe('incident')
    expect(proposal.supports).toEqual([{ findingId: no.id, says: 'Ada Meyer says it was not them.' }])
    expect(proposal.contradicts[0]?.says).toContain('A-3 by Ada Meyer')
  })

  test('seen three times and always benign, at medium risk: false alarm, with what is missing', () => {
    const { proposal } = judged(
      [],
      [past('false-alarm-benign'), past('false-alarm-benign'), past('false-alarm-benign')],
    )
    expect(proposal).toMatchObject({ outcome: 'false-alarm-benign', confidence: 'low' })
    expect(proposal.missing[0]).toContain('Network sessions')
    expect(proposal.supports.map((line) => line.says).join()).toContain('the rule should change')
  })

  test('a change window counts when the alert falls into it, and not on another day', () => {
    const change = {
      id: 'CHG-9',
      title: 'Patch day',
      from: '2026-11-02T08:00:00Z',
      to: '2026-11-02T10:00:00Z',
      owner: 'Ops',
    }
    const window = sampleFinding('change-window-of-asset', 'found', { answer: { changes: [change] } })
    expect(judged([window]).proposal.outcome).toBe('false-alarm-benign')
    expect(judged([window], [], sampleAlert({ occurredAt: '2026-11-05T09:00:00.000Z' })).proposal.outcome).toBeNull()
  })

  test('evidence both ways is no proposal', () => {
    const change = {
      id: 'CHG-9',
      title: 'Patch day',
      from: '2026-11-02T08:00:00Z',
      to: '2026-11-02T10:00:00Z',
      owner: null,
    }
    const { proposal } = judged([
      sampleFinding('change-window-of-asset', 'found', { answer: { changes: [change] } }),
      sampleFinding('vulnerabilities-of-asset', 'found', { answer: answers['vulnerabilities-of-asset'] }),
      sampleFinding('reputation-of-observable', 'found', {
        answer: answers['reputation-of-observable'],
        ask: { value: '203.0.113.9' },
      }),
    ])
    expect(proposal.outcome).toBeNull()
    expect(proposal.supports.length > 0 && proposal.contradicts.length > 0).toBe(true)
  })

  test('that a name in the text is harmless explains nothing; that what it is about is harmless is a hint; bad outweighs good', () => {
    const told = (value: string, verdict: string) =>
      sampleFinding('reputation-of-observable', 'found', {
        answer: { verdict, sources: ['list'], note: null },
        ask: { type: 'domain', value },
      })
    const alert = sampleAlert({ destination: '203.0.113.9' })
    const says = (...findings: Finding[]) => judged(findings, [], alert)
    const intelligence = (judgement: Judgement) =>
      judgement.risk.parts.find(({ name }) => name === 'Intelligence')?.value
    const aside = says(told('www.example.com', 'harmless'))
    expect([intelligence(aside), aside.proposal.supports, aside.proposal.contradicts]).toEqual(['unknown', [], []])
    expect(intelligence(says(told('203.0.113.9', 'harmless')))).toBe('harmless')
    const many = Array.from({ length: 9 }, (_, at) => told(`h${at}.example.com`, 'malicious'))
    const bad = says(told('203.0.113.9', 'harmless'), ...many)
    expect(intelligence(bad)).toBe('malicious')
    // Nine names of one thing are no nine reasons.
    const lines = [...bad.proposal.supports, ...bad.proposal.contradicts].filter(({ says: words }) =>
      words.includes('is known as'),
    )
    expect(lines).toHaveLength(2)
  })

  test('the same answer for three times around the alert is one reason, and sessions in one of them are sessions', () => {
    const asked = (aroundMinutes: number, count: number) =>
      sampleFinding('sessions-between-addresses', count === 0 ? 'nothing' : 'found', {
        ...{ aroundMinutes, connector: 'log-lake' },
        answer: count === 0 ? null : { count, bytes: null, first: null, last: null, rows: [] },
      })
    const once = judged([asked(5, 0)]).proposal
    expect(once.outcome).toBe('false-alarm-nothing')
    expect(judged([asked(5, 0), asked(60, 0), asked(1440, 0)]).proposal).toMatchObject({
      ...{ outcome: once.outcome, confidence: once.confidence, sentence: once.sentence },
    })
    const wider = judged([asked(5, 0), asked(60, 0), asked(1440, 3)]).proposal
    expect([...wider.supports, ...wider.contradicts].map((line) => line.says)).toEqual([
      'log-lake has sessions between the two.',
    ])
    const no = sampleFinding('was-this-you', 'found', {
      answer: { answer: 'no', comment: '', by: 'Ada Meyer', at: now.toISOString() },
    })
    expect(judged([asked(5, 0), asked(60, 0), asked(1440, 0), no]).proposal.outcome).toBe('incident')
  })

  test('nothing known is nothing proposed', () => {
    expect(judged([]).proposal).toMatchObject({ outcome: null, confidence: 'low', supports: [], contradicts: [] })
  })

  test('not me asks for another person', () => {
    const notMe = sampleFinding('was-this-you', 'found', {
      answer: { answer: 'not-me', comment: '', by: 'Ada', at: now.toISOString() },
    })
    expect(judged([notMe]).proposal.missing.at(-1)).toContain('somebody else')
  })
})

test('the sentence says what they say, what it is to us and how much we have', () => {
  const answer = sampleAsset({ role: 'payroll database', owner: 'Ada Meyer', criticality: 'critical' })
  expect(judged([sampleFinding('asset-of-host', 'found', { answer })]).sentence).toBe(
    'Acme says of pay-db-01: "Suspicious PowerShell"; pay-db-01 is "payroll database", owner Ada Meyer, criticality critical; we have 2 of 6 rungs of evidence (1 came with the message).',
  )
  expect(judged([sampleFinding('asset-of-host', 'nothing')]).sentence).toContain('it is on no list of ours')
  expect(judged([sampleFinding('asset-of-host', 'failed')]).sentence).toContain('what it is to us is not known')
})
