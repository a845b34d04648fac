import { deflateRawSync, gzipSync } from 'node:zlib'
import { Asset, Person } from '../../src/model/context.ts'
import { indexLists, type SensitiveContext, sensitiveContext } from '../../src/triage/redact.ts'

/** The made-up organisation whose secrets are planted. Every value is ours, or of the ranges kept for documents. */
const people = [
  ['1', 'Mara Weissenborn', 'mara.weissenborn@halden.example', ['mweissen', 'adm-mweissen']],
  ['2', 'Jérôme Castellan', 'jerome.castellan@halden.example', ['jcastell']],
  ['3', 'Ölrun Thürmann', 'oelrun.thuermann@halden.example', ['othuerma']],
  ['4', 'Priya Venkataraghavan', 'priya.v@halden.example', ['pvenkat7']],
  ['5', 'Ivo Kratochvíl', 'ivo.kratochvil@halden.example', ['ikratoch']],
] as const
const assets = [
  ['a1', 'fin-app02', ['fin-app02.plant.halden.example'], ['10.20.30.40']],
  ['a2', 'hr-files01', [], ['10.20.31.7']],
  ['a3', 'scada-gw-7', [], ['172.20.4.9']],
] as const

export const ownNetworks = ['203.0.113.0/26', '2001:db8:7::/48']
export const ownDomains = ['halden.example']

export function leakContext(): SensitiveContext {
  return sensitiveContext({
    lists: indexLists({
      people: people.map(([id, name, email, accounts]) => Person.parse({ id, name, email, accounts: [...accounts] })),
      assets: assets.map(([id, name, aliases, addresses]) =>
        Asset.parse({ id, name, aliases: [...aliases], addresses: [...addresses] }),
      ),
    }),
    ...{ accounts: ['svc-backup9'], hosts: ['lab-ws-33'], ownNetworks, ownDomains },
    ...{ providerDomains: ['provider.example'], providerWrote: '', references: ['INC-4711', 'A-17'] },
  })
}

/** What must not leave, by class. Secrets are made up in the shapes that vendors publish; none opens anything. */
export const planted: readonly { readonly class: string; readonly value: string }[] = [
  ...people.map(([, name]) => ({ class: 'person', value: name })),
  ...people.map(([, , email]) => ({ class: 'person', value: email })),
  ...people.map(([, , , [account]]) => ({ class: 'account', value: account })),
  ...['svc-backup9', 'HALDEN\\mweissen', 'S-1-5-21-1004336348-1177238915-682003330-1104'].map((value) => ({
    class: 'account',
    value,
  })),
  ...['fin-app02', 'hr-files01', 'scada-gw-7', 'lab-ws-33', 'db3.plant.halden.example', 'print01.corp'].map(
    (value) => ({ class: 'host', value }),
  ),
  ...['10.20.30.40', '172.20.4.9', '192.168.77.12', '203.0.113.17', '2001:db8:7::42', 'fd12:3456:789a::1'].map(
    (value) => ({ class: 'internal-address', value }),
  ),
  ...['https://wiki.halden.example/incident/17', 'http://intranet/payroll'].map((value) => ({
    class: 'internal-url',
    value,
  })),
  ...['C:\\Users\\mweissen\\Desktop\\offer.docx', '/home/jcastell/.ssh/config', '\\\\hr-files01\\salaries'].map(
    (value) => ({ class: 'path', value }),
  ),
  ...[
    'AKIAQ7XJ2MNTR5WVB3ZD',
    'ghp_q8ZrT2mVx4LkYw7NbCs1DfGh5JpQe9Ra3UvB',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtd2Vpc3NlbiJ9.c2lnbmF0dXJlLW5vdC1yZWFs',
    'password: Nordlicht-77-Birke!',
    'Passwort lautet: Hafen=Kran=42x',
    'api_key=9f8Xq2LmV7tRzY4wKpBn6CdS',
    'postgres://app:Wolke88Kran@db3.plant.halden.example/hr',
  ].map((value) => ({ class: 'secret', value })),
  ...['DE89 3704 0044 0532 0130 00', '4111 1111 1111 1111', '+49 30 901820', 'geboren am 12.03.1984'].map((value) => ({
    class: 'personal',
    value,
  })),
  ...['written warning', 'gekündigt', 'licenciement', 'nómina', 'busta paga', 'ontslagen'].map((value) => ({
    class: 'hr',
    value,
  })),
  ...[
    'sick leave',
    'krankgeschrieben',
    'arrêt maladie',
    'baja médica',
    'in gravidanza',
    'ziekteverlof',
    'zwolnienie lekarskie',
  ].map((value) => ({ class: 'health', value })),
]

