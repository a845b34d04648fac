import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Asset, Person } from '../model/context.ts'
import type { SensitiveClass, SensitiveSpan } from '../model/reply.ts'
import { applyReview, findSensitive, indexLists, releaseLine, sensitiveContext } from './redact.ts'
import { foldCase, standsAlone } from './redaction/many-strings.ts'

const people = [
  Person.parse({
    id: 'p1',
    name: 'Annegret Müller-Krause',
    email: 'annegret.mueller@customer.example',
    accounts: ['amueller', 'CORP\\adm-amk'],
  }),
  Person.parse({ id: 'p2', name: 'Okonkwo, Chidi', email: null, accounts: ['cokonkwo'] }),
  Person.parse({ id: 'p3', name: 'Frank King', email: 'fking@customer.example', accounts: [] }),
]
const assets = [
  Asset.parse({
    id: 'a1',
    name: 'mes-line4',
    aliases: ['mes-line4.plant.customer.example'],
    addresses: ['198.51.100.20'],
    owner: 'Nadia Petrova',
  }),
]
const basics = {
  accounts: ['svc_backup'],
  hosts: ['ws-0417'],
  ownNetworks: ['203.0.113.0/24', '2001:db8:77::/48'],
  ownDomains: ['customer.example'],
  providerDomains: ['provider.example'],
  providerWrote: 'Host ws-0417 contacted 192.0.2.66',
  references: ['INC-4711', 'A-17'],
}
const context = sensitiveContext({ ...basics, lists: indexLists({ people, assets }) })

const found = (text: string) => findSensitive(text, context).map((span) => `${span.class}:${span.text}`)

