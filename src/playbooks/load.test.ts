import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { playbookSchema, schemaFile } from '../../tools/playbook-schema.ts'
import type { Playbook } from '../model/playbook.ts'
import { libraryOf } from './library.ts'
import { loadLibrary, readPlaybooks, validatePlaybook } from './load.ts'

const head = 'playbook: 1\nid: mine\nversion: 1\ntitle: Mine\non: alert\n'
const ask = (questions: string) =>
  `${head}steps:\n  - id: ask\n    step: ask\n    title: Ask\n    csf: DE.AE-07\n    phase: analysis\n    questions:\n${questions}`

/** Line and problem of each issue. */
const said = (text: string, known?: ReturnType<typeof libraryOf>) =>
  validatePlaybook(text, known).issues.map(({ line, problem }) => `${line}: ${problem}`)

test('the playbooks that come with the house are right, and name their schema', async () => {
  const files = await readPlaybooks(['content/playbooks'])
  expect(files.map((file) => file.playbook?.id)).toEqual([
    'ask-owner',
    'data-leaving',
    'ioc-enrichment',
    'lost-device',
    'malware-on-host',
    'phishing-report',
    'provider-alert',
    'suspicious-sign-in',
    'unread',
    'vulnerability-exploited',
  ])
  expect(files.flatMap((file) => file.issues)).toEqual([])
  for (const { file } of files)
    expect(await readFile(file, 'utf8')).toMatch(/^# yaml-language-server: \$schema=\.\/playbook\.schema\.json\n/)
})

test('the published schema is that of the model: run `node tools/playbook-schema.ts` after a change', async () => {
  expect(await readFile(schemaFile, 'utf8')).toBe(playbookSchema())
})

test.each([
  ['a wrong word', `${head}stepz: []\nsteps: []\n`, '7:'],
  ['no such step', `${head}steps:\n  - id: x\n    step: dance\n`, '8: no such step'],
  [
    'a step without its phase',
    `${head}steps:\n  - id: x\n    step: decide-proposal\n    title: X\n    csf: DE.AE-06\n`,
    '7:',
  ],
  [
    'a wrong CSF id',
    `${head}steps:\n  - id: x\n    step: decide-proposal\n    title: X\n    csf: analysis\n    phase: analysis\n`,
    '10:',
  ],
  [
    'a condition of the wrong type',
    `${head}when: alert.severity > 3\nsteps:\n  - { id: x, step: decide-proposal, title: X, csf: DE.AE-06, phase: analysis }\n`,
    '6: no such overload',
  ],
  [
    'a field the question has not',
    ask('      - ask: owner-of-host\n        with: { hots: alert.host, host: alert.host }\n'),
    '14: "owner-of-host" has no "hots"',
  ],
  [
    'a field the question needs',
    ask('      - ask: owner-of-host\n        with: {}\n'),
    '14: "owner-of-host" needs "host"',
  ],
  ['a question nobody knows', ask('      - ask: who-is-it\n        with: {}\n'), '13:'],
  [
    'two steps of one name',
    `${head}steps:\n  - &s { id: x, step: decide-proposal, title: X, csf: DE.AE-06, phase: analysis }\n  - { id: x, step: decide-proposal, title: X, csf: DE.AE-06, phase: analysis }\n`,
    '8: another step',
  ],
  [
    'a playbook that is not there',
    `${head}steps:\n  - { id: x, step: sub-playbook, playbook: gone, title: X, csf: DE.AE-06, phase: analysis }\n`,
    '7: there is no playbook "gone"',
  ],
  [
    'a broken template',
    `${head}steps:\n  - { id: x, step: notify, to: [lead], subject: '{{ alert.title', text: x, title: X, csf: DE.AE-06, phase: analysis }\n`,
    '7:',
  ],
  ['no YAML at all', 'playbook: [1\n', '2:'],
  ['an alias bomb', `${head}steps: &a [*a]\n`, '6: aliases'],
])('refused with its line: %s', (_name, text, expected) => {
  const issues = said(text)
  expect(issues.length).toBeGreaterThan(0)
  expect(issues.join('\n')).toContain(expected)
})

test('playbooks that call each other in a circle, or too deep, are refused', () => {
  const call = (id: string, to: string): Playbook => ({
    playbook: 1,
    id,
    version: 1,
    title: id,
    description: '',
    on: 'manual',
    priority: 50,
    steps: [{ id: 'go', step: 'sub-playbook', playbook: to, title: 'Go', csf: 'DE.AE-06', phase: 'analysis' }],
  })
  const text = `${head}steps:\n  - { id: x, step: sub-playbook, playbook: a, title: X, csf: DE.AE-06, phase: analysis }\n`
  expect(said(text, libraryOf([call('a', 'b'), call('b', 'a')]))).toEqual([
    '7: playbooks call each other in a circle: mine > a > b > a',
  ])
  const chain = ['a', 'b', 'c', 'd', 'e', 'f'].map((id, index, all) => call(id, all[index + 1] ?? 'f'))
  expect(said(text, libraryOf(chain)).join()).toContain('more than 5 deep')
})

test('a wrong playbook stops the start and names file, line and problem', async () => {
  await expect(loadLibrary(['content/nowhere'])).rejects.toMatchObject({ code: 'file.unreadable' })
})
