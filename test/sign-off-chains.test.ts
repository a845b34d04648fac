import { beforeAll, expect, test } from 'vitest'
import type { OfficesPage } from '../src/contract/approvals.ts'
import type { PlaybookRow } from '../src/contract/playbooks.ts'
import { fixedClock } from '../src/kit/clock.ts'
import type { Run } from '../src/model/playbook.ts'
import { wakeExpired } from '../src/playbooks/wake.ts'
import { byLink, fiveAnswers, type Signer, signAs, signer } from './approval-desk.ts'
import type { FreshDatabase } from './database.ts'
import { alertOf, apiAs, type Desk, post, signedIn, until } from './desk.ts'
import { exportJudged } from './export-judged.ts'
import { approvalDesk } from './fresh-approval-desk.ts'
import { sayTo } from './release-desk.ts'

/** Stands still but where a test moves it: reminders and ends come when the tests say. */
const began = new Date()
const clock = fixedClock(began)

let database: FreshDatabase
let desk: Desk
let providerKey: string
let administrator: string
let lead: Signer
let dora: Signer
let lars: Signer
let olga: Signer
beforeAll(async () => {
  ;({ database, desk, providerKey } = await approvalDesk(
    `${fiveAnswers}
from:
  - title: HR
    people: ['office:hr']
  - title: Works council
    people: ['office:works-council']
    beside: true
  - title: Owner
    people: ['owner:asset']
    deputies: ['ticket:accountable']`,
    clock,
  ))
  administrator = (await signedIn(desk, 'administrator', 'Ada Admin')).cookie
  lead = await signer(desk, 'lead', 'Lena Lead', 'lena@halden.example')
  dora = await signer(desk, 'approver', 'Dora Data', 'dora@halden.example')
  lars = await signer(desk, 'approver', 'Lars Law', 'lars@halden.example')
  olga = await signer(desk, 'asset-owner', 'Olga Owner', 'olga@halden.example')
}, 600_000)