// biome-ignore format: a table reads better in few lines
const cases: readonly (readonly [string, string, SensitiveClass, string])[] = [
  ['a full name', 'It was Annegret Müller-Krause.', 'person', 'Annegret Müller-Krause'],
  ['the umlaut spelled out', 'asked Annegret Mueller-Krause today', 'person', 'Annegret Mueller-Krause'],
  ['the umlaut dropped', 'asked annegret muller-krause today', 'person', 'annegret muller-krause'],
  ['last name first', 'Müller-Krause, Annegret', 'person', 'Müller-Krause, Annegret'],
  ['a name listed last name first', 'Chidi Okonkwo signed in', 'person', 'Chidi Okonkwo'],
  ['a surname alone', 'Mr Okonkwo signed in', 'person', 'Okonkwo'],
  ['an initial', 'C. Okonkwo signed in', 'person', 'C. Okonkwo'],
  ['an owner of an asset', 'Nadia Petrova knows', 'person', 'Nadia Petrova'],
  ['a listed mail address', 'write to annegret.mueller@customer.example', 'person', 'annegret.mueller@customer.example'],
  ['another mail address of ours', 'write to ciso@customer.example', 'account', 'ciso@customer.example'],
  ['a defanged mail address of ours', 'ciso[@]customer[.]example', 'account', 'ciso[@]customer[.]example'],
  ['an account', 'logged in as cokonkwo', 'account', 'cokonkwo'],
  ['an account with its domain', 'CORP\\adm-amk ran it', 'account', 'CORP\\adm-amk'],
  ['a service account', 'SVC_BACKUP is a service account', 'account', 'SVC_BACKUP'],
  ['an unlisted account', 'user name: jroe77', 'account', 'jroe77'],
  ['a SID', 'S-1-5-21-1004336348-1177238915-682003330-512', 'account', 'S-1-5-21-1004336348-1177238915-682003330-512'],
  ['a host of the alert', 'WS-0417 was rebooted', 'host', 'WS-0417'],
  ['an asset', 'mes-line4 is patched', 'host', 'mes-line4'],
  ['an asset by its long name', 'mes-line4.plant.customer.example is patched', 'host', 'mes-line4.plant.customer.example'],
  ['a name under our domain', 'see wiki.customer.example', 'host', 'wiki.customer.example'],
  ['a name of an inner zone', 'dc01.corp is fine', 'host', 'dc01.corp'],
  ['a private address', 'from 10.20.30.40 to us', 'internal-address', '10.20.30.40'],
  ['a defanged private address', 'from 172[.]16[.]9[.]1 to us', 'internal-address', '172[.]16[.]9[.]1'],
  ['a private range', 'all of 192.168.7.0/24', 'internal-address', '192.168.7.0/24'],
  ['an address in our network', 'from 203.0.113.9', 'internal-address', '203.0.113.9'],
  ['an address of an asset', 'from 198.51.100.20', 'internal-address', '198.51.100.20'],
  ['a ULA', 'from fd12:3456:789a::1', 'internal-address', 'fd12:3456:789a::1'],
  ['our IPv6 network', 'from 2001:db8:77:1::5', 'internal-address', '2001:db8:77:1::5'],
  ['a mapped private address', 'from ::ffff:10.1.2.3', 'internal-address', '::ffff:10.1.2.3'],
  ['an internal link', 'see https://wiki.customer.example/x?y=1.', 'internal-url', 'https://wiki.customer.example/x?y=1'],
  ['a link to a private address', 'hxxp://10[.]0[.]0[.]7:8080/login', 'internal-url', 'hxxp://10[.]0[.]0[.]7:8080/login'],
  ['a link to a single name', 'http://intranet/hr/list', 'internal-url', 'http://intranet/hr/list'],
  ['a profile path', 'C:\\Users\\jroe\\Downloads\\a.exe ran', 'path', 'C:\\Users\\jroe\\Downloads\\a.exe'],
  ['a home folder', 'in /home/jroe/.ssh/config', 'path', '/home/jroe/.ssh/config'],
  ['a share', 'on \\\\fs01\\finance\\q3.xlsx', 'path', '\\\\fs01\\finance\\q3.xlsx'],
  ['a labelled password', 'The password was Winter2026!', 'secret', 'Winter2026'],
  ['a German password', 'Passwort: hase17-blau', 'secret', 'hase17-blau'],
  ['an AWS key', 'AKIAIOSFODNN7EXAMPLE leaked', 'secret', 'AKIAIOSFODNN7EXAMPLE'],
  ['a GitHub token', `ghp_${'a1B2'.repeat(9)} leaked`, 'secret', `ghp_${'a1B2'.repeat(9)}`],
  ['a Slack token', 'xoxb-2345678901-abcdefABCDEF', 'secret', 'xoxb-2345678901-abcdefABCDEF'],
  ['a JWT', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N', 'secret', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N'],
  ['an Azure key', `AccountKey=${'Ab1+'.repeat(21)}==`, 'secret', `${'Ab1+'.repeat(21)}==`],
  ['a bearer token', 'Authorization: Bearer abcDEF123456.xyz', 'secret', 'abcDEF123456.xyz'],
  ['a random key by its label', 'the key follows 7f3Kd92LmQ0aXz81PwEr55', 'secret', '7f3Kd92LmQ0aXz81PwEr55'],
  ['an NTLM pair', 'aad3b435b51404eeaad3b435b51404ee:31d6cfe0d16ae931b73c59d7e0c089c0', 'secret', 'aad3b435b51404eeaad3b435b51404ee:31d6cfe0d16ae931b73c59d7e0c089c0'],
  ['an IBAN', 'paid to DE89 3704 0044 0532 0130 00 today', 'personal', 'DE89 3704 0044 0532 0130 00'],
  ['a card', 'card 4111 1111 1111 1111', 'personal', '4111 1111 1111 1111'],
  ['a phone number', 'call +49 30 901820 please', 'personal', '+49 30 901820'],
  ['a national phone number', 'Tel. 030 901820-14', 'personal', '030 901820-14'],
  ['a date of birth', 'geboren am 03.04.1981', 'personal', '03.04.1981'],
  ['an employment word', 'she is in her notice period', 'hr', 'notice period'],
  ['a German employment word', 'die Kündigung liegt vor', 'hr', 'Kündigung'],
  ['a health word', 'he is on sick leave', 'health', 'sick leave'],
  ['a German health word', 'er ist krankgeschrieben', 'health', 'krankgeschrieben'],
]

