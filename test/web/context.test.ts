import { Readable } from 'node:stream'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ListNoun } from '../../src/model/list.ts'
import { importList } from '../../src/playbooks/import-list.ts'
import { seriousIn } from '../axe.ts'
import { startBrowser } from '../browser.ts'
import { addProvider, alertOf, post, signedIn } from '../desk.ts'
import { deskHere, openWith } from '../desk-here.ts'

const { database, desk } = await deskHere()
let lead: string
let token: string
let analyst: string

const take = (noun: ListNoun, source: string, csv: string, asOf = '2026-10-01') =>
  importList(database.db, {
    ...{ noun, source, by: 'user:test', clock: desk.running.house.clock, asOf: new Date(asOf) },
    stream: Readable.from([Buffer.from(csv)]),
  })

beforeAll(async () => {
  ;({ cookie: lead, token } = await signedIn(desk, 'lead', 'Kari Dahl'))
  analyst = (await signedIn(desk, 'analyst', 'Bo Ek')).cookie
  await take(
    'assets',
    'cmdb',
    `id,name,ip,owner,owner mail,criticality,site,role\n1,PAY-01,192.0.2.7,Ada Meyer,ada@example.com,high,Oslo,Payroll\n`,
  )
  await take(
    'assets',
    'scan',
    'name,ip,criticality,software\npay-01.corp.example,192.0.2.7,low,cpe:2.3:o:example:os:1:*:*:*:*:*:*:*\n',
    '2026-10-20',
  )
  const many = Array.from({ length: 250 }, (_, at) => `bulk-${String(at).padStart(3, '0')},10.0.0.${at}`).join('\n')
  await take('assets', 'bulk', `name,ip\n${many}\n`)
  await take('people', 'hr', 'id,name,mail,login\n7,Ada Meyer,ada@example.com,CORP\\ameyer\n')
  await take('networks', 'ipam', 'cidr,name,site\n192.0.2.0/24,Servers,Oslo\n10.0.0.0/8,All,\n')
  await take('leases', 'dhcp', 'ip,from,to,host\n10.0.4.7,2026-09-01 08:00,2026-09-01 16:00,PAY-01\n')
})

