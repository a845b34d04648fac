import fc from 'fast-check'
import { simpleParser } from 'mailparser'
import { expect, test } from 'vitest'
import { Outcome } from '../src/model/triage.ts'
import { composeMail } from '../src/outbox/mail/compose.ts'
import { planted, plantedAnswer, valuesOf } from './planted.ts'

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
      const out = plantedAnswer(value, outcome)
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
      for (const one of valuesOf(value)) {
        expect(seen).not.toContain(one.toLowerCase())
        checked += 1
      }
    }),
    { numRuns: 150 },
  )
  expect(checked).toBe(150 * 7)
})