describe('what may not leave is found', () => {
  for (const [what, text, kind, value] of cases) test(what, () => expect(found(text)).toContain(`${kind}:${value}`))

  test('a private key, also one whose end was cut off', () => {
    const body = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQ'
    const whole = `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----`
    expect(found(`before ${whole} after`)).toEqual([`secret:${whole}`])
    const [cut] = found(`before -----BEGIN RSA PRIVATE KEY-----\n${body}`)
    expect(cut).toContain('BKcwggSjAgEAAoIBAQ')
  })
})

describe('what may leave is left alone', () => {
  // biome-ignore format: a table reads better in few lines
  const harmless = [
    'The alert INC-4711 (our reference A-17) was raised at 2026-11-20T12:30:45Z.', 'It contacted 192.0.2.66 and evil.test over port 443.',
    'SHA-256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'CVE-2026-12345 does not apply.', 'We ask you to tune the rule "Impossible travel".',
    'Write to soc@provider.example.', 'The password was reset by the user.', 'NT AUTHORITY\\SYSTEM started it.', 'Version 10.2.1 of the agent', 'It will be the king of the page.',
    'device id 3f2504e0-4f89-11d3-9a0c-0305e82c3301', '127.0.0.1 is the loopback address', 'Time 12:30:45, MAC 00:1a:2b:3c:4d:5e',
  ]
  for (const text of harmless) test(text, () => expect(found(text)).toEqual([]))
})

test('what the provider wrote itself is marked as known to it, with half the confidence, and still reviewed', () => {
  const [known] = findSensitive('ws-0417', context)
  const [own] = findSensitive('mes-line4', context)
  expect(known).toMatchObject({ verdict: null, confidence: 0.475 })
  expect(known?.reason).toContain('the provider wrote it itself')
  expect(own?.confidence).toBe(0.95)
})

test('a value found by its label is found everywhere else, and a secret inside other words too', () => {
  const spans = findSensitive(
    'password: hunter2x. Later hunter2x again, xhunter2xy too. host: zeus9; zeus9 and zeus99',
    context,
  )
  expect(spans.filter((span) => span.text === 'hunter2x')).toHaveLength(3)
  expect(spans.filter((span) => span.text === 'zeus9')).toHaveLength(2)
})

const anyText = fc.array(
  fc.oneof(
    fc.constantFrom(...cases.map(([, text]) => text)),
    fc.string({ unit: 'grapheme', maxLength: 30 }),
    fc.constantFrom(' ', '\n', '> ', '; ', '(', ')', '\\', '@', '.', ':'),
  ),
  { maxLength: 12 },
)

test('places never overlap, are in order, and say what stands there', () => {
  fc.assert(
    fc.property(anyText, (parts) => {
      const text = parts.join('')
      let end = 0
      for (const span of findSensitive(text, context)) {
        expect(span.start).toBeGreaterThanOrEqual(end)
        expect(span.end).toBeGreaterThan(span.start)
        expect(text.slice(span.start, span.end)).toBe(span.text)
        end = span.end
      }
    }),
    { numRuns: 300 },
  )
})

const verdicts = fc.constantFrom('redact', 'pseudonym', 'keep', null)
const review = (spans: readonly SensitiveSpan[], given: readonly SensitiveSpan['verdict'][]): SensitiveSpan[] =>
  spans.map((span, index) => {
    const verdict = given[index % Math.max(given.length, 1)] ?? null
    return { ...span, verdict, pseudonym: verdict === 'pseudonym' ? `NAME-${index}` : null }
  })
/** Words of placeholders and pseudonyms themselves say nothing. */
const spoken = (text: string) => text.replace(/\[redacted: [a-z ]+\]|NAME-\d+/g, '\u0001')
function occursIn(text: string, span: SensitiveSpan): boolean {
  const [where, what] = [foldCase(text), foldCase(span.text)]
  for (let at = where.indexOf(what); at !== -1; at = where.indexOf(what, at + 1)) {
    if (span.class === 'secret' || standsAlone(text, at, at + what.length)) return true
  }
  return false
}

