import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import type { AuditChain, AuditSample } from '../../src/contract/audit.ts'
import { seriousIn } from '../axe.ts'
import { addProvider, alertOf, apiAs, post, signedIn } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'

/** How a program ends; what it said is in the message when it matters. */
const endOf = (args: readonly string[]): Promise<{ code: number; text: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : 1, text: stdout + stderr }),
    )
  })

const { database, desk, pageWith } = await pagesHere()
let auditor: string
let token: string
const ids: string[] = []
const draw = { seed: 'three dice: 4 2 6', from: '2020-01-01T00:00:00.000Z', to: '2100-01-01T00:00:00.000Z', n: 3 }
const query = new URLSearchParams({ ...draw, n: String(draw.n) })

beforeAll(async () => {
  const key = await addProvider(desk)
  for (let n = 1; n <= 6; n += 1)
    ids.push(
      await alertOf(
        desk,
        await post(desk, key, {
          subject: `[NW-${n}] High: Rule ${n}`,
          body: `Ticket: NW-${n}\nRule: Rule ${n}\nSeverity: High\nHost: ws-${n}\n`,
        }),
      ),
    )
  const analyst = await signedIn(desk, 'analyst', 'Nils Berg')
  for (const id of ids) {
    const page = (await apiAs(desk, analyst.cookie, 'GET', `/api/alerts/${id}`)) as unknown as { version: number }
    await apiAs(desk, analyst.cookie, 'POST', `/api/alerts/${id}/decision`, {
      outcome: 'false-alarm-nothing',
      reason: 'Nothing happened.',
      cites: [],
      withoutEvidence: true,
      version: page.version,
    })
  }
  ;({ cookie: auditor, token } = await signedIn(desk, 'auditor', 'Aud Berge'))
  await desk.running.settleLedger()
}, 600_000)

const sampleOf = async (params: URLSearchParams) =>
  (await apiAs(desk, auditor, 'GET', `/api/audit/sample?${params.toString()}`)) as unknown as AuditSample

const pageOfAuditor = () => pageWith(token)

test('the same seed and period give the same alerts, which anybody works out from the ids alone', async () => {
  const expectedWith = (seed: string) =>
    ids
      .map((id) => ({ id, key: createHash('sha256').update(`${seed}\n${id}`).digest('hex') }))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1))
  const sample = await sampleOf(query)
  expect(sample.population).toBe(6)
  expect(sample.rows.map(({ id, key }) => ({ id, key }))).toEqual(expectedWith(draw.seed).slice(0, 3))
  const other = await sampleOf(new URLSearchParams({ ...draw, seed: 'another', n: '6' }))
  expect(other.rows.map(({ id, key }) => ({ id, key }))).toEqual(expectedWith('another'))
  await apiAs(desk, auditor, 'POST', '/api/audit/sample', draw)
  const lines = await database.db.selectFrom('ledger_entry').select('leaf').where('kind', '=', 'audit.drawn').execute()
  expect(lines.map((line): unknown => JSON.parse(line.leaf))).toMatchObject([{ body: { ...draw, population: 6 } }])
})

test('a conclusion is an auditor’s alone, is kept for ever, and counts with n and an interval', async () => {
  const [first, second] = (await sampleOf(query)).rows
  const say = (cookie: string, id: string | undefined, conclusion: string, remark: string) =>
    apiAs(desk, cookie, 'POST', `/api/audit/alerts/${id}/remarks`, { draw, conclusion, remark })
  const lead = await signedIn(desk, 'lead')
  await expect(say(lead.cookie, first?.id, 'agree', '')).rejects.toThrow('403')
  await expect(say(auditor, first?.id, 'not-supported', ' ')).rejects.toThrow('400')
  await expect(say(auditor, crypto.randomUUID(), 'agree', '')).rejects.toThrow('404')
  await say(auditor, first?.id, 'not-supported', 'Nothing is cited.')
  await say(auditor, first?.id, 'agree', 'On a second look.')
  await say(auditor, second?.id, 'not-supported', 'Nothing is cited.')
  const { quality } = await sampleOf(query)
  expect(quality).toMatchObject({ supported: 1, of: 2, remarks: 0 })
  expect(quality.interval?.from).toBeCloseTo(0.0945, 3)
  expect(await database.db.selectFrom('audit_remark').select('id').execute()).toHaveLength(3)
})

