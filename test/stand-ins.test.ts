import { beforeAll, beforeEach, expect, test } from 'vitest'
import type { ApprovalRow, OfficesPage } from '../src/contract/approvals.ts'
import { saveEntry } from '../src/db/calendar.ts'
import { systemClock } from '../src/kit/clock.ts'
import { CalendarEntry } from '../src/model/calendar.ts'
import type { Offices } from '../src/model/office.ts'
import { standInForAway } from '../src/playbooks/approvals/watch-absences.ts'
import { byLink, fiveAnswers, type Signer, signAs, signer } from './approval-desk.ts'
import type { FreshDatabase } from './database.ts'
import { apiAs, type Desk, post, signedIn, until } from './desk.ts'
import { exportJudged } from './export-judged.ts'
import { approvalDesk } from './fresh-approval-desk.ts'
import { noticeTexts } from './notice-texts.ts'
import { sayTo } from './release-desk.ts'

let database: FreshDatabase
let desk: Desk
let providerKey: string
let administrator: string
let dora: Signer
let hugo: Signer
let eva: Signer
let dan: Signer
beforeAll(async () => {
  ;({ database, desk, providerKey } = await approvalDesk(`${fiveAnswers}
from:
  - title: HR
    people: ['office:hr']
  - title: Data protection
    people: ['office:dpo']
    beside: true`))
  administrator = (await signedIn(desk, 'administrator', 'Ada Admin')).cookie
  dora = await signer(desk, 'approver', 'Dora Data', 'dora@halden.example')
  hugo = await signer(desk, 'approver', 'Hugo Human', 'hugo@halden.example')
  eva = await signer(desk, 'approver', 'Eva Else', 'eva@halden.example')
  dan = await signer(desk, 'approver', 'Dan Deputy', 'dan@halden.example')
}, 600_000)
beforeEach(async () => {
  await database.db.deleteFrom('calendar_entry').execute()
  await database.db.deleteFrom('person').execute()
  // Eva stands before Dan, whatever their names say.
  await hold({ hr: [[hugo], []], dpo: [[dora], [eva, dan]] })
})

const officesPage = async () => (await apiAs(desk, administrator, 'GET', '/api/offices')) as unknown as OfficesPage
/** Who holds HR and data protection, and who stands in. */
async function hold(by: { readonly [office in 'hr' | 'dpo']: readonly [readonly Signer[], readonly Signer[]] }) {
  const { offices, version } = await officesPage()
  const named: Offices = { ...offices }
  for (const [id, [people, deputies]] of Object.entries(by)) {
    const [mails, others] = [people, deputies].map((some) => some.map(({ email }) => email))
    named[id] = { title: id === 'hr' ? 'HR' : 'Data protection officer', people: mails ?? [], deputies: others ?? [] }
  }
  await apiAs(desk, administrator, 'PUT', '/api/offices', { offices: named, version })
}
const hour = 3_600_000
async function goneAway(person: string, deputy: string | null = null): Promise<string> {
  const [from, to] = [-hour, 48 * hour].map((by) => new Date(Date.now() + by).toISOString())
  const entry = { id: `away-${person}`, kind: 'absence', title: 'Holidays', from, to, person, deputy }
  await saveEntry(database.db, CalendarEntry.parse(entry), 'user:1', systemClock)
  return entry.to ?? ''
}
const problems = async () =>
  (await officesPage()).problems
    .filter(({ playbook }) => playbook === 'isolate')
    .map(({ place, says }) => [place, says])

let alerts = 0
async function asked() {
  alerts += 1
  const body = `Ticket: NW-${alerts}\nRule: Beaconing ${alerts}\nSeverity: Critical\nHost: pay-${alerts}\nSource IP: 192.0.2.1\n`
  const messageId = await post(desk, providerKey, { subject: `[NW-${alerts}] Critical: Beaconing`, body })
  return until('the approval', () =>
    database.db
      .selectFrom('approval')
      .innerJoin('message', 'message.alert_id', 'approval.alert_id')
      .selectAll('approval')
      .where('message.id', '=', messageId)
      .executeTakeFirst(),
  )
}
type Asked = Awaited<ReturnType<typeof asked>>
const linkOf = async (who: Signer, { id }: Asked): Promise<string> =>
  ((await apiAs(desk, who.cookie, 'POST', `/api/approvals/${id}/link`)) as unknown as { token: string }).token
