import { expect, test } from 'vitest'
import { letterFrom } from '../../test/letter-of.ts'
import { mailboxOf } from './mailbox.sample.ts'
import { makeXray } from './xray.ts'

test.each([1, 7, 42, 2025])('three providers in one folder out of order are counted as they are (seed %i)', (seed) => {
  const { mails, truth } = mailboxOf(seed)
  const xray = makeXray({ businessHours: { timeZone: null, from: '08:00', to: '18:00' } })
  mails.forEach((text, index) => xray.add({ name: `${index}`, letter: letterFrom(text) }))
  const result = xray.result()
  expect(result.unreadMessages).toEqual([])
  expect({
    alerts: result.alerts,
    tickets: result.tickets,
    reply: result.messages.reply,
    repeated: result.repeated.length,
    kinds: result.messages.kinds,
  }).toEqual(truth)
  expect([...result.ours].sort()).toEqual(['harborline-logistics.example', 'harborline.example'])
  expect(result.providers.map(({ name, alerts }) => `${name} ${alerts}`)).toEqual([
    'Sentrix MDR 60',
    'Bluegate SOC 40',
    'SOC Cyberveille 15',
  ])
  expect(result.waits.us.medianMinutes).toBe(180)
})
