import { beforeAll, describe, expect, test } from 'vitest'
import { addProvider, alertOf, post, signedIn } from '../desk.ts'
import { deskHere } from '../desk-here.ts'

const { database, desk } = await deskHere()
let key: string
let lead: string
const ids: string[] = []

type Odd = { nr: string; rule: string; severity: string; host: string }
/** Mails of a lay-out that no reader of ours knows; the last is none of these. */
const mails: Odd[] = [
  { nr: 'W-2025/118', rule: 'Beacon to a rare name', severity: 'high', host: 'ws-1182' },
  { nr: 'W-2025/119', rule: 'Password spray', severity: 'low', host: 'dc-01' },
  { nr: 'W-2025/120', rule: 'New admin', severity: 'medium', host: 'srv-7' },
]
const subjectOf = ({ nr }: Odd) => `Watch {${nr}}`
const bodyOf = (one: Odd) =>
  `our sensor on <${one.host}> has said: "${one.rule}"!\nWatch-Kennung :: ${one.nr}\nErnst der Lage // ${one.severity}\n`

beforeAll(async () => {
  key = await addProvider(desk)
  lead = (await signedIn(desk, 'lead', 'Kari Dahl')).cookie
  for (const one of mails) ids.push(await post(desk, key, { subject: subjectOf(one), body: bodyOf(one) }))
  ids.push(await post(desk, key, { subject: 'Watch {W-2025/121}', body: 'our sensor says nothing today' }))
  for (const id of ids) await read(id)
})

/** Waits until the message has been read, whatever it turned out to be. */
async function read(id: string): Promise<{ reader: string; ticket: string | null }> {
  for (let tries = 0; tries < 400; tries += 1) {
    const row = await database.db
      .selectFrom('message')
      .select(['state', 'reading'])
      .where('id', '=', id)
      .executeTakeFirst()
    if (row?.state === 'read') {
      const reading = row.reading as { reader: string; ticket: { value: string } | null }
      return { reader: reading.reader, ticket: reading.ticket?.value ?? null }
    }
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('the message was not read')
}

async function call(method: string, url: string, body?: unknown, cookie = lead) {
  const response = await fetch(desk.origin + url, {
    method,
    headers: { cookie, origin: desk.origin, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

type Page = { parts: { path: string; text: string }[]; suggested: { id: string; title: string } }
type Tested = {
  green: number
  of: number
  rows: { messageId: string; green: boolean; why: { field: string; why: string }[] }[]
}

const markOf = (page: Page, field: string, text: string) => {
  const part = page.parts.find((one) => one.path !== 'subject' && one.text.includes(text))
  const start = part?.text.indexOf(text) ?? -1
  return { field, part: part?.path, start, end: start + text.length }
}
let yaml = ''

describe('teaching a reader on one mail', () => {
  test('shows its texts and what is read today', async () => {
    const page = await call('GET', `/api/teach/${ids[0]}`)
    expect(page).toMatchObject({
      status: 200,
      body: { from: 'soc@northwatch.example', reader: 'Any provider', quarantined: false },
    })
    expect((await call('GET', `/api/teach/${'0'.repeat(64)}`)).status).toBe(404)
    expect((await call('GET', '/api/teach/x')).status).toBe(400)
  })

  test('marks make a reader, and it is tested on the others of the sender: n of m green, and why not', async () => {
    const page = (await call('GET', `/api/teach/${ids[0]}`)).body as unknown as Page
    const [first] = mails as [Odd]
    const marks = [
      markOf(page, 'ticket', first.nr),
      markOf(page, 'rule', first.rule),
      markOf(page, 'severity', first.severity),
      markOf(page, 'host', first.host),
    ]
    const made = await call('POST', `/api/teach/${ids[0]}`, { id: 'northwatch-odd', title: 'Northwatch, odd', marks })
    expect(made).toMatchObject({ status: 200, body: { problems: [] } })
    const tested = made.body['test'] as Tested
    expect(tested).toMatchObject({ green: 3, of: 4 })
    // What it does not read comes first, with the reason.
    expect(tested.rows[0]).toMatchObject({ messageId: ids[3], green: false })
    expect(tested.rows[0]?.why.map(({ field }) => field).sort()).toEqual(['host', 'rule', 'severity', 'ticket'])
    yaml = String(made.body['yaml'])
    expect(yaml).toContain('id: northwatch-odd')
    expect((await call('POST', `/api/teach/${ids[0]}`, { id: 'No Id', title: 'x', marks })).status).toBe(400)
    expect((await call('POST', `/api/teach/${ids[0]}`, { id: 'x', title: 'x', marks: [] })).status).toBe(400)
  })

  test('YAML that a person changed is checked line by line, and tested', async () => {
    const bad = await call('POST', `/api/teach/${ids[0]}/test`, { yaml: yaml.replace('reader: 1', 'reader: 7') })
    expect(bad).toMatchObject({ status: 200, body: { test: null, issues: [{ line: 1 }] } })
    const only = yaml.replace(/ {2}severity:[\s\S]*? {2}host:/, '  host:')
    expect((await call('POST', `/api/teach/${ids[0]}/test`, { yaml: only })).body['test']).toMatchObject({
      green: 3,
      of: 4,
    })
  })

  test('nothing is kept, and nothing is read anew, until a lead saves it', async () => {
    expect((await call('GET', '/api/readers')).body).toEqual({ readers: [] })
    const analyst = (await signedIn(desk, 'analyst')).cookie
    const save = { yaml, switchedOn: true, version: 0 }
    expect((await call('PUT', '/api/readers/northwatch-odd', save, analyst)).status).toBe(403)
    expect((await call('PUT', '/api/readers/another-id', save)).status).toBe(400)
    expect((await call('PUT', '/api/readers/northwatch-odd', { ...save, yaml: 'a: b' })).status).toBe(400)
    expect((await call('PUT', '/api/readers/northwatch-odd', save)).body).toEqual({ version: 1 })
    expect((await call('PUT', '/api/readers/northwatch-odd', save)).status).toBe(409)
    expect((await read(ids[0] as string)).reader).toBe('generic')
    const lines = await database.db
      .selectFrom('ledger_entry')
      .select('subject')
      .where('kind', '=', 'reader.changed')
      .execute()
    expect(lines).toEqual([{ subject: 'reader:northwatch-odd' }])
  })

  test('it reads what comes from then on, until it is switched off', async () => {
    const next = { nr: 'W-2025/200', rule: 'Data copied', severity: 'critical', host: 'lt-9' }
    const id = await post(desk, key, { subject: subjectOf(next), body: bodyOf(next) })
    expect(await read(id)).toEqual({ reader: 'northwatch-odd', ticket: next.nr })
    const shown = (await call('GET', `/api/alerts/${await alertOf(desk, id)}`)).body as {
      alert: Record<string, unknown>
    }
    expect(shown.alert).toMatchObject({
      ticket: next.nr,
      severity: 'critical',
      host: 'lt-9',
      rule: 'Data copied',
      kind: 'alert',
    })
    expect((await call('PUT', '/api/readers/northwatch-odd', { yaml, switchedOn: false, version: 1 })).body).toEqual({
      version: 2,
    })
    const off = { ...next, nr: 'W-2025/201' }
    expect((await read(await post(desk, key, { subject: subjectOf(off), body: bodyOf(off) }))).reader).toBe('generic')
    const versions = await database.db
      .selectFrom('taught_reader_version')
      .select(['version', 'switched_on'])
      .orderBy('version')
      .execute()
    expect(versions).toEqual([
      { version: 1, switched_on: true },
      { version: 2, switched_on: false },
    ])
  })
})
