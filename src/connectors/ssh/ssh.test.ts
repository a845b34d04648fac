import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sshd, startSshd } from '../../../test/sshd.ts'
import { fixedClock } from '../../kit/clock.ts'
import { makeAsk } from '../ask.ts'
import { quoted, ssh } from './index.ts'

const clock = fixedClock('2026-11-02T09:00:00.000Z')
const context = { signal: new AbortController().signal, clock }
let sshd: Sshd
let folder: string
let tool: string

const script = `#!/bin/sh
case "$1" in
  json) printf '{"id":"7","owner":"%s","mail":"m@corp.example"}' "$2" ;;
  none) exit 4 ;;
  slow) sleep 60 ;;
  flood) yes ;;
  nonsense) echo 'Segmentation fault?' ;;
esac
`
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'cf-ssh-'))
  chmodSync(folder, 0o755)
  tool = path.join(folder, 'tool')
  writeFileSync(tool, script)
  chmodSync(tool, 0o755)
  sshd = await startSshd()
}, 120_000)
afterAll(async () => {
  await sshd.stop()
  rmSync(folder, { recursive: true })
})

function source(
  args: string[],
  changes: Record<string, unknown> = {},
  key = sshd.goodKey,
  more: Record<string, unknown> = {},
) {
  const remote = { program: tool, args, columns: { name: 'owner', email: 'mail' }, nothingExitCodes: [4], ...more }
  const place = {
    host: '127.0.0.1',
    port: sshd.port,
    user: sshd.user,
    hostKeys: [sshd.hostKey],
    allowAddresses: ['127.0.0.1'],
  }
  const settings = { ...place, questions: { 'owner-of-host': remote }, ...changes }
  return ssh.open({
    id: 'old-tool',
    title: 'Old tool',
    settings,
    secret: async (name) => (name === 'privateKey' ? key : null),
  })
}
async function asked(connector: ReturnType<typeof source>, host = 'pay-db-01') {
  return (
    await makeAsk({ connectors: [connector], clock, news: () => undefined })('owner-of-host', { host }, context)
  )[0]?.answered
}

test('found and nothing, on a real OpenSSH server', async () => {
  expect(await asked(source(['json', '{host}']))).toMatchObject({
    kind: 'found',
    answer: { id: '7', name: 'pay-db-01', email: 'm@corp.example' },
  })
  expect(await asked(source(['none']))).toMatchObject({ kind: 'nothing' })
  expect(await asked(source(['nonsense']))).toMatchObject({ kind: 'failed', why: expect.stringContaining('nonsense') })
})

test('the shell over there reads nothing of a value', async () => {
  const proof = path.join(folder, 'pwned')
  const odd = [
    `$(touch ${proof})`,
    `'; touch ${proof}; '`,
    `\`touch ${proof}\``,
    `a\ntouch ${proof}`,
    `x' || touch ${proof} #`,
  ]
  for (const host of odd) {
    const answered = await asked(source(['json', 'is {host}']), host)
    // A line break is none in JSON: the tool's own output is what does not fit.
    expect(answered?.kind).toBe(host.includes('\n') ? 'failed' : 'found')
    if (answered?.kind === 'found') expect(answered.answer).toMatchObject({ name: `is ${host}` })
  }
  expect(existsSync(proof)).toBe(false)
  expect(quoted("it's")).toBe(`'it'\\''s'`)
})

test('refused: another host key, a key that is not let in, an address that is not allowed', async () => {
  const pinned = { hostKeys: [`SHA256:${'A'.repeat(43)}`] }
  expect(await asked(source(['json', '{host}'], pinned))).toMatchObject({
    kind: 'failed',
    why: expect.stringContaining(`${sshd.hostKey} is not pinned`),
  })
  const refused = await asked(source(['json', '{host}'], {}, sshd.otherKey))
  expect(refused).toMatchObject({ kind: 'failed', why: 'it refuses our key or password' })
  expect(await asked(source(['json', '{host}'], { allowAddresses: [] }))).toMatchObject({
    kind: 'failed',
    why: expect.stringContaining('allowAddresses'),
  })
})

test('slow and flooding programs are failures', async () => {
  expect(await asked(source(['slow'], { timeoutMs: 1_500 }))).toMatchObject({
    kind: 'failed',
    why: expect.stringContaining('1500 ms'),
  })
  expect(await asked(source(['flood']))).toMatchObject({
    kind: 'failed',
    why: expect.stringContaining('writes more than'),
  })
})

test('the test button lets itself in and asks its sample; no key is in what it shows', async () => {
  const tried = await source(['json', '{host}'], {}, sshd.goodKey, { sample: { host: 'a' } }).tryOut?.(context)
  expect(tried).toMatchObject({ kind: 'read', rows: [{ came: 'found' }] })
  expect(JSON.stringify(tried)).not.toContain('PRIVATE KEY')
  expect(await source(['none'], {}, sshd.otherKey).tryOut?.(context)).toMatchObject({ kind: 'failed' })
  expect(await source(['none']).health(context)).toMatchObject({ state: 'active' })
})
