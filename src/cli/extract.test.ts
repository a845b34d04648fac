import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { runCommand } from '../../test/program.ts'

// These start the program itself, again and again: half a second each, five on a machine that is busy.
vi.setConfig({ testTimeout: 120_000 })

const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-extract-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string) => path.join(folder, name)

const counterfoil = (args: readonly string[], input = '') =>
  runCommand(['extract', ...args], {}, { cwd: folder, input })
const linesOf = (out: string) =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

test('a text from stdin: one object a line, offsets in UTF-16 code units', async () => {
  const text = 'Grüße 😀 from 203.0.113[.]7, see hxxps://bad[.]example/x'
  const { code, out } = await counterfoil([], text)
  expect(code).toBe(0)
  const found = linesOf(out)
  expect(Object.keys(found[0] ?? {})).toEqual(['type', 'value', 'start', 'end', 'text'])
  expect(found).toContainEqual({
    type: 'ipv4',
    value: '203.0.113.7',
    start: text.indexOf('203'),
    end: text.indexOf(','),
    text: '203.0.113[.]7',
  })
  for (const { start, end, text: there } of found) expect(text.slice(Number(start), Number(end))).toBe(there)
  expect(found.map(({ value }) => value)).toContain('https://bad.example/x')
})

test('only the types asked for; an unknown type is a wrong call', async () => {
  writeFileSync(at('a.txt'), 'CVE-2021-44228 on 198.51.100.9')
  expect(linesOf((await counterfoil([at('a.txt'), '--types', 'cve'])).out).map(({ type }) => type)).toEqual(['cve'])
  expect(await counterfoil([at('a.txt'), '--types', 'cve,nonsense'])).toMatchObject({ code: 2, out: '' })
})

test('a mail is read with all its parts, and each observable says in which', async () => {
  const mail = [
    'From: soc@provider.example',
    'To: desk@example.org',
    'Subject: Alert on 198.51.100.9',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from('beacon to evil[.]example.com').toString('base64'),
    '--b--',
    '',
  ].join('\r\n')
  writeFileSync(at('alert.eml'), mail)
  const { code, out } = await counterfoil(['--eml', at('alert.eml')])
  expect(code).toBe(0)
  const found = linesOf(out)
  expect(found).toContainEqual({
    type: 'ipv4',
    value: '198.51.100.9',
    start: 9,
    end: 21,
    text: '198.51.100.9',
    part: 'subject',
  })
  expect(found.find(({ value }) => value === 'evil.example.com')).toMatchObject({ part: '1', start: 10, end: 28 })
})

test('nothing found is no failure; a missing file and a file over the limit are said', async () => {
  expect(await counterfoil([], 'nothing here')).toEqual({ code: 0, out: '', err: '' })
  expect(await counterfoil([at('nowhere')])).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining('nowhere'),
  })
  writeFileSync(at('large'), '')
  truncateSync(at('large'), 65 * 1024 * 1024)
  expect(await counterfoil([at('large')])).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining('mostMiB: 64'),
  })
})

test('UTF-16 with a byte order mark and bytes that are no UTF-8 are read', async () => {
  writeFileSync(at('utf16'), Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('192.0.2.77 seen', 'utf16le')]))
  expect(linesOf((await counterfoil([at('utf16')])).out)).toMatchObject([{ value: '192.0.2.77', start: 0, end: 10 }])
  writeFileSync(at('latin1'), Buffer.from('Gr\xfc\xdfe 192.0.2.77', 'latin1'))
  expect(linesOf((await counterfoil([at('latin1')])).out)).toMatchObject([{ value: '192.0.2.77', start: 6, end: 16 }])
})
