import fc from 'fast-check'
import { simpleParser } from 'mailparser'
import { expect, test } from 'vitest'
import { Person } from '../src/model/context.ts'
import type { SensitiveSpan } from '../src/model/reply.ts'
import { type Decision, Outcome } from '../src/model/triage.ts'
import { composeMail } from '../src/outbox/mail/compose.ts'
import { draftMachine, draftSubject, draftText, releaseAnswer } from '../src/triage/draft.ts'
import { sampleAlert } from '../src/triage/evidence.sample.ts'
import { findSensitive, indexLists, sensitiveContext } from '../src/triage/redact.ts'

const word = (min: number) => fc.stringMatching(new RegExp(`^[b-z]{${min},${min + 4}}$`))
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
const planted = fc.record({
  first: word(5).map(capital),
  last: word(5).map(capital),
  account: word(5).map((text) => `${text}7`),
  host: word(5).map((text) => `${text}-0${text.length}`),
  inner: word(4).map((text) => `${text}.plant.customer.example`),
  address: fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => `10.${parts.join('.')}`),
  secret: fc.stringMatching(/^[A-Za-z0-9]{14,30}$/).map((text) => `${text}7x`),
  phone: fc.integer({ min: 100_000, max: 999_999 }).map((digits) => `+49 30 ${digits}`),
})

/** Everything a receiver could read in a mail: its bytes, every field decoded, every part decoded, every file name. */
async function readable(bytes: Buffer): Promise<string> {
  const mail = await simpleParser(bytes)
  const fields = mail.headerLines.map((field) => field.line)
  const parts = mail.attachments.flatMap((part) => [part.filename ?? '', part.content.toString('utf8')])
  return [bytes.toString('latin1'), mail.subject ?? '', mail.text ?? '', ...fields, ...parts]
    .join('\n')
    .replaceAll('\\\\', '\\')
}

test('planted values leave in no byte of the mail: not in text, quotation, subject, fields, JSON or file names', async () => {
  let checked = 0
  await fc.assert(
    fc.asyncProperty(planted, fc.constantFrom(...Outcome.options), async (value, outcome) => {
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
      const spans = findSensitive(text, context).map((span): SensitiveSpan => ({ ...span, verdict: 'redact' }))
      const machine = draftMachine(input, { messageId: 'reply.1@customer.test', inReplyTo: 'x@provider.example' })
      const out = releaseAnswer({ text, spans, subject: draftSubject(`Fwd: ${all}`, alert), machine }, context)
      const letter = {
        ...{ to: ['soc@provider.example'], subject: out.subject, text: out.text },
        files: [
          { name: 'counterfoil.json', type: 'application/json', content: Buffer.from(JSON.stringify(out.machine)) },
        ],
        ...{
          messageId: 'reply.1@customer.test',
          inReplyTo: 'x@provider.example',
          references: [],
          date: new Date('2026-11-02T10:00:00Z'),
        },
      }
      const seen = (await readable(await composeMail(letter, 'desk@customer.test', null))).toLowerCase()
      for (const one of [name, value.account, value.host, value.inner, value.address, value.secret, value.phone]) {
        expect(seen).not.toContain(one.toLowerCase())
        checked += 1
      }
    }),
    { numRuns: 150 },
  )
  expect(checked).toBe(150 * 7)
})
