import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { runCommand } from '../../test/program.ts'

// These start the program itself: half a second each, five on a machine that is busy.
vi.setConfig({ testTimeout: 120_000 })

const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-reader-'))
afterAll(() => rmSync(folder, { recursive: true }))
const put = (name: string, text: string) => {
  writeFileSync(path.join(folder, name), text)
  return name
}

const counterfoil = (args: readonly string[]) => runCommand(['reader', ...args], {}, { cwd: folder })

const reader = `reader: 1
id: acme-odd
title: Acme, odd
from: [soc@acme-mdr.example]
needs: [ticket]
fields:
  ticket: { in: body, after: "Kennung :: " }
  severity: { in: subject, after: "/ ", until: " /" }
`
const mail = (severity: string, body: string) =>
  `From: soc@acme-mdr.example\nTo: d@nordhaven.example\nSubject: Watch / ${severity} / please see\n\n${body}\n`

test('check names line and column of what is wrong, and the fields of what is right', async () => {
  put('good.yaml', reader)
  put('bad.yaml', reader.replace('in: body', 'inn: body'))
  const good = await counterfoil(['check', 'good.yaml'])
  expect(good).toMatchObject({ code: 0, out: 'good.yaml: acme-odd reads ticket, severity\n' })
  const bad = await counterfoil(['check', 'good.yaml', 'bad.yaml'])
  expect(bad.code).toBe(1)
  expect(bad.out).toMatch(/^bad\.yaml:7:3 fields\.ticket: an anchor is one of/m)
  expect((await counterfoil(['check', 'nowhere.yaml'])).code).toBe(1)
})

test('test reads a folder of mails: how many are green, and of the others why not', async () => {
  put('reader.yaml', reader)
  mkdirSync(path.join(folder, 'mail'))
  put('mail/1.eml', mail('high', 'Kennung :: W-1'))
  put('mail/2.eml', mail('purple', 'Kennung :: W-2'))
  put('mail/3.eml', mail('low', 'nothing in it'))
  const said = await counterfoil(['test', 'reader.yaml', 'mail'])
  expect(said.code).toBe(1)
  expect(said.out).toContain('1 of 3 green\n')
  expect(said.out).toContain('severity: not read, “purple” is no severity we know')
  expect(said.out).toContain('ticket: not read, the text does not have “Kennung :: ”')
  const json = await counterfoil(['test', 'reader.yaml', 'mail/1.eml', '--json'])
  expect(json.code).toBe(0)
  expect(JSON.parse(json.out)).toMatchObject({
    green: 1,
    of: 1,
    rows: [{ green: true, fields: { ticket: { value: 'W-1' } } }],
  })
  expect((await counterfoil(['test', 'reader.yaml', 'missing'])).code).toBe(1)
})

test('test reads a posted JSON as a post of the reader’s provider', async () => {
  put(
    'post.yaml',
    'reader: 1\nid: acme-post\ntitle: Acme\nprovider: acme\nfields:\n  ticket: { json: a.b, take: "(W-[0-9]+)" }\n',
  )
  put('post.json', '{"a":{"b":"no. W-77 open"}}')
  expect(await counterfoil(['test', 'post.yaml', 'post.json'])).toMatchObject({
    code: 0,
    out: expect.stringContaining('ticket: W-77') as string,
  })
})