const isAsked = async (who: Signer, { id }: Asked) => {
  const { approvals } = (await apiAs(desk, who.cookie, 'GET', '/api/approvals')) as unknown as {
    approvals: ApprovalRow[]
  }
  const listed = approvals.some((approval) => approval.id === id)
  const { status } = await sayTo(desk, who.cookie, `/api/approvals/${id}/link`, {})
  expect(status).toBe(listed ? 200 : 404)
  return listed
}
const whoIsAsked = async (approval: Asked) =>
  Promise.all([dora, hugo, eva, dan].map((who) => isAsked(who, approval))).then((some) =>
    ['dora', 'hugo', 'eva', 'dan'].filter((_name, n) => some[n]),
  )
const records = async ({ id }: Asked, kind: string) =>
  (
    await database.db
      .selectFrom('ledger_entry')
      .select('leaf')
      .where('subject', '=', `approval:${id}`)
      .where('kind', '=', kind)
      .orderBy('at')
      .execute()
  ).map(({ leaf }) => (JSON.parse(leaf) as { body: Record<string, unknown> }).body)
const statementsOf = async (approval: Asked) =>
  (await records(approval, 'approval.signed')).map(
    ({ statement }) => JSON.parse(String(statement)) as { who: Record<string, unknown> },
  )
const stateOf = async ({ id }: Asked) =>
  (await database.db.selectFrom('approval').select('state').where('id', '=', id).executeTakeFirstOrThrow()).state

test('who becomes absent after being asked is stood in for as soon as the calendar says so, and once', async () => {
  const approval = await asked()
  expect(await whoIsAsked(approval)).toEqual(['dora', 'hugo'])
  const to = await goneAway('dora@halden.example', 'Dan Deputy')
  const look = () => standInForAway(desk.running.house)
  await Promise.all([look(), look()])
  await look()
  expect(await whoIsAsked(approval)).toEqual(['dora', 'hugo', 'dan'])
  expect(await records(approval, 'approval.stood-in')).toMatchObject([
    { users: [dan.id], for: [dora.id], until: [to], entries: ['manual/away-dora@halden.example'] },
  ])
  expect((await noticeTexts(database.db, 'approval', dan.email)).at(-1)).toContain('for Dora Data, who is away')
})

test('an office holder who is away: the deputy whom the calendar names is asked at once, and signature, mail, page and ledger say for whom', async () => {
  const to = await goneAway('dora@halden.example', 'Dan Deputy')
  expect(await problems()).toEqual([])
  const approval = await asked()
  expect(await whoIsAsked(approval)).toEqual(['dora', 'hugo', 'dan'])
  expect(await records(approval, 'approval.stood-in')).toEqual([
    {
      ...{ place: 1, users: [dan.id], for: [dora.id], nobodyFor: [], until: [to] },
      entries: ['manual/away-dora@halden.example'],
    },
  ])
  const mail = (await noticeTexts(database.db, 'approval', dan.email)).at(-1)
  expect(mail).toContain('You are asked as: Data protection, for Dora Data, who is away')
  const link = await linkOf(dan, approval)
  expect((await byLink(desk, 'GET', link)).json.me).toMatchObject({ standsFor: { name: 'Dora Data', away: true } })
  const doras = await linkOf(dora, approval)
  expect((await byLink(desk, 'GET', doras)).json.me).toMatchObject({ standsFor: null, standIn: 'Dan Deputy' })
  expect(await signAs(desk, link, dan.key)).toBe(200)
  const [statement] = await statementsOf(approval)
  expect(statement?.who).toMatchObject({ user: dan.id, deputy: true, standsFor: dora.id, place: 'Data protection' })
  // The two count once: nothing waits for her any more, and her link signs nothing.
  expect(await whoIsAsked(approval)).toEqual(['hugo'])
  expect((await byLink(desk, 'GET', doras)).json.state).toBe('over')
  expect(await signAs(desk, doras, dora.key)).toBe(410)
  const { seats } = (await byLink(desk, 'GET', link)).json.approval?.places[1] ?? {}
  expect(seats?.find(({ userId }) => userId === dan.id)).toMatchObject({ standsFor: 'Dora Data', verdict: 'approve' })
  expect(await signAs(desk, await linkOf(hugo, approval), hugo.key)).toBe(200)
  expect(await stateOf(approval)).toBe('approved')
  const judged = await exportJudged(desk)
  expect(judged.product).toMatchObject({ ok: true, approvals: 2, problems: [] })
  expect(judged.script).toContain('It holds.')
})