const bytes = (text: string) => [...Buffer.from(text, 'utf8')]
const two = (byte: number) => byte.toString(16).padStart(2, '0')
const middle = (text: string) => Math.floor(text.length / 2)
const toCyrillic: Readonly<Record<string, string>> = {
  a: 'а',
  e: 'е',
  o: 'о',
  p: 'р',
  c: 'с',
  x: 'х',
  i: 'і',
  s: 'ѕ',
  A: 'А',
  B: 'В',
  E: 'Е',
  O: 'О',
  P: 'Р',
  C: 'С',
  T: 'Т',
}
const smallCapitals: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from('ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ', (letter, at) => ['abcdefghijklmnopqrstuvwyz'.charAt(at), letter]),
)
function base32(text: string): string {
  const bits = bytes(text)
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
  const letters = (bits.match(/.{1,5}/g) ?? []).map((five) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.charAt(Number.parseInt(five.padEnd(5, '0'), 2)),
  )
  return letters.join('').padEnd(Math.ceil(letters.length / 8) * 8, '=')
}
const wrapAt = (text: string, width: number) => text.replace(new RegExp(`.{${width}}`, 'g'), '$&\n')

/** Ways to write a value so that a person or a program still reads it. */
export const encodings: Readonly<Record<string, (value: string) => string>> = {
  plain: (value) => value,
  upper: (value) => value.toUpperCase(),
  base64: (value) => Buffer.from(`value is ${value} ok`).toString('base64'),
  'base64 url': (value) => Buffer.from(`value is ${value} ok`).toString('base64url'),
  'base64 twice': (value) => Buffer.from(Buffer.from(`value is ${value} ok`).toString('base64')).toString('base64'),
  'base64 of utf-16': (value) => Buffer.from(`$x = "${value}"`, 'utf16le').toString('base64'),
  'base64 in lines': (value) =>
    wrapAt(Buffer.from(`the value we mean is ${value} and that is all of it, nothing else`).toString('base64'), 40),
  hexadecimal: (value) => Buffer.from(`value is ${value} ok`).toString('hex'),
  percent: (value) =>
    bytes(value)
      .map((byte) => `%${two(byte)}`)
      .join(''),
  'percent where needed': (value) => encodeURIComponent(value).replaceAll('.', '%2E').replaceAll('-', '%2D'),
  'quoted-printable': (value) =>
    bytes(value)
      .map((byte) => `=${two(byte).toUpperCase()}`)
      .join(''),
  'quoted-printable soft end': (value) => `${value.slice(0, middle(value))}=\n${value.slice(middle(value))}`,
  'html decimal': (value) => [...value].map((one) => `&#${one.codePointAt(0)};`).join(''),
  'html hexadecimal': (value) => [...value].map((one) => `&#x${one.codePointAt(0)?.toString(16)};`).join(''),
  escapes: (value) => [...value].map((one) => `\\u${(one.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`).join(''),
  'zero-width': (value) => [...value].join('\u200b'),
  'soft hyphen': (value) => `${value.slice(0, middle(value))}\u00ad${value.slice(middle(value))}`,
  homoglyph: (value) => [...value].map((one) => toCyrillic[one] ?? one).join(''),
  'full-width': (value) =>
    [...value]
      .map((one) => (one > ' ' && one < '\u007f' ? String.fromCodePoint((one.codePointAt(0) ?? 0) + 0xfee0) : one))
      .join(''),
  'mathematical letters': (value) =>
    [...value]
      .map((one) => (/[a-z]/.test(one) ? String.fromCodePoint(0x1d41a + one.charCodeAt(0) - 97) : one))
      .join(''),
  'right to left': (value) => `\u202e${[...value].reverse().join('')}\u202c`,
  'over two lines': (value) => `${value.slice(0, middle(value))}\n${value.slice(middle(value))}`,
  'over two quoted lines': (value) => `${value.slice(0, middle(value))}\n> ${value.slice(middle(value))}`,
  defanged: (value) => value.replaceAll('.', '[.]').replaceAll('@', '[@]').replace('http', 'hxxp'),
  decomposed: (value) => value.normalize('NFD'),
  base32: (value) => base32(`value is ${value} ok`),
  'percent twice': (value) =>
    encodeURIComponent(
      bytes(value)
        .map((byte) => `%${two(byte)}`)
        .join(''),
    ),
  'html of html': (value) => [...value].map((one) => `&amp;#${one.codePointAt(0)};`).join(''),
  'octal escapes': (value) =>
    bytes(value)
      .map((byte) => `\\${byte.toString(8).padStart(3, '0')}`)
      .join(''),
  'percent u': (value) =>
    [...value].map((one) => `%u${(one.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`).join(''),
  'numbers of letters': (value) => bytes(`it is ${value} ok`).join(', '),
  'bytes in hexadecimal': (value) =>
    bytes(`it is ${value} ok`)
      .map((byte) => `0x${two(byte)}`)
      .join(','),
  'packed, then base64': (value) => gzipSync(`the value we mean is ${value} and that is all`).toString('base64'),
  'packed bare, then base64': (value) =>
    deflateRawSync(`the value we mean is ${value} and that is all`).toString('base64'),
  'struck out': (value) => [...value].map((one) => `${one}\u0336`).join(''),
  'small capitals': (value) => [...value].map((one) => smallCapitals[one] ?? one).join(''),
  'letters in squares': (value) =>
    [...value]
      .map((one) => (/[a-z]/i.test(one) ? String.fromCodePoint(0x1f170 + one.toUpperCase().charCodeAt(0) - 65) : one))
      .join(''),
  'with blanks between': (value) =>
    value
      .split(' ')
      .map((word) => [...word].join(' '))
      .join('   '),
  'broken by elements': (value) =>
    `${value.slice(0, middle(value))}</w:t></w:r><w:r><w:t xml:space="preserve">${value.slice(middle(value))}`,
  'broken by a comment': (value) => `${value.slice(0, middle(value))}<!-- -->${value.slice(middle(value))}`,
  'with stars': (value) =>
    value
      .split(' ')
      .map((word) => `**${word}**`)
      .join(' '),
  'words over quoted lines': (value) => value.replaceAll(' ', '\n> > '),
}

