import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ObservableType } from '../model/observable.ts'
import { defang } from './defang.ts'
import { extract } from './extract.ts'
import { refang } from './refang.ts'

const label = fc.stringMatching(/^[a-z][a-z0-9]{1,10}$/)
const domain = fc
  .tuple(label, fc.constantFrom('com', 'org', 'net', 'co.uk', 'info'))
  .map(([name, suffix]) => `${name}.${suffix}`)
const path = fc.stringMatching(/^[a-z0-9]{1,8}(?:\/[a-z0-9]{1,8}){0,2}$/)
const cases: fc.Arbitrary<[string, ObservableType]> = fc.oneof(
  domain.map((d): [string, ObservableType] => [d, 'domain']),
  fc.ipV4().map((a): [string, ObservableType] => [a, 'ipv4']),
  fc.tuple(label, domain).map(([l, d]): [string, ObservableType] => [`${l}@${d}`, 'email']),
  fc
    .tuple(fc.constantFrom('http', 'https', 'ftp'), domain, path)
    .map(([s, d, p]): [string, ObservableType] => [`${s}://${d}/${p}`, 'url']),
)

test('what was defanged for display is read as the same value, and is no longer a link', () => {
  fc.assert(
    fc.property(cases, ([value, type]) => {
      const safe = defang(value, type)
      expect(safe).not.toContain('http')
      if (!value.startsWith('255.255.'))
        expect(extract(safe).map((o) => `${o.type} ${o.value}`)).toContain(`${type} ${value}`)
    }),
    { numRuns: 300 },
  )
})

test.each([
  ['https://a.evil.com/x.php', 'url', 'hxxps[://]a[.]evil[.]com/x.php'],
  ['evil.com/x', 'url', 'evil[.]com/x'],
  ['a.b@evil.com', 'email', 'a[.]b[@]evil[.]com'],
  ['192.0.2.0/24', 'cidr', '192[.]0[.]2[.]0/24'],
  ['2001:db8::1', 'ipv6', '2001[:]db8::1'],
  ['9e107d9d372bb6826bd81d3542a419d6', 'md5', '9e107d9d372bb6826bd81d3542a419d6'],
] as const)('%s as %s is shown as %s', (value, type, shown) => expect(defang(value, type)).toBe(shown))

test('a text without defanging is left as it is', () => {
  const text = 'Nothing [here] is (defanged), see C:\\dir\\.ssh and a[0].b'
  expect(refang(text).text).toBe(text)
})

test('offsets after undoing point at the original', () => {
  const { text, startOf, endOf } = refang('a[.]b \u200bc&amp;d')
  expect(text).toBe('a.b c&d')
  expect([startOf(1), endOf(2)]).toEqual([1, 4])
  expect([startOf(4), endOf(5)]).toEqual([7, 8])
  expect([startOf(5), endOf(6)]).toEqual([8, 13])
})
