import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { extract } from './extract.ts'

const found = (text: string) => extract(text).map((o) => `${o.type} ${o.value}`)

/** Pieces from which grammars are made, so that random texts reach deeper than random characters do. */
const pieces = fc.constantFrom(
  ...[
    'http://',
    'hxxps[:]//',
    'evil',
    '.',
    '[.]',
    'com',
    '@',
    '192.0.2.1',
    ':',
    '::',
    '/',
    '\\',
    'C:\\',
    'HKLM\\',
    '%TEMP%\\',
    ' ',
    '\n',
    '"',
  ],
  ...[
    '(',
    ')',
    '[',
    ']',
    'CVE-2021-',
    '44228',
    'T1059',
    '-',
    '_',
    'a',
    'é',
    '\u200b',
    '\ud800',
    '|',
    'user=',
    'mutex ',
    'Mozilla/5.0 (',
    '&amp;',
  ],
  ...[
    '9e107d9d372bb6826bd81d3542a419d6',
    '=\n',
    '=3D',
    ' dot ',
    ' at ',
    '.exe',
    '2001:db8',
    'file name',
    'x.md',
    '{"a":"',
    '\\n',
    '\\u0041',
  ],
)

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join('')),
)

describe('extract', () => {
  test('never throws, and every span is the text that stands there', () => {
    fc.assert(
      fc.property(texts, (text) => {
        for (const o of extract(text)) {
          expect(o.start).toBeGreaterThanOrEqual(0)
          expect(o.end).toBeLessThanOrEqual(text.length)
          expect(o.end).toBeGreaterThan(o.start)
          expect(text.slice(o.start, o.end)).toBe(o.text)
          expect(o.value).not.toBe('')
        }
      }),
      { numRuns: 3000 },
    )
  })

  test('what was found comes in the order of the text, and nothing twice at one place', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const all = extract(text)
        for (const [k, o] of all.entries()) expect(o.start).toBeGreaterThanOrEqual(all[k - 1]?.start ?? 0)
        expect(new Set(all.map((o) => `${o.type} ${o.start} ${o.end}`)).size).toBe(all.length)
      }),
      { numRuns: 500 },
    )
  })

  test('a value read again by itself is the same value', () => {
    const text = `hxxps[:]//login[.]harbour[.]com/a?b=c 192[.]0[.]2[.]1 2001:DB8:0:0::1 bob(at)harbour(dot)com CVE–2021–44228
      9E107D9D372BB6826BD81D3542A419D6 00-15-5D-01-2A-0B ASN 64496 HARBOUR\\m.keller C:\\\\Temp\\\\a.exe münchen.de 10.0.0.0/8
      S-1-5-21-3623811015-3361044348-30300820-1013 T1059.001`
    for (const { type, value } of extract(text)) expect(found(value)).toContain(`${type} ${value}`)
  })

  test('lists every occurrence', () => {
    expect(found('192.0.2.1 and evil[.]example[.]com and 192.0.2.1')).toEqual([
      'ipv4 192.0.2.1',
      'domain evil.example.com',
      'ipv4 192.0.2.1',
    ])
  })

  test('offsets are those of the original text, whatever was undone before', () => {
    const text = '\u200bseen: hxxp://evil[.]com/a and b(at)evil(dot)org &amp; 192[.]0[.]2[.]7'
    expect(extract(text).map((o) => o.text)).toEqual([
      'hxxp://evil[.]com/a',
      'evil[.]com',
      'b(at)evil(dot)org',
      '192[.]0[.]2[.]7',
    ])
  })
})

type Case = [text: string, found: string[]]

/** Each case lists everything that must be found in its text, and so also what must not. */
function table(name: string, cases: Case[]): void {
  describe(name, () => {
    test.each(cases)('%s', (text, expected) => expect(found(text)).toEqual(expected))
  })
}