/** A break at a blank is no break in a word: names and sayings are read over it by themselves. */
export function isFor(encoding: string, one: { readonly class: string; readonly value: string }): boolean {
  if (encoding === 'upper') return one.class !== 'secret' && !one.value.includes('Passwort') && one.class !== 'path'
  if (encoding === 'homoglyph' || encoding === 'small capitals') return one.class !== 'secret'
  // Capitals, blanks and stars are part of a secret, or of what makes it one.
  if (['letters in squares', 'with blanks between', 'with stars'].includes(encoding))
    return !['secret', 'path', 'personal', 'internal-url', 'internal-address'].includes(one.class)
  if (encoding === 'words over quoted lines') return /\s/.test(one.value) && one.class !== 'path'
  if (encoding.startsWith('over two')) return !/\s/.test(one.value)
  return true
}

const places: readonly ((value: string) => string)[] = [
  (value) => `Hello,\n\nwe looked at it: ${value} is what we saw.\n\nRegards\n`,
  (value) => `Closed.\n\n> On Monday you wrote:\n> it concerns ${value}, please check\n`,
  (value) => `Re: [INC-4711] sign-in of ${value} (medium)`,
  (value) => `{"rule":"Sign-in","note":"${value}","ticket":"INC-4711"}`,
  (value) => `file report ${value} attached`,
]

export type Planted = {
  readonly text: string
  readonly value: string
  readonly class: string
  readonly encoding: string
  readonly start: number
  readonly end: number
}

/** Every value in every way in every kind of place. The same each time. */
export function* leaks(): Generator<Planted> {
  for (const one of planted)
    for (const [encoding, encode] of Object.entries(encodings)) {
      if (!isFor(encoding, one)) continue
      const written = encode(one.value)
      for (const place of places) {
        const text = place(written)
        const start = text.indexOf(written)
        yield { text, value: one.value, class: one.class, encoding, start, end: start + written.length }
      }
    }
}

/** Written by hand, as people and tools write; each must be found. */
export const fixed: readonly string[] = [
  'Weissenborn, Mara asked us to close it.',
  'M. Weissenborn asked us to close it.',
  'mara weissenborn asked us to close it.',
  'Please call Frau Thuermann.',
  'MARA.WEISSENBORN(at)HALDEN[.]EXAMPLE opened it',
  'ping 10 . 20 . 30 . 40 answers',
  'the machine fin-app02 dot plant dot halden dot example',
  'It ran powershell -enc JAB4ACAAPQAgACIAZgBpAG4ALQBhAHAAcAAwADIAIgA=',
  'Authorization: Basic bXdlaXNzZW46Tm9yZGxpY2h0NzdCaXJrZQ==',
  '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n',
  'the community string is Leuchtturm9',
  'Sie ist seit Montag krankgeschrieben.',
  'Han ble? no: il est en arrêt maladie depuis lundi.',
  'He got a written warning last week.',
  'The VPN gave her 10.20.30.40/24 as usual.',
  'net use \\\\hr-files01\\salaries /user:HALDEN\\mweissen',
  'smb://hr-files01/salaries',
  'sent by adm-mweissen from lab-ws-33',
  '::ffff:10.20.30.40 connected',
  'her IBAN DE89370400440532013000',
  '40.30.20.10.in-addr.arpa was asked for',
  '2.4.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa was asked for',
  'ip-10-20-30-40.eu-central-1.compute.example answered',
  'the export 172_20_4_9_report was opened',
  'http://169090600/a was opened',
  'it called 0x0a141e28 back',
  'ping 012.024.036.050 and 0x0a.0x14.0x1e.0x28',
  'see https://urldefense.proofpoint.com/v2/url?u=https-3A__wiki.halden.example_incident_17&d=DwMF',
  'see https://safelinks.example/?url=https%3A%2F%2Fwiki.halden.example%2Fincident%2F17&data=05',
  'git says "M\\303\\266 \\303\\226lrun Th\\303\\274rmann.txt"',
  'she was on sick\n> > leave',
]

