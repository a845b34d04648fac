import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Xray } from '../model/xray.ts'

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, '../..')
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'xray-test-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

type Ran = { code: number; stdout: string; stderr: string }

async function counterfoil(...words: string[]): Promise<Ran> {
  const options = { cwd: folder, maxBuffer: 16 * 1024 * 1024, env: { ...process.env, COUNTERFOIL_DATA: folder } }
  try {
    const { stdout, stderr } = await run(process.execPath, [path.join(root, 'src/cli.ts'), 'xray', ...words], options)
    return { code: 0, stdout, stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as Ran
    return { code, stdout, stderr }
  }
}

const samples = path.join(root, 'content/samples/mail')

test('--json prints only JSON of the known shape, in which every message is accounted for', async () => {
  const { code, stdout } = await counterfoil(samples, '--json')
  expect(code).toBe(0)
  const { messages, alerts, unreadMessages } = Xray.parse(JSON.parse(stdout))
  expect(messages.read + messages.reply + messages.unread).toBe(messages.in)
  expect(messages.in).toBe(58)
  expect(alerts).toBe(25)
  expect(unreadMessages.map(({ name }) => path.basename(name)).sort()).toEqual([
    '2025-10-29-unread-image.eml',
    '2025-10-31-broken.eml',
  ])
})

test('a page and a table for people; a missing path stops nothing and is said', async () => {
  const page = path.join(folder, 'x.html')
  const { code, stdout, stderr } = await counterfoil(samples, '/nowhere/at-all', '--html', page)
  expect(code).toBe(1)
  expect(stdout).toBe('')
  expect(stderr).toContain('/nowhere/at-all could not be read')
  expect(await readFile(page, 'utf8')).toContain('Internal port scan')
  const table = await counterfoil(samples)
  expect(table.code).toBe(0)
  expect(table.stdout).toContain('58 in = 41 read + 15 reply + 2 unread')
  expect(table.stdout).toContain('2025-10-31-broken.eml')
})

test('an mbox, and domains named by the caller', async () => {
  const mails = ['2025-09-22-mdr-2025-1041.eml', '2025-09-22-mdr-2025-1041-2-reply.eml']
  const texts = await Promise.all(mails.map((name) => readFile(path.join(samples, name), 'latin1')))
  const mbox = path.join(folder, 'a.mbox')
  await writeFile(mbox, texts.map((text) => `From x Mon Sep 22 09:14:00 2025\n${text}\n\n`).join(''), 'latin1')
  const { stdout } = await counterfoil(
    mbox,
    '--json',
    '--ours',
    'nordhaven.example',
    '--provider',
    'acme-mdr.example',
    '--time-zone',
    'Europe/Berlin',
  )
  const xray = Xray.parse(JSON.parse(stdout))
  expect(xray).toMatchObject({
    messages: { in: 2, read: 1, reply: 1 },
    alerts: 1,
    ours: ['nordhaven.example'],
    offHoursShare: 0,
  })
})

test.each([
  [['--json']],
  [['--time-zone', 'Nowhere/Town', samples]],
  [['--ours', 'not a domain', samples]],
  [['--what', samples]],
])('a wrong call ends with 2: %j', async (words) => {
  const { code, stdout } = await counterfoil(...words)
  expect(code).toBe(2)
  expect(stdout).toBe('')
})

test('--help shows examples', async () => {
  const { code, stdout } = await counterfoil('--help')
  expect(code).toBe(0)
  expect(stdout).toContain('counterfoil xray export.mbox')
})