table('addresses', [
  ['from 203.0.113.9:443 to [192.0.2.8]', ['ipv4 203.0.113.9', 'ipv4 192.0.2.8']],
  ['203.0.113.9-203.0.113.20', ['ipv4 203.0.113.9', 'ipv4 203.0.113.20']],
  ['192 . 0 . 2 . 77', ['ipv4 192.0.2.77']],
  ['198.51.100.0/24, 198.51.100.7/32', ['cidr 198.51.100.0/24', 'cidr 198.51.100.7/32', 'ipv4 198.51.100.7']],
  ['256.1.1.1 1.2.3 1.2.3.4.5 01.2.3.4 mask 255.255.255.0', []],
  ['dst inside:10.20.4.11/22 by access-group', ['ipv4 10.20.4.11']],
  [
    '[2001:db8::1]:443 fe80::1%eth0 ::ffff:192.0.2.1 ::1',
    ['ipv6 2001:db8::1', 'ipv6 fe80::1', 'ipv6 ::ffff:192.0.2.1', 'ipv6 ::1'],
  ],
  ['2001[:]db8[:]0[:]1[:][:]9', ['ipv6 2001:db8:0:1::9']],
  ['2001:db8::/32', ['cidr 2001:db8::/32']],
  ['at 12:30:45, ratio 3::1, ticket ::12, std::string, a::b', []],
  [
    '3C:52:82:A1:0B:7E 3c-52-82-a1-0b-7e 3c52.82a1.0b7e',
    ['mac 3c:52:82:a1:0b:7e', 'mac 3c:52:82:a1:0b:7e', 'mac 3c:52:82:a1:0b:7e'],
  ],
  ['serial 04:e8:1a:9b:22:7c:11:de, shot-20-05-19-17-05-20.log', ['filename shot-20-05-19-17-05-20.log']],
])

table('versions are no addresses', [
  ['engine 7.0.3.2, version 1.2.3.4 and 1.2.3.9', []],
  ['OpenSSL 1.1.1.4, HarbourOS 7.2.4.1, Tomcat 9.0.65.0', []],
  ['"agentVersion": "7.1.2.3", "agent_version": "7.1.2.4"', []],
  ['CEF:0|Vendor|Product|6.2.1.3|403|Blocked|7|src=10.44.21.90', ['ipv4 10.44.21.90']],
  ['Chrome/119.0.0.0 and firmware 6.5.4.15-117n', []],
  ['4.4.1.2 or later', []],
  ['Host 10.1.1.1, resolver 1.1.1.1, from 8.5.4.1', ['ipv4 10.1.1.1', 'ipv4 1.1.1.1', 'ipv4 8.5.4.1']],
  ['OID 1.3.6.1.4.1.9.9.43', []],
])

table('web addresses', [
  ['(https://evil.com/a_(b)).', ['url https://evil.com/a_(b)', 'domain evil.com']],
  ['[text](https://evil.com/a)', ['url https://evil.com/a', 'domain evil.com']],
  ['https://evil.com/a["caption"]', ['url https://evil.com/a', 'domain evil.com']],
  ['<a href="https://evil.com/x?a=1&amp;b=2">', ['url https://evil.com/x?a=1&b=2', 'domain evil.com']],
  ['"url":"https:\\/\\/evil.com\\/x"', ['url https://evil.com/x', 'domain evil.com']],
  [
    'h**p://a.evil.com/1 fxp://192.0.2.1/a meow://b.evil.com/s',
    [
      'url http://a.evil.com/1',
      'domain a.evil.com',
      'url ftp://192.0.2.1/a',
      'ipv4 192.0.2.1',
      'url http://b.evil.com/s',
      'domain b.evil.com',
    ],
  ],
  ['hxxp:\\\\192.0.2[.]1\\share\\a.msi', ['url http://192.0.2.1/share/a.msi', 'ipv4 192.0.2.1']],
  ['hxxps\\[:\\]//evil\\[.\\]com/a', ['url https://evil.com/a', 'domain evil.com']],
  [
    'http://evil.com/a,http://evil.org/b',
    ['url http://evil.com/a', 'domain evil.com', 'url http://evil.org/b', 'domain evil.org'],
  ],
  [
    'https://evil.com/a/http://evil.org/b',
    ['url https://evil.com/a/', 'domain evil.com', 'url http://evil.org/b', 'domain evil.org'],
  ],
  ['http://[2001:db8::1]:8080/x', ['url http://[2001:db8::1]:8080/x', 'ipv6 2001:db8::1']],
  ['www.evil.com/a.php?id=7', ['url www.evil.com/a.php?id=7', 'domain www.evil.com']],
  ['evil[.]com/x/[company]/login.php', ['url evil.com/x/[company]/login.php', 'domain evil.com']],
  ['192.0.2.1:8443/k.sh', ['ipv4 192.0.2.1', 'filename k.sh']],
  ['192.0.2[.]1:8443/k.sh', ['url 192.0.2.1:8443/k.sh', 'ipv4 192.0.2.1']],
  [
    `<https://evil.com/${'a'.repeat(50)}/\n> rest?x=1>`,
    [`url https://evil.com/${'a'.repeat(50)}/rest?x=1`, 'domain evil.com'],
  ],
  ['http:// and https://', []],
])

