import fc from 'fast-check'
import { Person } from '../src/model/context.ts'
import type { SensitiveSpan } from '../src/model/reply.ts'
import type { Decision, Outcome } from '../src/model/triage.ts'
import { draftMachine, draftSubject, draftText, type ReleasedAnswer, releaseAnswer } from '../src/triage/draft.ts'
import { sampleAlert } from '../src/triage/evidence.sample.ts'
import { findSensitive, indexLists, sensitiveContext } from '../src/triage/redact.ts'

const word = (min: number) => fc.stringMatching(new RegExp(`^[b-z]{${min},${min + 4}}$`))
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** What nobody outside may learn, made up anew each time. */
export const planted = fc.record({
  first: word(5).map(capital),
  last: fc.tuple(word(5), fc.constantFrom('', 'ü', 'ø')).map(([text, end]) => `${capital(text)}${end}`),
  account: word(5).map((text) => `${text}7`),
  host: word(5).map((text) => `${text}-0${text.length}`),
  inner: word(4).map((text) => `${text}.plant.customer.example`),
  address: fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => `10.${parts.join('.')}`),
  secret: fc.stringMatching(/^[A-Za-z0-9]{14,30}$/).map((text) => `${text}7x`),
  phone: fc.integer({ min: 100_000, max: 999_999 }).map((digits) => `+49 30 ${digits}`),
})
export type Planted = typeof planted extends fc.Arbitrary<infer T> ? T : never

export const valuesOf = (value: Planted): readonly string[] => [
  ...[`${value.first} ${value.last}`, value.account, value.host, value.inner],
  ...[value.address, value.secret, value.phone],
]

/** An answer to an alert in which all of it stands everywhere, as it is released when each place is covered, or kept. */
export function plantedAnswer(value: Planted, outcome: Outcome, verdict: 'redact' | 'keep' = 'redact'): ReleasedAnswer {
  const name = `${value.first} ${value.last}`
  const all = `${name}, ${value.account} on ${value.host} (${value.inner}, ${value.address}), password: ${value.secret}, call ${value.phone}`
  const person = Person.parse({ id: '1', name, email: null, accounts: [value.account] })
  const context = sensitiveContext({
    lists: indexLists({ people: [person], assets: [] }),
    ...{
      accounts: [],
      hosts: [value.host],
      ownNetworks: [],
      ownDomains: ['customer.example'],
      providerDomains: ['provider.example'],
    },
    ...{ providerWrote: all, references: ['T-1', 'A-17'] },
  })
  const reading = { ...sampleAlert().reading, question: { value: `Is ${all} expected?`, span: null } }
  const alert = sampleAlert({
    title: all,
    rule: `Sign-in of ${value.account}`,
    entity: value.host,
    host: value.host,
    reading,
  })
  const decision: Decision = {
    ...{
      id: '0190a5f0-0000-7000-8000-0000000000d1',
      alertId: alert.id,
      outcome,
      reason: `We asked: ${all}.\n> ${all}`,
      cites: [],
    },
    ...{ withoutEvidence: true, by: 'user:1', at: '2026-11-02T10:00:00.000Z', undoneAt: null },
  }
  const input = { alert, decision, findings: [], judgement: null, words: () => null }
  const text = `${draftText(input)}\n> quoted: ${all.toUpperCase()}\n`
  const spans = findSensitive(text, context).map((span): SensitiveSpan => ({ ...span, verdict }))
  const machine = draftMachine(input, { messageId: 'reply.1@customer.test', inReplyTo: 'x@provider.example' })
  return releaseAnswer({ text, spans, subject: draftSubject(`Fwd: ${all}`, alert), machine }, context)
}
