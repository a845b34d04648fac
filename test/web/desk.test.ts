import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import { seriousColoursIn, seriousIn } from '../axe.ts'
import { addAuthenticator, openPage, settled } from '../browser.ts'
import { addProvider, alertOf, apiAs, post, signedIn, until } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'

// Long enough for a browser on a busy machine to take an answer back.
const { database, desk, browser, pageAs } = await pagesHere({ config: { replyHoldSeconds: 10 } })
let key: string

/** A browser on a busy machine of two cores. */
const slow = { timeout: 120_000 }

describe('signing in', slow, () => {
  test('the first administrator makes a passkey by the link of the terminal, and comes back with it', async () => {
    const { page, context, problems } = await openPage(browser)
    await addAuthenticator(page)
    await page.goto(`${desk.origin}/`)
    await page.getByText('Nobody signs in here yet').waitFor()
    await page.goto(desk.running.firstRun ?? '')
    await page.reload()
    await page.getByLabel('Your name').fill('Ida Holm')
    await page.getByLabel('Mail address').fill('ida@halden.example')
    // The button fades from shut to open; axe looks at colours of that very moment.
    await expect.poll(() => page.getByRole('button', { name: 'Make a passkey and sign in' }).isEnabled()).toBe(true)
    await page.evaluate('Promise.allSettled(document.getAnimations().map((one) => one.finished)).then(() => true)')
    expect(await seriousIn(page)).toEqual([])
    await page.getByRole('button', { name: 'Make a passkey and sign in' }).click()
    // An empty installation begins with the X-ray.
    await page.getByText('Drop a folder of old provider mail here').waitFor()
    expect(await seriousIn(page)).toEqual([])
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.getByText('Drop a folder of old provider mail here').waitFor()
    const keys = await database.db.selectFrom('passkey').select(['counter', 'last_used_at']).execute()
    expect(keys).toHaveLength(1)
    expect(keys[0]?.last_used_at).not.toBeNull()
    expect(problems).toEqual([])
    await context.close()
  })

  test('on 127.0.0.1 the page says why there is no passkey', async () => {
    const { page, context } = await openPage(browser)
    await page.goto(`${desk.origin.replace('localhost', '127.0.0.1')}/sign-in`)
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.getByText('http://localhost').waitFor()
    expect(await page.getByText('http://localhost').count()).toBe(1)
    await context.close()
  })
})

test('a folder is x-rayed on the page: every message is accounted for', async () => {
  const { page, context, problems } = await pageAs('lead')
  await page.goto(`${desk.origin}/x-ray`)
  const mail = (n: number) => ({
    name: `mail ${n}.eml`,
    mimeType: 'message/rfc822',
    buffer: Buffer.from(
      `From: soc@northwatch.example\r\nTo: desk@halden.example\r\nSubject: [NW-${n}] High: Beaconing on ws-1\r\nDate: Mon, 16 Nov 2026 10:0${n}:00 +0000\r\nMessage-ID: <${n}@northwatch.example>\r\n\r\nTicket: NW-${n}\r\nRule: Beaconing\r\nSeverity: High\r\nHost: ws-1\r\nSource IP: 192.0.2.1\r\n`,
    ),
  })
  await page.getByTestId('files').setInputFiles([mail(1), mail(2), mail(3)])
  await page.getByText('The same question, asked again').waitFor()
  await page.getByText('3 messages = 3 read + 0 replies + 0 unread').waitFor()
  await page.getByRole('cell', { name: 'Beaconing' }).first().waitFor()
  expect(await seriousIn(page)).toEqual([])
  expect(problems).toEqual([])
  await context.close()
})

const body = (ticket: string, rule: string, host = 'ws-0417') =>
  `Ticket: ${ticket}\nRule: ${rule}\nSeverity: High\nHost: ${host}\nUser: mweiss\nSource IP: 192.0.2.21\nDestination IP: 203.0.113.77\n\nIs this expected?\n`

