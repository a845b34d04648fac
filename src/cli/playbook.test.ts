import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cf-playbook-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function counterfoil(...args: string[]) {
  const script = `const { playbookCommand } = await import('./src/cli/playbook.ts'); await playbookCommand().parseAsync(process.argv.slice(1), { from: 'user' })`
  const env = { ...process.env, COUNTERFOIL_DATA: path.join(folder, 'data') }
  return spawnSync(process.execPath, ['--input-type=module', '-e', script, '--', ...args], { encoding: 'utf8', env })
}

test('validate says file, line and problem, and exits 1; a right one exits 0', () => {
  const file = path.join(folder, 'wrong.yaml')
  writeFileSync(
    file,
    'playbook: 1\nid: mine\nversion: 1\ntitle: Mine\non: alert\nwhen: alert.nope\nsteps:\n  - { id: x, step: sub-playbook, playbook: ask-owner, title: X, csf: DE.AE-06, phase: analysis }\n',
  )
  const wrong = counterfoil('validate', file)
  expect(wrong.stdout).toBe(`${file}:6:1: No such key: nope [when]\n`)
  expect(wrong.status).toBe(1)
  const right = counterfoil('validate', 'content/playbooks', '--json')
  expect(right.status).toBe(0)
  expect((JSON.parse(right.stdout) as { ok: boolean }[]).every((one) => one.ok)).toBe(true)
})

test('show lists all, or one with the reason of each step', () => {
  expect(counterfoil('show').stdout).toContain('provider-alert')
  const one = counterfoil('show', 'suspicious-sign-in').stdout
  expect(one).toContain('if answers.person_of_account.found && answers.person_of_account.privileged == "yes"')
  expect(one).toContain('One tap from the person is worth an hour of logs.')
  expect(JSON.parse(counterfoil('show', 'unread', '--json').stdout)).toMatchObject({ id: 'unread' })
})

test('a wrong call is told so', () => {
  const wrong = counterfoil('run', 'provider-alert', '--alert', 'x')
  expect(wrong.stderr).toContain('An alert has a number')
  expect(wrong.status).not.toBe(0)
})

test('a playbook goes out as CACAO and comes back; a wrong document is refused by name', () => {
  const out = counterfoil('export-cacao', 'lost-device').stdout
  expect(JSON.parse(out)).toMatchObject({ type: 'playbook', spec_version: 'cacao-2.0', name: expect.any(String) })
  const file = path.join(folder, 'out.json')
  writeFileSync(file, out)
  const back = counterfoil('import-cacao', file)
  expect(back.stdout).toContain('id: lost-device\n')
  const yaml = path.join(folder, 'back.yaml')
  writeFileSync(yaml, back.stdout)
  expect(counterfoil('validate', yaml).status).toBe(0)
  writeFileSync(file, out.replace(/"workflow_start": "[^"]*"/, '"workflow_start": "start--none"'))
  const wrong = counterfoil('import-cacao', file)
  expect(wrong.status).not.toBe(0)
  expect(wrong.stdout).toBe('')
})
