import { expect, test } from 'vitest'
import { cvesIn, namesAndAddresses, portOf, timeOf } from './words.ts'

test.each([
  ['2021-05-26T20:50:18Z', '2021-05-26T20:50:18.000Z'],
  ['2021-05-26T22:50:18+02:00', '2021-05-26T20:50:18.000Z'],
  ['2026-01-05 10:00:00', '2026-01-05T10:00:00.000Z'],
  ['20210211T164705486', '2021-02-11T16:47:05.000Z'],
  ['Jan 5, 2021 10:24:08 MST', '2021-01-05T17:24:08.000Z'],
  ['Feb 03, 2026 07:00 AM', '2026-02-03T07:00:00.000Z'],
  ['05/13/2021 07:08:28', '2021-05-13T07:08:28.000Z'],
  ['Tue Jun 25 10:39:42 2013', '2013-06-25T10:39:42.000Z'],
  ['1396104416', '2014-03-29T14:46:56.000Z'],
  ['2026-01-05', '2026-01-05T00:00:00.000Z'],
  ['', null],
  ['N/A', null],
  ['7', null],
  ['1970-01-01T00:00:00Z', null],
  ['31.12.9999', null],
])('the time %s', (text, iso) => expect(timeOf(text)).toBe(iso))

test('a time without a zone is UTC wherever this runs', () => {
  const before = process.env['TZ']
  process.env['TZ'] = 'Asia/Tokyo'
  expect(timeOf('05/13/2021 07:08:28')).toBe('2021-05-13T07:08:28.000Z')
  if (before === undefined) delete process.env['TZ']
  else process.env['TZ'] = before
})

test('ports, names, CVEs', () => {
  expect([portOf('general/tcp'), portOf('443/tcp'), portOf('TCP/8080'), portOf('70000'), portOf("'-", "'-")]).toEqual([
    { port: 0, protocol: 'tcp' },
    { port: 443, protocol: 'tcp' },
    { port: 8080, protocol: 'tcp' },
    { port: 0, protocol: '' },
    { port: 0, protocol: '' },
  ])
  expect(
    namesAndAddresses(['WEB-01', '192.0.2.1', '::ffff:192.0.2.2', '12345', 'a b', 'fe80::1%eth0', undefined]),
  ).toEqual({
    names: ['web-01'],
    addresses: ['192.0.2.1', '192.0.2.2'],
  })
  expect(cvesIn('cve-2026-12345, CVE-2026-12345; CVE-20261-1')).toEqual(['CVE-2026-12345'])
})
