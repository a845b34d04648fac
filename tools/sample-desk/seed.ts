import { openSession } from '../../src/db/sessions.ts'
import type { Clock } from '../../src/kit/clock.ts'
import type { Role } from '../../src/model/user.ts'
import { addProvider, alertOf, apiAs, type Desk, mailBytes, post, signedIn, until } from '../../test/desk.ts'
import { assetsCsv, cases, forged, mailOf, networksCsv, notice, peopleCsv, providers, stranger } from './sample-mail.ts'

/** A clock that runs, some days behind: history is made by the house itself, in its own order. */
export type ShiftedClock = Clock & { readonly setBehind: (ms: number) => void }

export function shiftedClock(): ShiftedClock {
  let behind = 0
  return {
    now: () => new Date(Date.now() - behind),
    setBehind: (ms) => {
      behind = ms
    },
  }
}

const day = 86_400_000

type Person = { readonly cookie: string; readonly token: string }
const ids = new Map<string, string>()

/** A session of somebody by name; who was here before is the same person, and signs in again: the house's clock was moved on since. */
async function person(desk: Desk, role: Role, name: string, providerId: string | null = null): Promise<Person> {
  const { db } = desk.running.database
  const known = ids.get(name)
  if (known === undefined) {
    const { user, cookie, token } = await signedIn(desk, role, name, providerId)
    ids.set(name, user.id)
    const domain = providerId === null ? 'halden.example' : `${providerId}.example`
    const email = `${name.toLowerCase().replaceAll(' ', '.')}@${domain}`
    await db.updateTable('app_user').set({ email }).where('id', '=', user.id).execute()
    return { cookie, token }
  }
  const { token } = await openSession(
    db,
    { userId: known, method: 'passkey', userAgent: 'Firefox on Linux', address: '192.0.2.40' },
    desk.running.house.clock.now(),
  )
  return { cookie: `counterfoil=${token}`, token }
}

/** Who sets the house up, before there is anything else. */
export const administratorOf = (desk: Desk): Promise<Person> => person(desk, 'administrator', 'Ida Holm')

export type Seeded = {
  readonly cookie: string
  readonly token: string
  /** Sessions of those who see other pages than the lead. */
  readonly tokens: Readonly<Record<'administrator' | 'asset-owner' | 'provider-analyst' | 'auditor', string>>
  readonly alerts: string[]
  readonly decided: string
  readonly runId: string
  /** Of the first provider. */
  readonly intakeKey: string
}