async function call(method: string, url: string, body?: unknown, cookie = lead) {
  const response = await fetch(desk.origin + url, {
    method,
    headers: { cookie, origin: desk.origin, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
type Listed = { rows: { entity: string; conflicts?: number }[]; next: string | null; sources: string[] }
const list = async (query: string) => (await call('GET', `/api/assets?${query}`)).body as unknown as Listed
const entity = encodeURIComponent('pay-01.corp.example')

describe('assets', () => {
  test('a page after the other, every asset once', async () => {
    const seen: string[] = []
    let after: string | null = ''
    while (after !== null) {
      const page: Listed = await list(`after=${encodeURIComponent(after)}`)
      seen.push(...page.rows.map((row) => row.entity))
      after = page.next
    }
    expect(seen).toHaveLength(251)
    expect(new Set(seen).size).toBe(251)
  })

  test.each([
    ['q=payroll', 1],
    ['q=ada', 1],
    ['q=192.0.2.7', 1],
    ['q=192.0.2.70', 0],
    ['q=10.0.0.0%2F28', 16],
    ['q=BULK-00', 10],
    ['source=scan', 1],
    ['criticality=low', 1],
    ['site=Oslo', 1],
    ['q=%25', 0],
  ])('%s finds %i', async (query, n) => {
    expect((await list(query)).rows).toHaveLength(n)
  })

  test('one asset: facts with their sources, addresses over time, and who contradicts whom', async () => {
    const { body } = await call('GET', `/api/assets/${entity}`)
    expect(body).toMatchObject({
      sources: ['scan', 'cmdb'],
      asset: { name: 'pay-01.corp.example', aliases: ['pay-01'], owner: 'Ada Meyer', criticality: 'low' },
      leases: [{ address: '10.0.4.7', from: '2026-09-01T08:00:00.000Z', source: 'dhcp' }],
    })
    const facts = body['facts'] as { field: string; conflict: boolean; says: unknown[] }[]
    expect(facts.filter((fact) => fact.conflict).map((fact) => fact.field)).toEqual(['criticality'])
    expect((await call('GET', '/api/assets/nobody')).status).toBe(404)
  })

  test('the order of sources is set, and counts at once', async () => {
    expect((await call('PUT', '/api/source-precedence', { precedence: ['cmdb'] }, analyst)).status).toBe(403)
    expect((await call('PUT', '/api/source-precedence', { precedence: ['cmdb', 'cmdb'] })).status).toBe(200)
    expect((await call('GET', '/api/source-precedence')).body).toEqual({
      precedence: ['cmdb'],
      sources: ['bulk', 'cmdb', 'hr', 'scan'],
    })
    expect((await call('GET', `/api/assets/${entity}`)).body).toMatchObject({ asset: { criticality: 'high' } })
  })

  test('an analyst sets a fact and gives it back; a wrong one is refused with its field', async () => {
    const patch = (body: object, id = entity) => call('PATCH', `/api/assets/${id}`, body, analyst)
    expect((await patch({ field: 'criticality', value: 'critical', note: 'Salaries' })).status).toBe(200)
    expect((await call('GET', `/api/assets/${entity}`)).body).toMatchObject({
      asset: { criticality: 'critical' },
      edits: [
        { field: 'criticality', before: 'high', after: 'critical', by: 'Bo Ek', note: 'Salaries', givenBack: false },
      ],
    })
    expect(await patch({ field: 'criticality', value: 'enormous' })).toMatchObject({
      status: 400,
      body: { details: [{ field: 'value' }] },
    })
    expect(await patch({ field: 'colour', value: 'red' })).toMatchObject({
      status: 400,
      body: { details: [{ field: 'field' }] },
    })
    expect((await patch({ field: 'role', value: 'x' }, 'nobody')).status).toBe(404)
    expect((await patch({ field: 'criticality' })).status).toBe(200)
    expect((await call('GET', `/api/assets/${entity}`)).body).toMatchObject({ asset: { criticality: 'high' } })
  })

  test('one asset is put by its id in its source; "manual" is not a source', async () => {
    const put = (body: object, cookie = lead) => call('PUT', '/api/assets/i-77', body, cookie)
    expect((await put({ name: 'web-77.example.com' }, analyst)).status).toBe(403)
    expect((await put({ name: 'web-77.example.com', source: 'manual' })).status).toBe(400)
    expect((await put({ name: 'web-77.example.com', asOf: '2099-01-01T00:00:00.000Z' })).status).toBe(400)
    expect((await put({ role: 'no name' })).status).toBe(400)
    expect(await put({ name: 'web-77.example.com', source: 'cloud', tags: ['blue'] })).toMatchObject({
      status: 200,
      body: { entity: 'web-77.example.com' },
    })
    const { rows, sources } = await list('source=cloud')
    expect(rows).toMatchObject([{ entity: 'web-77.example.com', asset: { tags: ['blue'] } }])
    expect(sources).toContain('cloud')
  })

  test('the alerts in which an asset stands are on its page', async () => {
    const key = await addProvider(desk)
    const body =
      'Ticket: NW-1\nRule: Beaconing\nSeverity: High\nHost: PAY-01\nSource IP: 192.0.2.7\n\nIs this expected?\n'
    const id = await alertOf(desk, await post(desk, key, { subject: '[NW-1] High: Beaconing', body }))
    expect((await call('GET', `/api/assets/${entity}`)).body).toMatchObject({ alerts: [{ id, outcome: null }] })
  })
})

test('what is written on the page of a machine or a person stands on a later alert about it, and its end on the page', async () => {
  const ada = encodeURIComponent('ada@example.com')
  expect((await call('GET', `/api/people/${ada}`)).body).toMatchObject({
    noteNames: ['ameyer', 'corp\\ameyer', 'ada@example.com'],
    notes: [],
  })
  const write = async (about: string, text: string) =>
    String((await call('POST', '/api/notes', { about, text }, analyst)).body['id'])
  const machine = await write('192.0.2.7', 'Backs up at night.')
  const person = await write('ameyer', 'Works from Lima this month.')
  const key = await addProvider(desk)
  const body = 'Ticket: NW-2\nRule: Odd\nSeverity: Low\nHost: pc-1\nUser: CORP\\ameyer\nSource IP: 192.0.2.7\n'
  const id = await alertOf(desk, await post(desk, key, { subject: '[NW-2] Low: Odd', body }))
  const { body: memory } = await call('GET', `/api/alerts/${id}/memory`)
  expect((memory as { notes: { id: string }[] }).notes.map((note) => note.id).sort()).toEqual([machine, person].sort())
  expect((await call('POST', `/api/notes/${machine}/remove`, { alertId: null })).status).toBe(200)
  expect((await call('GET', `/api/assets/${entity}`)).body).toMatchObject({
    notes: [{ id: machine, text: 'Backs up at night.', byName: 'Bo Ek', removed: { byName: 'Kari Dahl' } }],
  })
  expect((await call('GET', `/api/people/${ada}`)).body).toMatchObject({ notes: [{ id: person, removed: null }] })
})

test('people and networks are shown with what belongs to them', async () => {
  expect((await call('GET', '/api/people?q=ameyer')).body).toMatchObject({
    rows: [{ entity: 'ada@example.com', away: null }],
    next: null,
  })
  expect((await call('GET', `/api/people/${encodeURIComponent('ada@example.com')}`)).body).toMatchObject({
    person: { name: 'Ada Meyer' },
    assets: [{ entity: 'pay-01.corp.example' }],
  })
  expect(
    (await call('PATCH', `/api/people/${encodeURIComponent('ada@example.com')}`, { field: 'deputy', value: 'Bo Ek' }))
      .status,
  ).toBe(200)
  expect((await call('PUT', '/api/people/8', { name: 'Cy Dunn', email: 'cy@example.com' })).body).toEqual({
    entity: 'cy@example.com',
  })
  expect((await call('GET', '/api/networks')).body).toMatchObject({
    networks: [
      { network: { cidr: '10.0.0.0/8' }, assets: 250 },
      { network: { cidr: '192.0.2.0/24', name: 'Servers' }, assets: 1 },
    ],
    sites: [{ site: 'Oslo', assets: 1, networks: 1 }],
  })
})

test('the calendar takes an entry, shows it, and gives it back', async () => {
  const entry = {
    kind: 'pentest',
    title: 'Scan',
    from: '2026-11-04T08:00:00.000Z',
    to: '2026-11-04T10:00:00.000Z',
    origins: ['198.51.100.0/28'],
  }
  const between = '/api/calendar?from=2026-11-04T00:00:00.000Z&to=2026-11-05T00:00:00.000Z'
  expect((await call('PUT', '/api/calendar/x1', { ...entry, origins: ['here'] })).body).toMatchObject({
    details: [{ field: 'origins' }],
  })
  expect((await call('PUT', '/api/calendar/x1', { ...entry, to: '2026-11-04T07:00:00.000Z' })).status).toBe(400)
  expect((await call('PUT', '/api/calendar/x1', entry, analyst)).status).toBe(200)
  expect((await call('GET', between)).body).toMatchObject({ entries: [{ id: 'x1', source: 'manual' }], more: false })
  expect((await call('DELETE', '/api/calendar/x1')).status).toBe(200)
  expect((await call('DELETE', '/api/calendar/x1')).status).toBe(404)
  expect((await call('GET', between)).body).toMatchObject({ entries: [] })
})

test('the pages work by mouse and pass axe: search, a fact set and undone, something planned', async () => {
  const browser = await startBrowser()
  try {
    const { page, context, problems } = await openWith(browser, desk, token)
    await page.goto(`${desk.origin}/context/assets`)
    await page.getByRole('textbox', { name: 'Search assets' }).fill('payroll')
    await page.waitForURL(/q=payroll/)
    expect(await seriousIn(page)).toEqual([])
    await page.getByRole('link', { name: 'PAY-01' }).click()
    await page.getByRole('button', { name: 'Change: Site' }).click()
    await page.getByRole('textbox', { name: 'Site' }).fill('Bergen')
    await page.getByRole('button', { name: 'Set by hand' }).click()
    await page.getByText('Site: Oslo → Bergen').waitFor()
    expect(await seriousIn(page)).toEqual([])
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('Site: given back to the sources').waitFor()
    const notes = page.getByRole('region', { name: 'Notes' })
    await notes.getByRole('button', { name: 'Write a note…' }).click()
    await page.getByLabel('What everybody should know').fill('Rebooted every Sunday night.')
    expect(await seriousIn(page)).toEqual([])
    await page.getByRole('button', { name: 'Write it' }).click()
    await notes.getByText('Rebooted every Sunday night.').waitFor()
    await notes.getByRole('button', { name: 'Take it away' }).click()
    await notes.getByText(/^Kari Dahl, .*taken away by Kari Dahl/).waitFor()
    expect(await seriousIn(page)).toEqual([])
    await page.goto(`${desk.origin}/context/calendar?from=2026-11-02`)
    await page.getByRole('button', { name: 'Enter something planned' }).click()
    await page.getByRole('textbox', { name: 'What', exact: true }).fill('Switch replaced')
    await page.getByRole('textbox', { name: 'From (UTC)' }).fill('2026-11-05 20:00')
    await page.getByRole('textbox', { name: 'To (UTC)' }).fill('2026-11-05 22:00')
    expect(await seriousIn(page)).toEqual([])
    await page.getByRole('button', { name: 'Put into the calendar' }).click()
    await page.getByRole('cell', { name: 'Switch replaced' }).waitFor()
    await page.getByRole('button', { name: 'Remove' }).click()
    await page.getByText('is no longer planned').waitFor()
    expect(problems).toEqual([])
    await context.close()
  } finally {
    await browser.close()
  }
}, 120_000)

test('a list whose columns nobody can guess is mapped by hand on the page; a broken file says what is wrong with it', async () => {
  const browser = await startBrowser()
  try {
    const { page, context, problems } = await openWith(browser, desk, token, { viewport: { width: 390, height: 844 } })
    await page.goto(`${desk.origin}/context/lists`)
    const choose = (file: string, text: string) =>
      page
        .locator('section', { has: page.getByRole('heading', { name: 'Asset list' }) })
        .locator('input[type=file]')
        .setInputFiles({ name: file, mimeType: 'text/csv', buffer: Buffer.from(text) })
    await choose('half.csv', 'name,owner\nsrv,Ada\n"web,Bo')
    await page.getByText('line 3 opens a quote that nothing closes').waitFor()
    expect(await page.getByRole('button', { name: /^Take/ }).count()).toBe(0)
    await choose('odd.csv', 'Kiste,Wem gehört sie,Preis\nbox-1,Ada Meyer,7\n')
    await page.getByText('Columns that fill nothing: Kiste, Wem gehört sie, Preis').waitFor()
    await page.getByText('0 of 1 row can be taken').waitFor()
    await page.getByRole('combobox', { name: 'Name', exact: true }).click()
    await page.getByRole('option', { name: 'Kiste' }).click()
    await page.getByText('1 of 1 row can be taken').waitFor()
    expect(await seriousIn(page)).toEqual([])
    expect(problems).toEqual([])
    await context.close()
  } finally {
    await browser.close()
  }
}, 120_000)