table('names', [
  [
    'evil[.]com evil(.)com evil{.}com evil[dot]com evil(dot)com evil\\.com evil[.com evil.]com',
    Array<string>(8).fill('domain evil.com'),
  ],
  ['evil dot com, and the dot com years', ['domain evil.com']],
  ['updates.\u200bevil.com evil\u3002com', ['domain updates.evil.com', 'domain evil.com']],
  ['xn--e1afmkfd.xn--p1ai пример.рф', ['domain xn--e1afmkfd.xn--p1ai', 'domain xn--e1afmkfd.xn--p1ai']],
  ['*.evil.com evil.com:8443 EVIL.COM', ['domain evil.com', 'domain evil.com', 'domain evil.com']],
  ['evil.com/evil.org', ['domain evil.com', 'domain evil.org']],
  ['System.Net.WebClient ASP.NET System.IO foo.run() process.name process.pid host.id com.example.app.Login', []],
  ['Win32/Agent.ET MSIL/Spy.Tiny.DB Trojan.Win32.Agent.ac HEUR:Trojan.Win32.Generic', []],
  ['done.in a hurry co.uk version.2', []],
  ['dc01.harbour.local', ['hostname dc01.harbour.local']],
])

table('files', [
  [
    'evil.exe report.doc run.ps1 update.zip payload.py k.sh',
    [
      'filename evil.exe',
      'filename report.doc',
      'filename run.ps1',
      'filename update.zip',
      'filename payload.py',
      'filename k.sh',
    ],
  ],
  ['update[.]zip www.update.zip', ['domain update.zip', 'domain www.update.zip']],
  ['Filter.java:88 node.js kit-3.6.0.min.js libssl.so.1.1 *.exe', []],
  ['"My Report 2024.xlsx" is open', ['filename My Report 2024.xlsx']],
  [
    '|SHA-1 | Filename |\n|`7c211433f02071597741e6ff5a8ea34789abbf43` | `q7FREZ.cr` |',
    ['sha1 7c211433f02071597741e6ff5a8ea34789abbf43', 'filename q7FREZ.cr'],
  ],
  ['GET /files/x7.php HTTP/1.1', ['filename x7.php']],
])

table('paths', [
  [
    '"C:\\Users\\a.b\\Content.Outlook\\8X\\Some advice 14-10.docm" (pid 9)',
    ['filepath C:\\Users\\a.b\\Content.Outlook\\8X\\Some advice 14-10.docm'],
  ],
  ['C:\\Program Files (x86)\\Foo Bar\\baz.exe -arg', ['filepath C:\\Program Files (x86)\\Foo Bar\\baz.exe']],
  ['see C:\\ProgramData\\a.dat,Register and D:\\logs\\x', ['filepath C:\\ProgramData\\a.dat', 'filepath D:\\logs\\x']],
  ['"at \\"C:\\\\TMP\\\\m.exe go > C:\\\\TMP\\\\o.txt\\""', ['filepath C:\\TMP\\m.exe', 'filepath C:\\TMP\\o.txt']],
  [
    '%APPDATA%\\Roaming\\x.dll \\\\fs01\\share\\x.docx',
    ['filepath %APPDATA%\\Roaming\\x.dll', 'filepath \\\\fs01\\share\\x.docx'],
  ],
  ['\\\\.\\pipe\\wren-4f2a', []],
  [
    '/etc/passwd, /tmp/.x/run. ~/.ssh/id_rsa 2>/dev/null',
    ['filepath /etc/passwd', 'filepath /tmp/.x/run', 'filepath ~/.ssh/id_rsa'],
  ],
  ['/api/v1/stats and/or ../../etc/passwd', []],
  [
    'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Run and more',
    ['regkey HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Run'],
  ],
  ['HKEY_CURRENT_USER\\Software\\Foo = "x" HKCU:\\Bar', ['regkey HKCU\\Software\\Foo', 'regkey HKCU\\Bar']],
  ['\\REGISTRY\\MACHINE\\SOFTWARE\\Foo', ['regkey HKLM\\SOFTWARE\\Foo']],
])

table('digests', [
  ['MD5:9E107D9D372BB6826BD81D3542A419D6', ['md5 9e107d9d372bb6826bd81d3542a419d6']],
  [
    'imphash 9e107d9d372bb6826bd81d3542a419d6 md5 7e107d9d372bb6826bd81d3542a419d6',
    ['imphash 9e107d9d372bb6826bd81d3542a419d6', 'md5 7e107d9d372bb6826bd81d3542a419d6'],
  ],
  ['JA3 9e107d9d372bb6826bd81d3542a419d6', ['ja3 9e107d9d372bb6826bd81d3542a419d6']],
  ['session=9e107d9d372bb6826bd81d3542a419d6 "trace_id":"9e107d9d372bb6826bd81d3542a419d6"', []],
  ['src|session\n192.0.2.1|9e107d9d372bb6826bd81d3542a419d6', ['ipv4 192.0.2.1']],
  ['commit 7c211433f02071597741e6ff5a8ea34789abbf43', []],
  ['12345678901234567890123456789012', []],
  ['ssdeep 96:abc+DEF/ghi:xyz', ['ssdeep 96:abc+DEF/ghi:xyz']],
  ['1:2052194:3 and 100:abcdefGHIJKLmnop:qrstuvwx', []],
  ['t13d190900_9dc949149365_97f8aa674fd9', ['ja4 t13d190900_9dc949149365_97f8aa674fd9']],
])