/** Plays two weeks of a small desk through the real doors: lists, mail, decisions, replies. */
export async function seed(desk: Desk, clock: ShiftedClock): Promise<Seeded> {
  clock.setBehind(13 * day)
  const keys = new Map<string, string>()
  for (const provider of providers) keys.set(provider.id, await addProvider(desk, { ...provider, sourceRanges: [] }))
  const old = await person(desk, 'lead', 'Kari Dahl')
  for (const [noun, csv] of [
    ['assets', assetsCsv],
    ['people', peopleCsv],
    ['networks', networksCsv],
  ] as const)
    await importCsv(desk, old.cookie, noun, csv)

  let number = 4200
  const send = async (index: number): Promise<string> => {
    const one = cases[index % cases.length]
    if (one === undefined) throw new Error('no such case')
    number += 7
    const at = new Date(clock.now().getTime() - 4 * 60_000)
    const ticket = `${one.provider === 'northwatch' ? 'NW' : 'FJ'}-${number}`
    return alertOf(desk, await post(desk, keys.get(one.provider) ?? '', mailOf(one, ticket, at)))
  }
  const decide = async (cookie: string, id: string, outcome: string, reason: string): Promise<void> => {
    const page = (await apiAs(desk, cookie, 'GET', `/api/alerts/${id}`)) as unknown as {
      version: number
      findings: { id: string; kind: string }[]
    }
    const cites = page.findings
      .filter((finding) => finding.kind === 'found')
      .slice(0, 2)
      .map((finding) => finding.id)
    await apiAs(desk, cookie, 'POST', `/api/alerts/${id}/decision`, {
      outcome,
      reason,
      cites,
      withoutEvidence: cites.length === 0,
      version: page.version,
    })
  }
  const explained = 'This is our own scanner, in its weekly window; the owner confirmed it.'
  for (const [days, index] of [
    [13, 1],
    [11, 1],
    [9, 0],
    [8, 4],
    [6, 1],
    [5, 2],
    [4, 1],
    [3, 0],
    [2, 6],
  ] as const) {
    clock.setBehind(days * day)
    const who = await person(desk, 'analyst', 'Nils Berg')
    await decide(
      who.cookie,
      await send(index),
      index === 4 ? 'minor-trouble' : 'false-alarm-benign',
      index === 1 ? explained : 'Known and expected; the owner explained it.',
    )
  }
  clock.setBehind(3 * 3600_000)
  const today = await person(desk, 'lead', 'Kari Dahl')
  const alerts: string[] = []
  for (let index = 0; index < 24; index++) {
    clock.setBehind((26 - index) * 7 * 60_000)
    alerts.push(await send(index))
  }
  clock.setBehind(5 * 60_000)
  await decide(
    today.cookie,
    alerts[3] ?? '',
    'false-alarm-benign',
    'The build of jlind on build-07 packs itself; Mara Weiss and Jonas Lind know of it. See https://wiki.halden.example/build and 192.0.2.207.',
  )
  await decide(
    today.cookie,
    alerts[10] ?? '',
    'tune',
    'Sign-ins of the platform team from the test network are expected; please except jlind from this rule.',
  )
  await strangers(desk, keys.get('northwatch') ?? '')
  clock.setBehind(0)
  // Some are of the sample and say so; the others count, so that what leaves samples out has something to show.
  await desk.running.database.db
    .updateTable('alert')
    .set({ sample: true })
    .where('id', 'in', alerts.slice(0, 4))
    .execute()
  const decided = alerts[3] ?? ''
  const reply = await until('the reply to be drafted', async () => {
    const page = (await apiAs(desk, today.cookie, 'GET', `/api/alerts/${decided}`)) as unknown as {
      replies: { id: string }[]
    }
    return page.replies[0]?.id
  })
  const shown = (await apiAs(desk, today.cookie, 'GET', `/api/alerts/${decided}`)) as unknown as {
    runs: { id: string }[]
  }
  const runId = shown.runs[0]?.id ?? ''
  return {
    ...{ cookie: today.cookie, token: today.token, tokens: await others(desk) },
    ...{ alerts, decided: reply, runId, intakeKey: keys.get('northwatch') ?? '' },
  }
}

async function others(desk: Desk): Promise<Seeded['tokens']> {
  return {
    administrator: (await person(desk, 'administrator', 'Ida Holm')).token,
    'asset-owner': (await person(desk, 'asset-owner', 'Mara Weiss')).token,
    'provider-analyst': (await person(desk, 'provider-analyst', 'Sam Reed', 'northwatch')).token,
    auditor: (await person(desk, 'auditor', 'Ola Lund')).token,
  }
}

/** Mail that is no alert, and mail that is not theirs. */
async function strangers(desk: Desk, key: string): Promise<void> {
  await post(desk, key, notice)
  for (const mail of [forged, stranger]) {
    await desk.running.receive({
      bytes: mailBytes(mail),
      form: 'mail',
      channel: 'smtp',
      sourceAddress: '203.0.113.66',
      heloName: 'mail.parcel-hub.test',
      envelopeFrom: mail.from.replace(/.*<|>.*/g, ''),
      envelopeTo: ['desk@halden.example'],
      providerId: null,
      origin: 'smtp',
    })
  }
}

async function importCsv(desk: Desk, cookie: string, noun: string, csv: string): Promise<void> {
  const form = new FormData()
  form.set('noun', noun)
  form.set('file', new File([csv], `${noun}.csv`, { type: 'text/csv' }))
  const response = await fetch(`${desk.origin}/api/imports`, {
    method: 'POST',
    headers: { cookie, origin: desk.origin },
    body: form,
  })
  if (!response.ok) throw new Error(`the list of ${noun} was refused: ${await response.text()}`)
}
