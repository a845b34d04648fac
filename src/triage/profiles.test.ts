import { expect, test } from 'vitest'
import { sampleAlert, sampleFinding } from './evidence.sample.ts'
import { profilesOf } from './profiles.ts'

const asset = {
  ...{
    id: '1',
    name: 'pay-01',
    addresses: ['192.0.2.7'],
    owner: 'Ada Meyer',
    ownerEmail: null,
    role: 'Payroll',
    application: null,
  },
  ...{
    environment: null,
    criticality: 'high' as const,
    sensitivity: null,
    regulatory: ['GDPR'],
    exposed: null,
    site: null,
  },
  asOf: '2026-10-01T00:00:00.000Z',
}
const alert = sampleAlert({ source: '203.0.113.9', destination: '192.0.2.7', host: 'PAY-01' })

test('one card for each end; a host and an address that are one asset share a card', () => {
  const findings = [
    sampleFinding('asset-of-address', 'found', { ask: { address: '192.0.2.7' }, answer: asset }),
    sampleFinding('asset-of-host', 'found', { ask: { host: 'PAY-01' }, answer: asset }),
    sampleFinding('asset-of-address', 'nothing', { ask: { address: '203.0.113.9' } }),
    sampleFinding('vulnerabilities-of-asset', 'found', {
      ask: { asset: 'PAY-01' },
      answer: { vulnerable: true, open: [{ cve: 'CVE-2026-1234', severity: 'high', since: null, note: null }] },
    }),
    sampleFinding('reputation-of-observable', 'found', {
      ask: { type: 'ip', value: '203.0.113.9' },
      answer: { verdict: 'malicious', sources: ['list-a'], note: null },
    }),
  ]
  const profiles = profilesOf(alert, findings)
  expect(profiles).toHaveLength(2)
  expect(profiles[0]).toMatchObject({
    values: ['203.0.113.9'],
    ends: ['source'],
    asset: { state: 'nothing', name: null },
    intelligence: { state: 'found', verdict: 'malicious', by: 'list-a' },
    vulnerabilities: { state: 'not-asked', vulnerable: null },
  })
  expect(profiles[1]).toMatchObject({
    values: ['192.0.2.7', 'PAY-01'],
    ends: ['destination', 'host'],
    asset: { state: 'found', owner: 'Ada Meyer', criticality: 'high', regulatory: ['GDPR'] },
    vulnerabilities: { vulnerable: true, open: [{ cve: 'CVE-2026-1234', severity: 'high' }] },
    intelligence: { state: 'not-asked', verdict: null },
  })
})

test('a look-up that failed is shown as failed, and never as not vulnerable or not ours', () => {
  const findings = [
    sampleFinding('vulnerabilities-of-asset', 'failed', { ask: { asset: 'PAY-01' }, why: 'no route to host' }),
    sampleFinding('network-of-address', 'failed', { ask: { address: '192.0.2.7' }, why: 'timeout' }),
  ]
  const host = profilesOf(alert, findings).find((one) => one.ends.includes('host'))
  expect(host?.vulnerabilities).toMatchObject({ state: 'failed', why: 'no route to host', vulnerable: null })
  const target = profilesOf(alert, findings).find((one) => one.ends.includes('destination'))
  expect(target?.network).toMatchObject({ state: 'failed', ours: null })
})

test('who looked counts before who could not, and each fact is of the first source that has it', () => {
  const findings = [
    sampleFinding('asset-of-host', 'failed', { ask: { host: 'PAY-01' } }),
    sampleFinding('asset-of-host', 'found', { ask: { host: 'PAY-01' }, answer: { ...asset, criticality: null } }),
    sampleFinding('asset-of-host', 'found', {
      ask: { host: 'PAY-01' },
      answer: { ...asset, owner: 'Bo Ek', criticality: 'low' },
    }),
  ]
  const host = profilesOf(alert, findings).find((one) => one.ends.includes('host'))
  expect(host?.asset).toMatchObject({ state: 'found', owner: 'Ada Meyer', criticality: 'low' })
})

test('an alert that names nobody has no card', () => {
  expect(profilesOf(sampleAlert({ source: null, destination: null, host: null }), [])).toEqual([])
})