/** What a clean answer says: public addresses, hashes, products, rules, numbers. Anything found here is a false positive. */
export const clean: readonly string[] = [
  'Hello,\n\nthis answers your ticket INC-4711, received 2 November 2026, 09:05 UTC. Our reference: A-17.\n',
  'Our decision: false alarm, benign trigger. Reason: a planned test.',
  'The address 198.51.100.23 scanned port 443 and 8443 of a server that is meant to be public.',
  'We blocked 192.0.2.66 and bad-domain.example.net at the proxy.',
  'File hash e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 is known to be good.',
  'SHA-1 da39a3ee5e6b4b0d3255bfef95601890afd80709, MD5 d41d8cd98f00b204e9800998ecf8427e.',
  'CVE-2026-12345 does not apply: the version in use is 10.4.2, fixed in 10.4.1.',
  'MITRE ATT&CK T1059.001, PowerShell, was seen once.',
  'Please close the ticket and tune the rule "Impossible travel" for planned tests.',
  'We looked in 214 sessions between 08:00 and 10:00 UTC and found nothing.',
  'Event 4625 was logged 12 times, event 4624 once.',
  'It took 3 min 20 s; 1,204 bytes left, 99,871 came in.',
  'The process svchost.exe started from C:\\Windows\\System32\\svchost.exe.',
  'The script /usr/bin/python3 was run by cron.',
  'Bitte schließen Sie den Vorgang; die Ursache ist bekannt und geplant.',
  'Merci de clore le ticket, il s’agit d’un test prévu.',
  'Por favor, cierre el caso: era una prueba planificada.',
  'The user agent was Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0.',
  'The alert fired because of a new certificate for www.example.com, issued on 1 October.',
  'Kind regards\nThe security desk',
  'Your rule matched the string "cmd.exe /c whoami"; it is our own inventory.',
  'The IPv6 address 2001:db8:ffff::1 is not ours.',
  'The GUID 3f2504e0-4f89-41d3-9a0c-0305e82c3301 is the id of a policy of yours.',
  'Severity: medium. Confidence: high. Status: closed. Verdict: benign.',
  'No password was changed, no token was used, and no account was locked.',
  'The traffic was DNS over HTTPS to 1.1.1.1 and 8.8.8.8.',
  'We see ASN 64500 and a round trip of 23.4 ms.',
  'Please send us the packet capture, or the flow records, of 09:00 to 09:15 UTC.',
  'The sample was submitted to https://www.example.org/analysis/17 by you.',
  'Tomorrow between 20:00 and 22:00 UTC we test again; expect about 40 alerts.',
  'We found:\n- network: nothing seen in 24 hours\n- owner: known\n- vulnerability: none open\n',
  'Ask your sensor team: the timestamps are two hours ahead.',
  'The attachment is called invoice_2026-11.pdf.zip and has 24,331 bytes.',
  'Registry key HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Run was read, not written.',
  'Sigma rule proc_creation_win_whoami_priv fired.',
  'The URL hxxps://bad-domain[.]example[.]net/a?id=42 answered 404.',
  'Subject of the phishing mail: "Your parcel is waiting", sender noreply@bad-domain.example.net',
  'JA3 769,47-53-5-10-49161,0-10-11,23-24-25,0 was seen before.',
  'Windows Server 2022 build 20348.2700, agent 7.11.18110.0.',
  'The rate is 12 in 1000, n = 214, interval 0.05 to 0.08.',
  'The status was 0xC000006A, then 0xC0000234, and 0x80070005 at the end.',
  'Version 10-20-3 of the agent; seen on 2026-11-02, 12-14-33 and 2026_11_02_09.',
  'Bytes 4d, 5a, 90, 00; ports 80, 443, 8080, 8443, 22, 25, 53 and 110 were open.',
  'We asked **twice**: `nslookup bad-domain.example.net` gave <none>, then 66.2.0.192.in-addr.arpa.',
  'N O T E\nThe counts per hour were 12, 14, 33, 41, 22, 19, 18, 15, 11, 10.',
]