const officesPage = async () => (await apiAs(desk, administrator, 'GET', '/api/offices')) as unknown as OfficesPage
const put = (cookie: string, body: object) =>
  fetch(`${desk.origin}/api/offices`, {
    method: 'PUT',
    headers: { cookie, origin: desk.origin, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
const signOffOf = async (id: string) => {
  const { playbooks } = (await apiAs(desk, lead.cookie, 'GET', '/api/playbooks')) as unknown as {
    playbooks: PlaybookRow[]
  }
  return playbooks.find((playbook) => playbook.id === id)?.signOff ?? []
}
const run = async (alertId: string): Promise<Run> => {
  const { id } = await database.db
    .selectFrom('run')
    .select('id')
    .where('alert_id', '=', alertId)
    .executeTakeFirstOrThrow()
  return ((await apiAs(desk, lead.cookie, 'GET', `/api/runs/${id}`)) as unknown as { run: Run }).run
}
const waitsAt = (alertId: string, stepId: string): Promise<Run> =>
  until(`the run to wait at ${stepId}`, async () => {
    const now = await run(alertId)
    return now.journal.some((line) => line.stepId === stepId && line.state === 'waiting') ? now : null
  })
/** Does every item of the list that the run waits at. */
async function doList(alertId: string, stepId: string): Promise<void> {
  const { id, journal } = await waitsAt(alertId, stepId)
  const line = journal.find((one) => one.stepId === stepId)
  const { items } = (line?.input ?? { items: [] }) as { items: { id: string }[] }
  for (const item of items)
    await apiAs(desk, lead.cookie, 'POST', `/api/runs/${id}/marks`, {
      ...{ path: line?.path, itemId: item.id, state: 'done', note: '' },
    })
}
async function decide(alertId: string): Promise<void> {
  const { version } = (await apiAs(desk, lead.cookie, 'GET', `/api/alerts/${alertId}`)) as unknown as {
    version: number
  }
  const said = { outcome: 'incident', reason: 'The data left.', cites: [], withoutEvidence: true, version }
  await apiAs(desk, lead.cookie, 'POST', `/api/alerts/${alertId}/decision`, said)
}
const approvalOf = (alertId: string) =>
  until(
    'the approval',
    async () =>
      (await database.db.selectFrom('approval').selectAll().where('alert_id', '=', alertId).executeTakeFirst()) ?? null,
  )
const linkOf = async (id: string, who: Signer): Promise<string> =>
  ((await apiAs(desk, who.cookie, 'POST', `/api/approvals/${id}/link`)) as unknown as { token: string }).token
const isAsked = async (id: string, who: Signer) =>
  (await sayTo(desk, who.cookie, `/api/approvals/${id}/link`, {})).status === 200

let alerts = 0
async function alertAbout(title: string, fields: string): Promise<string> {
  alerts += 1
  const body = `Ticket: DL-${alerts}\nSeverity: High\n${fields}`
  return alertOf(desk, await post(desk, providerKey, { subject: `[DL-${alerts}] High: ${title}`, body }))
}
const leak = (host: string): Promise<string> =>
  alertAbout(
    `unusual upload from ${host}`,
    `Rule: Data exfiltration over HTTPS\nHost: ${host}\nSource IP: 192.0.2.30\nTechnique: T1567.002\n`,
  )
const malware = (host: string): Promise<string> =>
  alertAbout(`Infostealer on ${host}`, `Rule: Infostealer executed\nHost: ${host}\nTechnique: T1204.002\n`)
const asset = (name: string, criticality: string): Promise<unknown> =>
  apiAs(desk, lead.cookie, 'PUT', `/api/assets/${name}`, {
    ...{ source: 'cmdb', name, ownerEmail: olga.email, criticality },
  })

test('a role that nobody holds is said before any run: on the playbook, on the page of offices, by the name of what to do', async () => {
  const page = await officesPage()
  expect(Object.keys(page.offices)).toEqual(['dpo', 'hr', 'legal'])
  expect(page.uses['dpo']?.toSorted()).toEqual([
    'A phishing mail was reported',
    'A suspicious sign-in',
    'Data is leaving',
  ])
  // Those that come along have deputies, who would be asked at once; one of our own has none, and would stop.
  const leaving = await signOffOf('data-leaving')
  expect(leaving.map(({ place, stops }) => [place, stops])).toEqual([
    ['Data protection', false],
    ['Legal', false],
  ])
  expect(leaving[0]?.says).toMatch(
    /^nobody holds the office Data protection officer \(Settings, Sign-off\); asked at once instead: /,
  )
  const isolate = await signOffOf('isolate')
  expect(isolate.map(({ place, says, stops }) => ({ place, says, stops }))).toEqual([
    { place: 'HR', says: '1 must sign and 0 can; nobody holds the office HR (Settings, Sign-off)', stops: true },
    {
      place: 'Works council',
      says: '1 must sign and 0 can; there is no office "works-council" (Settings, Sign-off)',
      stops: true,
    },
  ])
  expect((await officesPage()).problems.filter(({ stops }) => stops).map(({ playbook }) => playbook)).toEqual([
    'isolate',
    'isolate',
  ])
})

test('an administrator says who holds an office: people who may sign, in the ledger, and nobody overwrites another', async () => {
  const { offices, version } = await officesPage()
  const named = {
    dpo: { ...offices['dpo'], people: [dora.email], deputies: [lena()] },
    hr: { ...offices['hr'], people: [lars.email] },
    legal: { ...offices['legal'], people: [lars.email] },
    'works-council': { title: 'Works council', people: [dora.email], deputies: [] },
  }
  expect((await put(lead.cookie, { offices: named, version })).status).toBe(403)
  const stranger = { ...named, hr: { ...named.hr, people: ['nobody@halden.example'] } }
  const refused = await put(administrator, { offices: stranger, version })
  expect(refused.status).toBe(400)
  expect(await refused.text()).toContain('nobody@halden.example has no open account here that may sign')
  expect((await put(administrator, { offices: named, version })).status).toBe(200)
  expect((await put(administrator, { offices: named, version })).status).toBe(409)
  const line = await database.db
    .selectFrom('ledger_entry')
    .select('leaf')
    .where('kind', '=', 'setting.changed')
    .orderBy('at', 'desc')
    .executeTakeFirstOrThrow()
  expect(line.leaf).toContain('"people":["dora@halden.example"]')
  expect([await signOffOf('data-leaving'), await signOffOf('isolate')]).toEqual([[], []])
  // In the settings as a file, too, with the way there and back.
  const { yaml } = (await apiAs(desk, administrator, 'GET', '/api/config')) as unknown as { yaml: string }
  expect(yaml).toContain('works-council:')
  const without = yaml.replace(/ {4}works-council:\n(?: {6}.*\n)+/, '')
  const diff = (await apiAs(desk, administrator, 'POST', '/api/config/diff', { yaml: without })) as unknown as {
    base: string
    changes: { path: string }[]
  }
  expect(diff.changes.map(({ path }) => path)).toContain('settings.offices.works-council.title')
  await apiAs(desk, administrator, 'POST', '/api/config/apply', { yaml: without, base: diff.base })
  expect(Object.keys((await officesPage()).offices)).not.toContain('works-council')
  await apiAs(desk, administrator, 'POST', '/api/config/versions/1/rollback', {
    base: ((await apiAs(desk, administrator, 'GET', '/api/config')) as unknown as { digest: string }).digest,
  })
  expect(Object.keys((await officesPage()).offices)).toContain('works-council')
  // Who leaves is missed at once.
  const her = database.db.updateTable('app_user').where('id', '=', dora.id)
  await her.set({ disabled: true }).execute()
  const missed = (await signOffOf('data-leaving'))[0]?.says
  await her.set({ disabled: false }).execute()
  expect(missed).toMatch(/^no open account that may sign: dora@halden.example; asked at once instead: /)
})
const lena = () => lead.email

test('data leaves: data protection and legal are asked side by side, then the owner of the machine; three passkeys sign, and both verifiers say so', async () => {
  await apiAs(desk, lead.cookie, 'PUT', '/api/assets/pay-9', { source: 'cmdb', name: 'pay-9', ownerEmail: olga.email })
  const alertId = await leak('pay-9')
  await decide(alertId)
  await doList(alertId, 'stop')
  await doList(alertId, 'assess')
  await waitsAt(alertId, 'who-is-told')
  const approval = await approvalOf(alertId)
  expect(approval.rule).toContain(
    'Data protection: 1 of office:dpo; beside it Legal: 1 of office:legal; then Business owner',
  )
  expect([
    await isAsked(approval.id, dora),
    await isAsked(approval.id, lars),
    await isAsked(approval.id, olga),
  ]).toEqual([true, true, false])
  // The later of the two first: neither waits for the other.
  expect(await signAs(desk, await linkOf(approval.id, lars), lars.key)).toBe(200)
  const doras = await linkOf(approval.id, dora)
  const page = (await byLink(desk, 'GET', doras)).json
  expect(page.approval?.places.map(({ title, signed, now }) => [title, signed, now])).toEqual([
    ['Data protection', 0, true],
    ['Legal', 1, true],
    ['Business owner', 0, false],
  ])
  expect(await isAsked(approval.id, olga)).toBe(false)
  expect(await signAs(desk, doras, dora.key)).toBe(200)
  expect(await isAsked(approval.id, olga)).toBe(true)
  expect(await signAs(desk, await linkOf(approval.id, olga), olga.key)).toBe(200)
  await doList(alertId, 'tell')
  const ended = await waitsAt(alertId, 'wait-release')
  const states = Object.fromEntries(ended.journal.map(({ stepId, state }) => [stepId, state]))
  expect(states).toMatchObject({ 'who-is-told': 'done', tell: 'done', 'told-nobody': 'skipped', 'call-dpo': 'skipped' })
  const judged = await exportJudged(desk)
  expect(judged.product).toMatchObject({ ok: true, approvals: 3, problems: [] })
  expect(judged.script).toContain('It holds.')
  expect(judged.script).toContain('3 signed approvals')
})

test('malware on what the business stands on: its owner signs before it goes off the network, and what stops no work does not wait for that', async () => {
  await asset('pay-10', 'critical')
  const alertId = await malware('pay-10')
  await decide(alertId)
  const before = await waitsAt(alertId, 'contain-around')
  expect(before.playbookId).toBe('malware-on-host')
  await doList(alertId, 'contain-around')
  await waitsAt(alertId, 'may-isolate')
  const approval = await approvalOf(alertId)
  expect([await isAsked(approval.id, olga), await isAsked(approval.id, dora)]).toEqual([true, false])
  expect(approval.matter).toMatchObject({
    what: expect.stringMatching(/^Take pay-10 off the network \(A-\d+\)$/),
    about: expect.stringContaining('critical'),
  })
  const no = { verdict: 'refuse' as const, reason: 'Wages are paid until six.' }
  expect(await signAs(desk, await linkOf(approval.id, olga), olga.key, no)).toBe(200)
  const after = await waitsAt(alertId, 'keep-on')
  const states = Object.fromEntries(after.journal.map(({ stepId, state }) => [stepId, state]))
  expect(states).toMatchObject({ contain: 'skipped', 'contain-around': 'done', isolate: 'skipped' })
})

test('malware on a machine that matters little, or that no list knows, goes off the network without anybody’s signature', async () => {
  await asset('lab-3', 'low')
  for (const host of ['lab-3', 'nobodys-4']) {
    const alertId = await malware(host)
    await decide(alertId)
    const { journal } = await waitsAt(alertId, 'contain')
    const { items } = (journal.find(({ stepId }) => stepId === 'contain')?.input ?? {}) as { items: { text: string }[] }
    const said = items.some(({ text }) => text.includes('No list says what it is for'))
    expect([host, said]).toEqual([host, host === 'nobodys-4'])
    await doList(alertId, 'contain')
    await waitsAt(alertId, 'clean')
  }
})

test('a phishing mail that was followed: no mailbox is searched before data protection signs, and without it that is written down', async () => {
  const alertId = await alertAbout('User followed a phishing mail', 'Rule: Phishing reported\nUser: mmuster\n')
  await decide(alertId)
  await doList(alertId, 'take-out')
  await doList(alertId, 'clicked')
  await waitsAt(alertId, 'may-search')
  const approval = await approvalOf(alertId)
  expect(await isAsked(approval.id, dora)).toBe(true)
  const no = { verdict: 'refuse' as const, reason: 'Ask those who got it first.' }
  expect(await signAs(desk, await linkOf(approval.id, dora), dora.key, no)).toBe(200)
  const after = await waitsAt(alertId, 'not-searched')
  expect(after.journal.find(({ stepId }) => stepId === 'search-all')?.state).toBe('skipped')
})

test('of places side by side one no ends it, and what the other one was asked is over', async () => {
  alerts += 1
  const body = `Ticket: DL-${alerts}\nRule: Beaconing\nSeverity: Critical\nHost: pay-9\nSource IP: 192.0.2.1\n`
  const messageId = await post(desk, providerKey, { subject: `[DL-${alerts}] Critical: Beaconing`, body })
  const alertId = await until('the alert', async () => {
    const row = await database.db
      .selectFrom('message')
      .select('alert_id')
      .where('id', '=', messageId)
      .executeTakeFirst()
    return row?.alert_id
  })
  const approval = await approvalOf(alertId)
  const hrs = await linkOf(approval.id, lars)
  const councils = await linkOf(approval.id, dora)
  const no = { verdict: 'refuse' as const, reason: 'Not without the council’s chair.' }
  expect(await signAs(desk, councils, dora.key, no)).toBe(200)
  expect((await byLink(desk, 'GET', hrs)).json.state).toBe('over')
  expect(await signAs(desk, hrs, lars.key)).toBe(410)
  await waitsAt(alertId, 'watched')
})

test('an owner who does not answer in half an hour: the machine goes off the network, as was announced', async () => {
  await asset('pay-11', 'high')
  const alertId = await malware('pay-11')
  await decide(alertId)
  await doList(alertId, 'contain-around')
  await waitsAt(alertId, 'may-isolate')
  expect((await approvalOf(alertId)).expires_at).toEqual(new Date(clock.now().getTime() + 30 * 60_000))
  clock.set(new Date(clock.now().getTime() + 30 * 60_000))
  await wakeExpired(database.db, clock.now())
  const { journal } = await waitsAt(alertId, 'isolate')
  expect(journal.find(({ stepId }) => stepId === 'may-isolate')?.state).toBe('timed-out')
})

test('nobody signs: at the end of the time the run does what was announced, and where no owner is known their deputies are asked', async () => {
  const alertId = await leak('somebody-elses-7')
  await decide(alertId)
  await doList(alertId, 'stop')
  await doList(alertId, 'assess')
  await waitsAt(alertId, 'who-is-told')
  const approval = await approvalOf(alertId)
  const owners = await database.db
    .selectFrom('approval_seat')
    .select(['user_id', 'deputy'])
    .where('approval_id', '=', approval.id)
    .where('place', '=', 2)
    .execute()
  expect(owners.every(({ deputy }) => deputy)).toBe(true)
  expect(owners.map(({ user_id }) => user_id)).toContain(lead.id)
  clock.set(new Date(clock.now().getTime() + 2 * 24 * 3_600_000))
  await wakeExpired(database.db, clock.now())
  await until('the announced list', async () => {
    const row = await database.db
      .selectFrom('step')
      .select('state')
      .where('run_id', '=', approval.run_id ?? '')
      .where('step_id', '=', 'call-dpo')
      .executeTakeFirst()
    return row?.state === 'waiting'
  })
})