test('the chain goes from the bytes to the leaves, each with its proof', async () => {
  const chain = (await apiAs(desk, auditor, 'GET', `/api/audit/alerts/${ids[0]}`)) as unknown as AuditChain
  expect(chain.messages).toHaveLength(1)
  expect(chain.messages[0]).toMatchObject({ accepted: true, reader: expect.any(String) })
  expect(chain.decision).toMatchObject({ outcome: 'false-alarm-nothing', withoutEvidence: true, byName: 'Nils Berg' })
  const placed = chain.leaves.filter((leaf) => leaf.index !== null)
  expect(placed.map((leaf) => leaf.kind)).toEqual(
    expect.arrayContaining(['message.received', 'alert.opened', 'decision.made']),
  )
  expect(placed.every((leaf) => leaf.proof.length > 0)).toBe(true)
  expect(placed.map(({ by, says }) => `${by} ${says}`)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^Counterfoil took in a message by http/),
      'Northwatch MDR opened this alert, their ticket NW-1',
      'Nils Berg decided this alert: False alarm: nothing happened, without evidence: “Nothing happened.”',
    ]),
  )
})

test('the bundle of a sample is verified without this server, by both verifiers', { timeout: 60_000 }, async () => {
  await desk.running.settleLedger()
  const response = await fetch(`${desk.origin}/api/audit/bundle?${query.toString()}`, { headers: { cookie: auditor } })
  expect(response.status).toBe(200)
  const text = await response.text()
  const { rows } = await sampleOf(query)
  for (const row of rows) expect(text).toContain(`alert:${row.id}`)
  expect(text).toContain('"attachment":"message"')
  const folder = await mkdtemp(path.join(tmpdir(), 'counterfoil-audit-'))
  const file = path.join(folder, 'sample.jsonl')
  await writeFile(file, text)
  for (const args of [
    ['src/cli.ts', 'audit', 'verify', file],
    ['tools/verify-export.mjs', file],
  ]) {
    const done = await endOf(args)
    expect(done.code, `${args[0]}: ${done.text}`).toBe(0)
  }
  await writeFile(file, text.replace('Nothing happened.', 'Something happened'))
  expect((await endOf(['tools/verify-export.mjs', file])).code).not.toBe(0)
  await rm(folder, { recursive: true })
})

test('the ledger says in words what happened, and what is recorded is one key away', { timeout: 60_000 }, async () => {
  const { page, context, problems } = await pageOfAuditor()
  await page.goto(`${desk.origin}/ledger`)
  const decided = page.locator('table.ledger tbody tr').filter({ hasText: 'decided A-6' })
  await decided.filter({ hasText: 'Nils Berg' }).waitFor()
  expect(await page.locator('table.ledger').innerText()).not.toMatch(/[{}]|decision\.made/)
  expect(await seriousIn(page)).toEqual([])
  await page.keyboard.press('v')
  await decided.filter({ hasText: 'decision.made' }).filter({ hasText: '"withoutEvidence": true' }).waitFor()
  expect(await seriousIn(page)).toEqual([])
  await page.keyboard.press('v')
  await page.locator('.record-raw').first().waitFor({ state: 'detached' })
  await page.goto(`${desk.origin}/alerts/${ids[0]}`)
  await page.locator('.alert-views').getByText('Ticket').click()
  await page.locator('.ticket-history li').filter({ hasText: 'Nils Berg decided this alert' }).waitFor()
  await page.keyboard.press('v')
  await page.locator('.ticket-history .record-raw').filter({ hasText: 'decision.made' }).waitFor()
  expect(problems).toEqual([])
  await context.close()
})

test('on the page: drawn, looked at, concluded', { timeout: 120_000 }, async () => {
  const { page, context, problems } = await pageOfAuditor()
  await page.goto(`${desk.origin}/ledger`)
  await page.getByRole('link', { name: 'Auditor’s room' }).click()
  await page.getByLabel('Seed').fill('dice')
  await page.getByRole('button', { name: 'Draw', exact: true }).click()
  await page.getByText('6 alerts of 6').waitFor()
  await page.locator('.audit-table a').first().click()
  await page.getByRole('button', { name: 'Keep the conclusion' }).waitFor()
  expect(await seriousIn(page)).toEqual([])
  await page.getByRole('button', { name: 'Keep the conclusion' }).click()
  await page.getByText('Kept, and on the ledger.').waitFor()
  expect(problems).toEqual([])
  await context.close()
})