describe('the main job, in the browser', slow, () => {
  beforeAll(async () => {
    key = await addProvider(desk)
    const { cookie } = await signedIn(desk, 'lead')
    const form = new FormData()
    form.set('noun', 'assets')
    const csv =
      'name,ip,owner,owner email,role,criticality\nws-0417,192.0.2.21,Mara Weiss,mara.weiss@halden.example,payroll server,high\n'
    form.set('file', new File([csv], 'assets.csv'))
    const taken = await fetch(`${desk.origin}/api/imports`, {
      method: 'POST',
      headers: { cookie, origin: desk.origin },
      body: form,
    })
    expect(taken.status, await taken.text()).toBe(200)
  })

  test('queue, alert, decision, review, release: the answer is mailed once and receipted', async () => {
    const { page, context, problems } = await pageAs('lead')
    const id = await alertOf(
      desk,
      await post(desk, key, { subject: '[NW-77] High: Beaconing', body: body('NW-77', 'Beaconing') }),
    )
    await page.goto(`${desk.origin}/queue`)
    await page.getByRole('link', { name: 'Beaconing' }).waitFor()
    expect(await seriousIn(page)).toEqual([])
    await page.keyboard.press('j')
    await page.keyboard.press('k')
    await page.keyboard.press('Enter')
    await page.waitForURL(`**/alerts/${id}`)
    const story = await page.locator('.sentence').innerText()
    expect(story).toContain('ws-0417')
    expect(await page.locator('.rung').count()).toBe(6)
    expect(await seriousIn(page)).toEqual([])

    // Nothing is decided without evidence, unless somebody says so.
    await page.keyboard.press('3')
    await page.keyboard.press('3')
    await page
      .getByRole('textbox', { name: 'Why' })
      .fill('The payroll run of Mara Weiss on ws-0417 does this every Monday.')
    const decide = page.getByRole('button', { name: 'Decide: false alarm' })
    expect(await decide.isDisabled()).toBe(true)
    await page.locator('.evidence', { hasText: 'payroll server' }).getByRole('button', { name: 'Cite' }).first().click()
    await decide.click()
    await page.getByText('False alarm: benign trigger').first().waitFor()
    await page.getByRole('button', { name: 'Undo' }).waitFor()
    await page.getByRole('link', { name: 'Review the draft' }).click()

    await page.getByRole('heading', { name: 'Answer to Northwatch MDR' }).waitFor()
    await page.locator('.span-row').first().waitFor()
    expect(await seriousIn(page)).toEqual([])
    const spans = await page.locator('.span-row').count()
    expect(spans).toBeGreaterThan(1)
    expect(await page.getByRole('button', { name: /^Release/ }).count()).toBe(0)
    for (let left = spans; left > 0; left--) {
      await page.getByRole('button', { name: `${left} of ${spans} left to review` }).waitFor()
      await page.keyboard.press('y')
    }
    const preview = page.getByLabel('Exactly what leaves')
    await until('the preview to be redacted', async () => !(await preview.innerText()).includes('Mara Weiss'))
    await page.getByRole('button', { name: 'Release to Northwatch MDR' }).click()
    await page.getByText(/Leaves in \d+ seconds?/).waitFor()
    await page.getByRole('heading', { name: 'Sent, once' }).waitFor({ timeout: 40_000 })
    expect(await seriousIn(page)).toEqual([])
    expect(desk.mailServer.arrived).toHaveLength(1)
    const sent = desk.mailServer.arrived[0]?.toString() ?? ''
    expect(sent).toContain('In-Reply-To:')
    expect(sent).not.toContain('Mara Weiss')
    expect(problems).toEqual([])
    await context.close()
  })

  test('from one alert to the next without the mouse: what was decided does not lie under the cursor again', async () => {
    const { page, context, problems } = await pageAs('lead')
    const made: string[] = []
    for (const ticket of ['NW-81', 'NW-82', 'NW-83'])
      made.push(
        await alertOf(desk, await post(desk, key, { subject: `[${ticket}] High: Scan`, body: body(ticket, 'Scan') })),
      )
    await page.goto(`${desk.origin}/queue?sort=newest`)
    await page.locator('table.queue tbody tr').nth(2).waitFor()
    const seen = new Set<string>()
    for (const _one of made) {
      await page.keyboard.press('Enter')
      await page.waitForURL(/\/alerts\//)
      seen.add(page.url())
      await page.locator('#decide').waitFor()
      for (const pressed of ['3', 'j', 'c', 'w']) await page.keyboard.press(pressed)
      await page.keyboard.type('The man who was dismissed for drinking did it.')
      await page.keyboard.press('Control+Enter')
      await page.locator('.decided').waitFor()
      await page.keyboard.press('r')
      await page.waitForURL(/\/replies\//)
      await page.getByRole('heading', { name: 'Sensitive places' }).waitFor()
      // Of what says too much there is no pseudonym, and the key says so instead of failing.
      const hr = page.locator('.span-row', { hasText: 'HR' }).first()
      await hr.click()
      await page.keyboard.press('s')
      await page.getByText('No pseudonym stands for this').first().waitFor()
      const left = page.getByRole('button', { name: /left to review/ })
      while ((await left.count()) > 0) await page.keyboard.press('y')
      await until('the release to be open', async () => page.getByRole('button', { name: /^Release to/ }).isEnabled())
      await page.keyboard.press('Shift+R')
      await page.getByRole('heading', { name: /^Leaves in/ }).waitFor()
      await page.keyboard.press('z')
      await page.getByRole('heading', { name: /^Leaves in/ }).waitFor({ state: 'detached' })
      for (const pressed of ['g', 'q']) await page.keyboard.press(pressed)
      await page.waitForURL(/\/queue/)
      if (seen.size < made.length) await page.locator('table.queue tbody tr').first().waitFor()
    }
    expect(seen.size).toBe(made.length)
    expect(problems).toEqual([])
    await context.close()
  })

  test('a release can be taken back while it is held', async () => {
    const before = desk.mailServer.arrived.length
    const { page, context, cookie } = await pageAs('lead')
    const id = await alertOf(
      desk,
      await post(desk, key, { subject: '[NW-78] High: Scan', body: body('NW-78', 'Scan') }),
    )
    const { version } = (await apiAs(desk, cookie, 'GET', `/api/alerts/${id}`)) as unknown as { version: number }
    await apiAs(desk, cookie, 'POST', `/api/alerts/${id}/decision`, {
      outcome: 'tune',
      reason: 'Known scanner.',
      cites: [],
      withoutEvidence: true,
      version,
    })
    const { replyId } = (await apiAs(desk, cookie, 'POST', `/api/alerts/${id}/reply`)) as unknown as { replyId: string }
    await page.goto(`${desk.origin}/replies/${replyId}`)
    await page.getByRole('heading', { name: 'Sensitive places' }).waitFor()
    for (const _span of Array.from({ length: await page.locator('.span-row').count() })) await page.keyboard.press('s')
    await page.getByRole('button', { name: 'Release to Northwatch MDR' }).click()
    await page.getByRole('button', { name: 'Take it back' }).click()
    await page
      .getByText('Cancelled')
      .or(page.getByText('Taken back in time'))
      .or(page.getByText('Draft', { exact: true }))
      .first()
      .waitFor()
    // The job that would have sent it is gone, not only late.
    const jobs = sql`select 1 from graphile_worker.jobs where key like ${`%${replyId}%`}`
    expect((await jobs.execute(database.db)).rows).toEqual([])
    expect(desk.mailServer.arrived).toHaveLength(before)
    await context.close()
  })

  test('hostile words of a mail are shown as words', async () => {
    const { page, context, problems } = await pageAs('lead')
    const rule = '<img src=x onerror="document.title=`owned`"><script>document.title="owned"</script>'
    const html = `<p>Ticket: NW-79</p><p>Rule: ${rule.replaceAll('<', '&lt;')}</p><p>Severity: High</p><p>Host: ws-1</p><script>document.title="owned"</script><img src="https://tracker.example/x.png">`
    const seen: string[] = []
    page.on('request', (request) => seen.push(request.url()))
    const id = await alertOf(desk, await post(desk, key, { subject: `[NW-79] ${rule}`, body: '', html }))
    await page.goto(`${desk.origin}/queue`)
    await page.getByRole('link', { name: '<img' }).waitFor()
    await page.goto(`${desk.origin}/alerts/${id}`)
    await page.getByText('<script>').first().waitFor()
    await page.keyboard.press('m')
    await page.getByText('What was read from it').waitFor()
    expect(await page.locator('.message-body').first().innerText()).toContain('<img src=x onerror')
    expect(await page.locator('.message-body img, .message-body script').count()).toBe(0)
    expect(await page.title()).toBe('Counterfoil')
    expect(seen.filter((url) => !url.startsWith(desk.origin))).toEqual([])
    expect(problems).toEqual([])
    await context.close()
  })

  test('an auditor looks, and has no button to decide with', async () => {
    const { page, context } = await pageAs('auditor')
    const row = await database.db.selectFrom('alert').select('id').where('state', '=', 'open').executeTakeFirstOrThrow()
    await page.goto(`${desk.origin}/alerts/${row.id}`)
    await page.getByText('Your role may look').waitFor()
    expect(await page.getByRole('button', { name: 'Cite' }).count()).toBe(0)
    expect(await page.getByRole('link', { name: 'X-ray' }).count()).toBe(0)
    await context.close()
  })

  test('an alert that arrives while somebody reads moves nothing, and waits behind a button', async () => {
    const { page, context } = await pageAs('lead')
    await page.goto(`${desk.origin}/queue?tab=all`)
    await page.locator('tbody tr').first().waitFor()
    const before = await page.locator('tbody tr').allInnerTexts()
    await alertOf(desk, await post(desk, key, { subject: '[NW-80] High: Later', body: body('NW-80', 'Later') }))
    await page.getByRole('button', { name: '1 new ↑' }).waitFor()
    expect((await page.locator('tbody tr').allInnerTexts()).length).toBe(before.length)
    await page.keyboard.press('.')
    await page.getByRole('link', { name: 'Later' }).waitFor()
    await context.close()
  })
})

test('a message of nobody we know is released as that, by a choice that says so', slow, async () => {
  const raw = Buffer.from('From: a@stranger.example\r\nSubject: Strange\r\n\r\nTicket: ST-1\r\nHost: ws-5\r\n')
  const door = { heloName: null, envelopeFrom: null, envelopeTo: [], providerId: null, origin: 'smtp' }
  const from = { channel: 'smtp', sourceAddress: '203.0.113.5' } as const
  const { id } = await desk.running.receive({ bytes: raw, form: 'mail', ...from, ...door })
  const { page, context, problems } = await pageAs('lead')
  await until('the quarantine', async () => {
    const row = await database.db.selectFrom('message').select('state').where('id', '=', id).executeTakeFirst()
    return row?.state === 'quarantined'
  })
  await page.goto(`${desk.origin}/quarantine`)
  await page.locator('article', { hasText: 'Strange' }).getByRole('button', { name: 'Release' }).click()
  const choice = page.getByRole('combobox', { name: 'It is from' })
  expect(await choice.inputValue()).toBe('from nobody we know (opens an alert of its own)')
  await page.getByLabel('How you know').fill('I asked around.')
  await page.getByRole('button', { name: 'Release it' }).click()
  await page.getByText('Released: it is read now').waitFor()
  const alert = await alertOf(desk, id)
  const row = await database.db.selectFrom('alert').select('provider_id').where('id', '=', alert).executeTakeFirst()
  expect(row).toEqual({ provider_id: 'unknown' })
  expect(problems).toEqual([])
  await context.close()
})

test('every other page passes axe, in light and in dark', slow, async () => {
  const { page, context, problems } = await pageAs('administrator')
  const run = await database.db.selectFrom('run').select('id').executeTakeFirstOrThrow()
  const pages = [
    '/queue',
    '/quarantine',
    '/ledger',
    `/runs/${run.id}`,
    '/settings/providers',
    '/settings/connectors',
    '/settings/playbooks',
    '/context/assets',
    '/context/people',
    '/context/networks',
    '/context/calendar',
    '/context/lists',
    '/context/sources',
    '/settings/house',
    '/settings/users',
    '/settings/me',
  ]
  for (const where of pages) {
    await page.goto(`${desk.origin}${where}`)
    await page.locator('main h1').waitFor()
    await settled(page)
    expect(await seriousIn(page), where).toEqual([])
    expect(await seriousColoursIn(page, 'dark'), where).toEqual([])
  }
  expect(problems).toEqual([])
  await context.close()
})

test('a person answers a question once; opening the link answers nothing', async () => {
  const alert = await database.db.selectFrom('alert').select('id').executeTakeFirstOrThrow()
  const token = 'q'.repeat(43)
  const { insertPersonQuestion } = await import('../../src/db/person-questions.ts')
  const question = {
    ...{
      alertId: alert.id,
      runId: null,
      stepPath: null,
      findingId: null,
      email: 'mara.weiss@halden.example',
      name: 'Mara Weiss',
    },
    ...{
      what: 'A sign-in from Lisbon at 10:04 UTC',
      askedAt: new Date().toISOString(),
      expiresAt: new Date(Date.now() + 3600_000).toISOString(),
    },
  }
  await insertPersonQuestion(database.db, token, question)
  const { page, context, problems } = await openPage(browser, { viewport: { width: 390, height: 844 } })
  for (const _look of [1, 2]) {
    await page.goto(`${desk.origin}/q/${token}`)
    await page.getByRole('heading', { name: 'Mara Weiss, was this you?' }).waitFor()
  }
  expect(await seriousIn(page)).toEqual([])
  await page.getByRole('radio', { name: /No, that was not me/ }).click()
  await page.getByRole('button', { name: 'Send my answer' }).click()
  await page.getByRole('heading', { name: 'Thank you' }).waitFor()
  await page.reload()
  await page.getByText('This was answered already').waitFor()
  const row = await database.db.selectFrom('person_question').select(['answer']).executeTakeFirstOrThrow()
  expect(row.answer).toBe('no')
  await page.goto(`${desk.origin}/q/${'x'.repeat(43)}`)
  await page.getByText('This link is not one of ours').waitFor()
  expect(problems).toEqual([])
  await context.close()
})
