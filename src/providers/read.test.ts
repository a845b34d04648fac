import { describe, expect, test } from 'vitest'
import { letterFrom } from '../../test/letter-of.ts'
import { Reading } from '../model/alert.ts'
import type { Letter } from '../model/letter.ts'
import { rungs } from '../model/question.ts'
import { type ReadCase, readCases } from './read.sample.ts'
import { readJson, readLetter } from './read.ts'

const context = { provider: null, receivedAt: '2025-10-14T08:00:00.000Z' }

function letterOfCase({ s, b, from, h, html }: ReadCase): Letter {
  const subject = /^[\x20-\x7e]*$/.test(s) ? s : `=?utf-8?B?${Buffer.from(s).toString('base64')}?=`
  const head = [
    `From: ${from ?? 'Acme SOC <soc@acme-mdr.example>'}`,
    'To: security@nordhaven.example',
    `Subject: ${subject}`,
    'Date: Tue, 14 Oct 2025 10:00:00 +0200',
    'Message-ID: <x@y.example>',
  ]
  return letterFrom(
    `${[...head, ...(h === undefined ? [] : [h]), 'MIME-Version: 1.0', `Content-Type: text/${html === true ? 'html' : 'plain'}; charset=utf-8`].join('\n')}\n\n${b}\n`,
  )
}

function told(reading: Reading): Record<string, unknown> {
  return {
    kind: reading.kind,
    ticket: reading.ticket?.value,
    sev: reading.severity,
    rule: reading.rule?.value,
    entity: reading.entity,
    question: reading.question !== null,
    occ: reading.occurredAt,
    rungs: rungs.filter((rung) => reading.delivered.some((one) => one.rung === rung)).join(','),
  }
}

describe('lay-outs of ticket systems and desks', () => {
  test.each(readCases.map((one) => [one.s, one] as const))('%s', (_, one) => {
    const reading = Reading.parse(readLetter(letterOfCase(one), context))
    expect(told(reading)).toMatchObject(one.x)
    expect(reading.because).not.toBe('')
  })
})

test('history below an answer is not read as a new alert', () => {
  const body =
    'Thanks, that was us.\n\nVon: Acme SOC <soc@acme-mdr.example>\nGesendet: Dienstag, 14. Oktober 2025 09:00\nAn: security@nordhaven.example\nBetreff: [MDR-1] Alarm\n\nSchweregrad: Hoch\nHost: PC-9\nSHA256: 9f2feb0f1ef425b292f2f94bdde3d7d8a1ad5c9b39b4b5f8d3f9e2a1c0b7e6d5\n'
  const reading = readLetter(letterOfCase({ s: 'AW: [MDR-1] Alarm', b: body, x: {} }), context)
  expect(reading).toMatchObject({ kind: 'reply', severity: 'unknown', host: null, observables: [], delivered: [] })
})

test('what stands in every mail of a sender is no observable of the alert', () => {
  const body =
    'Severity: High\nHost: PC-9\nDestination IP: 203.0.113.7\n\nhttps://portal.acme-mdr.com/t/1\n\n-- \nAcme, soc@acme-mdr.com, www.acme-mdr.com, 198.51.100.250\nUnsubscribe: https://lists.acme-mail.com/u\n'
  const reading = readLetter(
    letterOfCase({ s: '[MDR-1] Beaconing', b: body, from: 'soc@acme-mdr.com', x: {} }),
    context,
  )
  expect(
    reading.observables
      .filter(({ type }) => ['ipv4', 'url', 'email', 'domain'].includes(type))
      .map(({ value }) => value),
  ).toEqual(['203.0.113.7'])
  expect(reading.portalUrl?.value).toBe('https://portal.acme-mdr.com/t/1')
})

test('a name without a value is no evidence', () => {
  const body =
    'Rule: Beaconing\nSeverity: High\nHost: PC-9\nOwner: unknown\nCriticality: n/a\nDestination port: -\nCommand line:\nNo vulnerability scan result is available for this host.\n'
  const reading = readLetter(letterOfCase({ s: '[MDR-1] Beaconing', b: body, x: {} }), context)
  expect(reading.delivered.map(({ rung }) => rung)).toEqual(['provider-alert'])
})

test('what the provider asks is no evidence that it brought', () => {
  const rungsOf = (sentence: string) =>
    readLetter(
      letterOfCase({ s: '[MDR-1] Exploit', b: `Rule: Exploit\nSeverity: High\nHost: PC-9\n${sentence}\n`, x: {} }),
      context,
    ).delivered.map(({ rung }) => rung)
  expect(rungsOf('Is this machine patched against CVE-2017-0144?')).toEqual(['provider-alert'])
  expect(rungsOf('This machine is patched against CVE-2017-0144. Is that so everywhere?')).toEqual([
    'provider-alert',
    'vulnerability',
  ])
})

test('a provider that is known makes an answer in a thread an update', () => {
  const provider = {
    id: 'acme',
    name: 'Acme',
    format: 'generic',
    addresses: [],
    domains: ['acme-mdr.example'],
    sourceRanges: [],
    trustedSealers: [],
    replyAddress: null,
    dryRun: true,
    mayShare: [],
  }
  const letter = letterOfCase({ s: 'Re: [MDR-1] Beaconing', b: 'Any news?', x: {} })
  expect(readLetter(letter, { ...context, provider }).kind).toBe('update')
  expect(readLetter(letter, context).kind).toBe('reply')
})

test('hostile texts are read in linear time and never throw', () => {
  const pieces = [
    '1 ',
    'A-',
    'a=b ',
    'Key: value\n',
    '| a | b |\n',
    '\t',
    'Host\tUser\n',
    '>\n',
    'From: a@b.example\nSent: x\nSubject: y\n',
    'On a wrote:\n',
    '[{"a":',
    'user ',
    '[#',
    'please confirm whether ',
    '? ',
    '\u0301',
    '\ud800',
    '\n',
    '1.1.1.1 -> ',
    'a@',
    '\\',
    'Best regards\n',
  ]
  const base = letterOfCase({ s: 'Alert', b: '', x: {} })
  for (const piece of pieces) {
    const text = piece.repeat(Math.ceil(200_000 / piece.length))
    const before = process.cpuUsage()
    const reading = readLetter(
      { ...base, subject: text.slice(0, 10_000), parts: [{ path: '1', type: 'text/plain', text }] },
      context,
    )
    // Prose of this size takes some 60 ms; whatever is quadratic takes minutes.
    expect(process.cpuUsage(before).user / 1000, JSON.stringify(piece)).toBeLessThan(3000)
    expect(reading.kind).toBeTypeOf('string')
    expect(readJson(text.slice(0, 10_000), context).reader).toBeTypeOf('string')
  }
})