test('the calendar appoints nobody: whom it names who is no deputy of the place is not asked, but the first one who is', async () => {
  await goneAway('Dora Data', 'hugo@halden.example')
  const approval = await asked()
  expect(await whoIsAsked(approval)).toEqual(['dora', 'hugo', 'eva'])
  const [record] = await records(approval, 'approval.stood-in')
  expect(record).toMatchObject({ users: [eva.id], for: [dora.id] })
  // A deputy who hands on hands on her seat: the signature is still in her place.
  const link = await linkOf(eva, approval)
  expect((await byLink(desk, 'POST', `${link}/hand-over`, { to: dan.id })).status).toBe(200)
  expect(await signAs(desk, await linkOf(dan, approval), dan.key)).toBe(200)
  expect((await statementsOf(approval))[0]?.who).toMatchObject({ user: dan.id, standsFor: dora.id })
  expect(await isAsked(dora, approval)).toBe(false)
})

test('an absence by an account, and the deputy of the people list; and whoever is away and signs after all counts', async () => {
  const list = { source: 'hr', name: 'Dora Data', email: dora.email, accounts: ['HALDEN\\dora'], deputy: 'Dan Deputy' }
  await apiAs(desk, administrator, 'PUT', '/api/people/p-1', list)
  await goneAway('halden\\DORA')
  const approval = await asked()
  expect(await whoIsAsked(approval)).toEqual(['dora', 'hugo', 'dan'])
  expect(await signAs(desk, await linkOf(dora, approval), dora.key)).toBe(200)
  expect((await statementsOf(approval))[0]?.who).toMatchObject({ user: dora.id, deputy: false, standsFor: null })
  expect(await whoIsAsked(approval)).toEqual(['hugo'])
})

