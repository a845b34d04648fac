import { beforeAll, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import type { AlertPage } from '../../src/contract/desk.ts'
import type { PlaybookPage, PlaybookRow } from '../../src/contract/playbooks.ts'
import type { Backtest, BacktestRow } from '../../src/model/backtest.ts'
import type { Mark, Run } from '../../src/model/playbook.ts'
import { addProvider, alertOf, post, signedIn, until } from '../desk.ts'
import { deskHere } from '../desk-here.ts'

const { desk } = await deskHere()
let analyst: string
let lead: string
let alertId: string

beforeAll(async () => {
  const key = await addProvider(desk)
  analyst = (await signedIn(desk, 'analyst', 'Kari Dahl')).cookie
  lead = (await signedIn(desk, 'lead', 'Ida Holm')).cookie
  const body = 'Ticket: NW-1\nRule: Beaconing\nSeverity: High\nHost: ws-1\nSource IP: 192.0.2.1\n'
  alertId = await alertOf(desk, await post(desk, key, { subject: '[NW-1] High: Beaconing', body }))
})

type Said<T> = { readonly status: number; readonly text: string; readonly body: T }
type RunPage = { readonly run: Run; readonly marks: readonly Mark[] }

async function call<T = Record<string, string>>(method: string, url: string, body?: unknown): Promise<Said<T>> {
  const response = await fetch(desk.origin + url, {
    method,
    headers: {
      cookie: analyst,
      origin: desk.origin,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = /^application\/(problem\+)?json/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, text, body: (isJson ? JSON.parse(text) : {}) as T }
}
const nobody = '00000000-0000-4000-8000-000000000000'

test('playbooks are listed with their frameworks, and one is shown step by step with the reason of each', async () => {
  const { playbooks } = (await call<{ playbooks: PlaybookRow[] }>('GET', '/api/playbooks')).body
  expect(playbooks.find((one) => one.id === 'malware-on-host')).toMatchObject({
    origin: 'file',
    csf: expect.arrayContaining(['RS.MI-01']),
    phases: expect.arrayContaining(['containment', 'recovery']),
  })
  const page = (await call<PlaybookPage>('GET', '/api/playbooks/provider-alert')).body
  expect(page.lastRuns).toMatchObject([{ alert: { id: alertId } }])
  expect(page.steps[0]).toMatchObject({ path: 'ask-context', csfTitle: 'Adverse Event Analysis' })
  expect((await call('GET', '/api/playbooks/no-such')).status).toBe(404)
})

test('a playbook is started by hand, worked through and cancelled', async () => {
  const start = (playbook: string, id = alertId) => call('POST', `/api/alerts/${id}/runs`, { playbook })
  const started = await start('lost-device')
  expect(started.status).toBe(200)
  const { runId } = started.body
  expect(await start('lost-device')).toMatchObject({ status: 409 })
  expect((await start('no-such')).status).toBe(404)
  expect((await start('lost-device', nobody)).status).toBe(404)
  const run = await until('the checklist', async () => {
    const { body } = await call<RunPage>('GET', `/api/runs/${runId}`)
    return body.run.journal.some((line) => line.state === 'waiting') ? body : null
  })
  const step = run.run.journal.at(-1)
  expect(step).toMatchObject({ path: 'lock', kind: 'checklist', csf: 'RS.MI-01' })
  const page = (await call<z.infer<typeof AlertPage>>('GET', `/api/alerts/${alertId}`)).body
  expect(page.runs.at(-1)?.step).toMatchObject({ title: 'Lock it now', why: expect.stringMatching(/does not wait/) })
  const mark = (body: object, id = runId) => call('POST', `/api/runs/${id}/marks`, { path: 'lock', note: '', ...body })
  expect((await mark({ itemId: 'call-back', state: 'done' })).status).toBe(200)
  expect((await mark({ itemId: 'remote-lock', state: 'not-done' })).status).toBe(400)
  expect((await mark({ itemId: 'no-such', state: 'done' })).status).toBe(404)
  expect((await mark({ itemId: 'call-back', state: 'done' }, nobody)).status).toBe(404)
  expect((await call<RunPage>('GET', `/api/runs/${runId}`)).body.marks).toMatchObject([
    { itemId: 'call-back', state: 'done', byName: 'Kari Dahl' },
  ])
  const cancel = (reason: string, id = runId) => call('POST', `/api/runs/${id}/cancel`, { reason })
  expect((await cancel(' ')).status).toBe(400)
  expect((await cancel('it was in the bag')).status).toBe(200)
  expect((await cancel('again')).status).toBe(409)
  expect((await cancel('x', nobody)).status).toBe(404)
  expect((await mark({ itemId: 'certificates', state: 'done' })).status).toBe(409)
})

test('indicators are looked up without an alert of a provider', async () => {
  const lookUp = (text: string, reason = 'seen in a report') =>
    call('POST', '/api/playbooks/ioc-enrichment/look-up', { text, reason })
  const { body, status } = await lookUp('203.0.113.99')
  expect(status).toBe(200)
  expect((await call<z.infer<typeof AlertPage>>('GET', `/api/alerts/${body.alertId}`)).body.alert).toMatchObject({
    title: 'Look up 203.0.113.99',
  })
  expect(await lookUp('no indicator')).toMatchObject({ status: 400, body: { details: [{ field: 'text' }] } })
  expect((await lookUp('203.0.113.99', '')).status).toBe(400)
})

test('a dry run asks for real and keeps nothing', async () => {
  const before = (await call<z.infer<typeof AlertPage>>('GET', `/api/alerts/${alertId}`)).body
  const dry = (alert: number) => call('POST', '/api/playbooks/provider-alert/dry-run', { alert })
  const { body } = await dry(before.alert.number)
  expect((await call<RunPage>('GET', `/api/runs/${body.runId}`)).body.run).toMatchObject({
    dryRun: true,
    state: 'done',
  })
  const after = (await call<z.infer<typeof AlertPage>>('GET', `/api/alerts/${alertId}`)).body
  expect(after.findings.length).toBe(before.findings.length)
  expect(await dry(99_999)).toMatchObject({ status: 400 })
})

test('a playbook comes in as CACAO, is started by hand, goes out as it came, and is removed', async () => {
  const asLead = async (method: string, url: string, body?: unknown) => {
    const before = analyst
    analyst = lead
    try {
      return await call(method, url, body)
    } finally {
      analyst = before
    }
  }
  const made = (n: number) => `00000000-0000-4000-8000-00000000000${n}`
  const document = {
    ...{ type: 'playbook', spec_version: 'cacao-2.0', id: `playbook--${made(1)}`, name: 'Unplug it' },
    ...{
      created_by: `identity--${made(2)}`,
      created: '2026-11-20T10:00:00.000Z',
      modified: '2026-11-20T10:00:00.000Z',
    },
    workflow_start: `start--${made(3)}`,
    workflow: {
      [`start--${made(3)}`]: { type: 'start', on_completion: `action--${made(4)}` },
      [`action--${made(4)}`]: {
        ...{ type: 'action', name: 'Unplug', on_completion: `end--${made(5)}`, agent: `group--${made(6)}` },
        commands: [{ type: 'bash', command: 'halt' }],
      },
      [`end--${made(5)}`]: { type: 'end' },
    },
    x_theirs: { kept: true },
  }
  const text = JSON.stringify(document, null, 1)
  expect((await call('POST', '/api/playbooks', { text })).status).toBe(403)
  const { body, status } = await asLead('POST', '/api/playbooks', { text })
  expect(status).toBe(200)
  const id = String(body['id'])
  expect((await call<PlaybookPage>('GET', `/api/playbooks/${id}`)).body).toMatchObject({
    row: { origin: 'imported', on: 'manual' },
    imported: { form: 'cacao' },
  })
  expect((await call('GET', `/api/playbooks/${id}/cacao`)).text).toBe(text)
  expect((await call('POST', `/api/alerts/${alertId}/runs`, { playbook: id })).status).toBe(200)
  const dangling = text.replace(`"on_completion": "end--${made(5)}"`, `"on_completion": "end--${made(9)}"`)
  expect(await asLead('POST', '/api/playbooks', { text: dangling })).toMatchObject({
    status: 400,
    body: { details: [{ field: 'cacao', says: expect.stringContaining('"Unplug"') }] },
  })
  const ours = (await call('GET', '/api/playbooks/unread/cacao')).text
  expect(await asLead('POST', '/api/playbooks', { text: ours })).toMatchObject({ status: 409 })
  expect((await asLead('DELETE', `/api/playbooks/${id}`)).status).toBe(200)
  expect((await asLead('DELETE', `/api/playbooks/${id}`)).status).toBe(404)
  expect((await asLead('DELETE', '/api/playbooks/unread')).status).toBe(404)
  expect((await call('GET', `/api/playbooks/${id}/cacao`)).status).toBe(404)
})

describe('a look back', () => {
  const ask = (body: object) => call('POST', '/api/backtests', { kind: 'playbook', days: 30, ...body })

  test('is asked, walked by a job, and each number opens to its list', async () => {
    const { body, status } = await ask({ playbook: 'provider-alert' })
    expect(status).toBe(200)
    const done = await until('the look back to end', async () => {
      const { body: one } = await call<Backtest>('GET', `/api/backtests/${body['id']}`)
      return one.state === 'done' ? one : null
    })
    expect(done).toMatchObject({ subject: 'provider-alert', askedBy: 'Kari Dahl', total: done.summary?.looked })
    const rows = async (query: string) =>
      (await call<{ rows: BacktestRow[] }>('GET', `/api/backtests/${body['id']}/rows?${query}`)).body.rows.length
    const { summary } = done
    expect(summary?.looked).toBeGreaterThan(0)
    expect(await rows('')).toBe(summary?.looked)
    expect(await rows('verdict=same')).toBe(summary?.same)
    expect(await rows('verdict=not-concerned')).toBe(summary?.notConcerned)
    expect(await rows('unrecorded=yes')).toBe(summary?.withUnrecorded)
    expect((await call('POST', `/api/backtests/${body['id']}/cancel`)).status).toBe(409)
    const list = (await call<{ backtests: Backtest[] }>('GET', '/api/backtests')).body.backtests
    expect(list.map((one) => one.id)).toContain(body['id'])
  })

  test('is refused for what is not there and for a text that is none', async () => {
    expect((await ask({ playbook: 'no-such' })).status).toBe(404)
    expect((await ask({})).status).toBe(400)
    expect((await ask({ playbook: 'provider-alert', days: 0 })).status).toBe(400)
    expect(await ask({ text: 'playbook: 1\nid: mine\n' })).toMatchObject({
      status: 400,
      body: { details: [{ field: 'text', says: expect.stringMatching(/^1:1 /) }] },
    })
    expect((await call('GET', `/api/backtests/${nobody}`)).status).toBe(404)
    expect((await call('GET', `/api/backtests/${nobody}/rows`)).status).toBe(404)
    expect((await call('POST', `/api/backtests/${nobody}/cancel`)).status).toBe(404)
  })
})