table('identifiers', [
  [
    'CVE-2021-44228 CVE–2021–44228 Exploit.CVE-2021-1732.I CVE-21-1',
    ['cve CVE-2021-44228', 'cve CVE-2021-44228', 'cve CVE-2021-1732'],
  ],
  ['T1059.001 TA0011 T1137/006 T1000 TT1001 M1031 G0010 S0154', ['attack T1059.001', 'attack TA0011', 'attack T1137']],
  ['AS64496 ASN 64497 ASN: 64498 AS400 as 443', ['asn AS64496', 'asn AS64497', 'asn AS64498']],
  [
    '{8F6B1A0D-77C2-4E11-9E6D-1C5B8E2F0A33} indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f',
    ['guid 8f6b1a0d-77c2-4e11-9e6d-1c5b8e2f0a33', 'guid 8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f'],
  ],
  ['SID S-1-5-21-3623811015-3361044348-30300820-1013)', ['sid S-1-5-21-3623811015-3361044348-30300820-1013']],
])

table('people and machines', [
  ['HARBOUR\\m.keller (user) NT AUTHORITY\\SYSTEM', ['user HARBOUR\\m.keller', 'user NT AUTHORITY\\SYSTEM']],
  ['user=jdoe src=192.0.2.1; Account Name: svc_backup', ['user jdoe', 'ipv4 192.0.2.1', 'user svc_backup']],
  ['User: John Smith. user root logged in for root@kali', ['user root@kali']],
  ['host: WEB01 on WKS-1182, device_name=srv-7', ['hostname WEB01', 'hostname WKS-1182', 'hostname srv-7']],
  ['ticket NG-204417 and SEC-9182, host: unknown', []],
  [
    'm@harbour.com, <a.b+c@mail.harbour.co.uk> bob[@]harbour[.]com',
    ['email m@harbour.com', 'email a.b+c@mail.harbour.co.uk', 'email bob@harbour.com'],
  ],
  ['Message-ID: <a1b2@mail.harbour.com>', []],
  ['server at harbour[.]com', ['domain harbour.com']],
  [
    'Mutex     Global\\{8F6B1A0D-77C2-4E11-9E6D-1C5B8E2F0A33}',
    ['mutex Global\\{8F6B1A0D-77C2-4E11-9E6D-1C5B8E2F0A33}'],
  ],
  ['creates a mutex named "Foo Bar"; the mutex is open', ['mutex Foo Bar']],
])

table('user agents', [
  [
    'ua Mozilla/5.0 (Windows NT 10.0; Win64; x64) Gecko/20100101 Firefox/131.0 fileHash=x',
    ['useragent Mozilla/5.0 (Windows NT 10.0; Win64; x64) Gecko/20100101 Firefox/131.0'],
  ],
  ['200 54 "-" "curl/7.68.0"', ['useragent curl/7.68.0']],
  ['User-Agent: EvilBot 1.0', ['useragent EvilBot 1.0']],
  ['nginx/1.18.0, curl/7.68.0 is installed', []],
])

table('wallets', [
  [
    '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2 3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy',
    ['btc 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2', 'btc 3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy'],
  ],
  ['1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3', []],
  [
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5',
    ['btc bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'],
  ],
  [
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD',
    ['eth 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'],
  ],
  [
    '44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A',
    ['xmr 44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A'],
  ],
])

test('a JSON document is read with its escapes undone', () => {
  const text = JSON.stringify({
    note: 'at\nhttps://evil.com/a\r\nand\tbad[.]org',
    path: 'C:\\new\\run.exe',
    user: 'HARBOUR\\j.doe',
  })
  expect(found(text)).toEqual([
    'url https://evil.com/a',
    'domain evil.com',
    'domain bad.org',
    'filepath C:\\new\\run.exe',
    'user HARBOUR\\j.doe',
  ])
})

test('quoted-printable is joined over its soft line breaks', () => {
  expect(found('go to https://evil.com/a.php?u=3Dbob&aaaa=\r\naa=3D1 now=2E')).toEqual([
    'url https://evil.com/a.php?u=bob&aaaaaa=1',
    'domain evil.com',
  ])
})