test('who signs says when they are away, by themselves, and is asked alone again once they are back', async () => {
  const [from, to] = [-hour, 48 * hour].map((by) => new Date(Date.now() + by).toISOString())
  const say = (body: object, who = dora) =>
    fetch(`${desk.origin}/api/me/away`, {
      method: 'PUT',
      headers: { cookie: who.cookie, origin: desk.origin, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }).then(({ status }) => status)
  for (const wrong of [
    { from: to, to: from, deputy: null },
    { from: new Date(0).toISOString(), to: new Date(1).toISOString(), deputy: null },
    { from, to, deputy: 'nobody@halden.example' },
    { from, to, deputy: dora.email },
  ])
    expect(await say(wrong)).toBe(400)
  expect(await apiAs(desk, dora.cookie, 'GET', '/api/me/away')).toEqual({ away: null })
  expect(await say({ from, to, deputy: 'Dan@halden.example' })).toBe(200)
  expect(await apiAs(desk, dora.cookie, 'GET', '/api/me/away')).toEqual({ away: { from, to, deputy: dan.email } })
  expect(await whoIsAsked(await asked())).toEqual(['dora', 'hugo', 'dan'])
  await apiAs(desk, dora.cookie, 'DELETE', '/api/me/away')
  expect(await whoIsAsked(await asked())).toEqual(['dora', 'hugo'])
  // Only their own: the entry is by the account, and the ledger has who wrote it.
  const lines = await database.db
    .selectFrom('ledger_entry')
    .select('actor')
    .where('kind', '=', 'calendar.changed')
    .where('subject', '=', `calendar:manual/away-${dora.id}`)
    .execute()
  expect(lines.map(({ actor }) => actor)).toEqual([`user:${dora.id}`, `user:${dora.id}`])
})

test('where no deputy is there either, the record says so, and the check says it before', async () => {
  for (const who of [dora, eva, dan]) await goneAway(who.email)
  const [problem] = await problems()
  expect(problem?.[0]).toBe('Data protection')
  expect(problem?.[1]).toMatch(/^away, and no deputy is there: Dora Data \(until \d{4}-\d\d-\d\d\)$/)
  const approval = await asked()
  expect(await whoIsAsked(approval)).toEqual(['dora', 'hugo'])
  expect(await records(approval, 'approval.stood-in')).toMatchObject([{ users: [], nobodyFor: [dora.id] }])
})

test('one person in two offices of a chain counts once: it is said before, a deputy is asked for the other place, and her second signature is refused', async () => {
  await hold({ hr: [[dora], []], dpo: [[dora], [dan]] })
  expect(await problems()).toEqual([
    [
      'HR and Data protection',
      'Dora Data would sign for each of them, and one person counts once; a deputy is asked for the place that is left',
    ],
  ])
  const approval = await asked()
  expect(approval.rule).toContain('nobody counts twice while another can sign')
  expect(await whoIsAsked(approval)).toEqual(['dora'])
  // Her mails lead to either place.
  const links = (await noticeTexts(database.db, 'approval', dora.email))
    .slice(-2)
    .map((text) => /\/approve\/([A-Za-z0-9_-]{43})/.exec(text)?.[1] ?? '')
  const pages = await Promise.all(links.map((link) => byLink(desk, 'GET', link)))
  const [hr, dpo] = [0, 1].map((place) => links[pages.findIndex(({ json }) => json.me?.place === place)] ?? '')
  expect(await signAs(desk, hr ?? '', dora.key)).toBe(200)
  expect(await whoIsAsked(approval)).toEqual(['dan'])
  expect((await byLink(desk, 'GET', dpo ?? '')).json.state).toBe('counted')
  expect(await signAs(desk, dpo ?? '', dora.key)).toBe(403)
  expect(await signAs(desk, await linkOf(dan, approval), dan.key)).toBe(200)
  expect(await stateOf(approval)).toBe('approved')
  expect((await statementsOf(approval)).map(({ who }) => who['user'])).toEqual([dora.id, dan.id])
})

test('only where nobody else can sign may one person sign twice, each with a touch of its own, and the second signature says so', async () => {
  await hold({ hr: [[dora], []], dpo: [[dora], []] })
  expect((await problems())[0]?.[1]).toContain('somebody signs twice (2 signatures, 1 people), and each record says so')
  const approval = await asked()
  expect(await signAs(desk, await linkOf(dora, approval), dora.key)).toBe(200)
  expect(await stateOf(approval)).toBe('open')
  const link = await linkOf(dora, approval)
  expect((await byLink(desk, 'GET', link)).json).toMatchObject({ state: 'open', me: { alsoSigned: ['HR'] } })
  expect(await signAs(desk, link, dora.key)).toBe(200)
  expect(await stateOf(approval)).toBe('approved')
  const [first, second] = await statementsOf(approval)
  expect([first?.who['alsoSigned'], second?.who['alsoSigned']]).toEqual([undefined, ['HR']])
  // Each of the two has a receipt of its own.
  const receipt = await until('the receipt', async () => {
    const { places } = (await byLink(desk, 'GET', link)).json.approval ?? { places: [] }
    const indexes = places.map(({ seats }) => seats[0]?.ledgerIndex ?? null)
    return indexes.includes(null) ? null : indexes
  })
  expect(new Set(receipt).size).toBe(2)
  const judged = await exportJudged(desk)
  expect(judged.product).toMatchObject({ ok: true, problems: [] })
  expect(judged.script).toContain('It holds.')
})