test('whatever the mix of verdicts, a redacted or replaced value occurs nowhere in the text that leaves', () => {
  fc.assert(
    fc.property(anyText, fc.array(verdicts, { minLength: 1, maxLength: 5 }), (parts, given) => {
      const text = parts.join('')
      const spans = review(findSensitive(text, context), given)
      const out = spoken(applyReview(text, spans).text)
      for (const span of spans) {
        if (span.class === 'hr' || span.class === 'health') continue
        const leftOut =
          span.verdict === 'redact' ||
          span.verdict === 'pseudonym' ||
          (span.class === 'secret' && span.verdict !== null)
        if (leftOut) expect(occursIn(out, span), `${span.text} in ${out}`).toBe(false)
      }
    }),
    { numRuns: 500 },
  )
})

test('a secret leaves under no verdict; unreviewed places are counted', () => {
  const spans = findSensitive('password: hunter2x', context)
  expect(applyReview('password: hunter2x', spans)).toEqual({ text: 'password: hunter2x', leftUnreviewed: 1 })
  const kept = spans.map((span) => ({ ...span, verdict: 'keep' as const, keepReason: 'I want to' }))
  expect(applyReview('password: hunter2x', kept).text).toBe('password: [redacted: secret]')
})

test('a line that nobody reviews carries only what the answer kept', () => {
  const spans = findSensitive('ws-0417, mes-line4, Chidi Okonkwo', context).map((span, index): SensitiveSpan => {
    if (index === 0) return { ...span, verdict: 'keep', keepReason: 'They named it' }
    return index === 1 ? { ...span, verdict: 'redact' } : { ...span, verdict: 'pseudonym', pseudonym: 'USER-3' }
  })
  expect(releaseLine('[INC-4711] WS-0417 mes-line4 Chidi Okonkwo 10.0.0.1', context, spans)).toBe(
    '[INC-4711] WS-0417 [redacted: host] USER-3 [redacted: internal address]',
  )
})

test('time grows with the text, not with names times text', () => {
  const many = Array.from({ length: 20_000 }, (_, i) =>
    Person.parse({ id: `x${i}`, name: `Anna Name${i}`, email: `u${i}@customer.example`, accounts: [`acc${i}`] }),
  )
  const large = sensitiveContext({ ...basics, lists: indexLists({ people: many, assets }) })
  const text = 'Anna wrote to Anna Name77 about 10.0.0.5 and acc19999. '.repeat(200)
  const timed = (input: string, use: typeof context) => {
    const start = performance.now()
    findSensitive(input, use)
    return performance.now() - start
  }
  timed(text, large)
  const small = Math.min(...[1, 2, 3].map(() => timed(text, context)))
  const withMany = Math.min(...[1, 2, 3].map(() => timed(text, large)))
  expect(withMany).toBeLessThan(small * 8 + 150)
  const hostile = [
    'a'.repeat(50_000),
    ':'.repeat(50_000),
    '1.'.repeat(25_000),
    '\\\\a'.repeat(16_000),
    'password: '.repeat(5_000),
    '-----BEGIN PRIVATE KEY-----'.repeat(1_900),
    '1 '.repeat(25_000),
    'eyJ.'.repeat(12_000),
    '/home/'.repeat(8_000),
    'A1'.repeat(25_000),
    'a@'.repeat(25_000),
    '://'.repeat(16_000),
    'AccountKey='.repeat(4_500),
    'é'.repeat(50_000),
    'Okonkwo '.repeat(6_000),
    '+1 '.repeat(16_000),
    'C:/Users/'.repeat(5_500),
  ]
  // A fifth of the text: linear is 5 times, quadratic 25 times.
  for (const input of hostile) {
    const fifth = Math.min(...[1, 2, 3].map(() => timed(input.slice(0, input.length / 5), context)))
    const whole = Math.min(...[1, 2].map(() => timed(input, context)))
    expect(whole, input.slice(0, 20)).toBeLessThan(fifth * 12 + 250)
    expect(whole, input.slice(0, 20)).toBeLessThan(2500)
  }
})
