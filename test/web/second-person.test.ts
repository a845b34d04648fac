import path from 'node:path'
import { expect, test } from 'vitest'
import { seriousIn } from '../axe.ts'
import { addAuthenticator, type Opened } from '../browser.ts'
import { addProvider, alertOf, apiAs, post, until } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'
import { answerForTwo, clickAs } from '../release-desk.ts'

const { database, desk, pageAs } = await pagesHere()

const shots = process.env['SECOND_SHOTS']
async function shoot({ page }: Opened, name: string): Promise<void> {
  if (shots !== undefined) await page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true })
}

const as = (role: 'administrator' | 'lead' | 'approver', name: string) => pageAs(role, { name })

/** A decided alert whose answer speaks of somebody's health. */
async function drafted(cookie: string): Promise<string> {
  const key = await addProvider(desk)
  const body = 'Ticket: NW-9\nRule: Odd sign-in\nSeverity: High\nHost: ws-9\n'
  const id = await alertOf(desk, await post(desk, key, { subject: '[NW-9] High: Odd sign-in', body }))
  const page = (await apiAs(desk, cookie, 'GET', `/api/alerts/${id}`)) as unknown as { version: number }
  const decision = {
    outcome: 'false-alarm-benign',
    reason: 'Its owner is on sick leave.',
    cites: [],
    withoutEvidence: true,
  }
  await apiAs(desk, cookie, 'POST', `/api/alerts/${id}/decision`, { ...decision, version: page.version })
  return until('the draft', async () => {
    const shown = (await apiAs(desk, cookie, 'GET', `/api/alerts/${id}`)) as unknown as { replies: { id: string }[] }
    return shown.replies[0]?.id
  })
}

test('what speaks of health leaves when two have released the same bytes, and stands under What left with both', async () => {
  const lead = await as('lead', 'Kari Dahl')
  const replyId = await drafted(lead.cookie)
  await lead.page.goto(`${desk.origin}/replies/${replyId}`)
  const place = lead.page.locator('.span-row', { hasText: 'sick leave' })
  await place.click()
  await lead.page.keyboard.press('n')
  await lead.page.getByLabel('Why this may leave as it is').fill('They ask why nobody answers.')
  await lead.page.keyboard.press('Enter')
  const left = () => lead.page.getByRole('button', { name: / left to review$/ }).allInnerTexts()
  const release = lead.page.getByRole('button', { name: 'Release, and ask a second person' })
  await place.getByText('Kept').waitFor()
  for (let before = await left(); before.length > 0; before = await left()) {
    await lead.page.keyboard.press('y')
    await expect.poll(left).not.toEqual(before)
  }
  await lead.page.getByText('because it speaks of somebody’s health').waitFor()
  await release.click()
  await lead.page.getByRole('heading', { name: 'Waits for a second person' }).waitFor()
  expect(await lead.page.getByRole('button', { name: /^Release it too/ }).isDisabled()).toBe(true)
  expect(await seriousIn(lead.page)).toEqual([])
  expect(desk.mailServer.arrived).toHaveLength(0)

  const approver = await as('approver', 'Ana Ruiz')
  await approver.page.goto(`${desk.origin}/replies/${replyId}`)
  await approver.page.getByText('Kari Dahl released it').waitFor()
  expect(await approver.page.locator('.verdicts').count()).toBe(0)
  await approver.page.getByRole('button', { name: /^Release it too/ }).click()
  await approver.page.getByRole('heading', { name: 'Sent, once' }).waitFor({ timeout: 20_000 })
  expect(desk.mailServer.arrived).toHaveLength(1)

  await lead.page.goto(`${desk.origin}/ledger/left?state=left`)
  await lead.page.getByText('released first by Kari Dahl').waitFor()
  await lead.page.getByText('by Ana Ruiz').waitFor()
  const numbered = lead.page.getByRole('link', { name: /^No\. \d+$/ })
  await numbered.waitFor()
  // The number that the ledger's page, the auditor's room and both verifiers call it by.
  const { leaf_index: index } = await database.db
    .selectFrom('ledger_entry')
    .select('leaf_index')
    .where('subject', '=', `reply:${replyId}`)
    .where('kind', '=', 'reply.released')
    .executeTakeFirstOrThrow()
  expect(await numbered.allInnerTexts()).toEqual([`No. ${index}`])
  await lead.page.goto(`${desk.origin}/replies/${replyId}`)
  await lead.page.getByRole('link', { name: `No. ${index}, and its other records` }).waitFor()
  await lead.page.goBack()
  expect(await seriousIn(lead.page)).toEqual([])
  await lead.page.getByLabel('Filter by subject, recipient or hash, Enter').fill('nothing like that')
  await lead.page.keyboard.press('Enter')
  await lead.page.getByText('Nothing that left is like that.').waitFor()
  expect(new URL(lead.page.url()).search).toContain('q=')
  expect([...lead.problems, ...approver.problems]).toEqual([])
  await lead.context.close()
  await approver.context.close()
}, 180_000)

test('with a passkey the second person signs exactly what is shown, and the receipt names both', async () => {
  const lead = await as('lead', 'Kim Lead')
  const replyId = await answerForTwo(desk, lead.cookie)
  await clickAs(desk, lead.cookie, replyId)
  const approver = await as('approver', 'Sam Signer')
  await addAuthenticator(approver.page)
  // Who has no passkey is told so, with the way to one.
  await approver.page.goto(`${desk.origin}/replies/${replyId}`)
  await approver.page.getByText('You have no passkey here').waitFor()
  expect(await seriousIn(approver.page)).toEqual([])
  await approver.page.getByRole('link', { name: 'Add a passkey under Settings, Me' }).click()
  await approver.page.getByLabel('Name of the new one').fill('Laptop')
  await approver.page.getByRole('button', { name: 'Add a passkey' }).click()
  await until('the passkey', async () => (await database.db.selectFrom('passkey').select('name').execute()).length > 0)
  await approver.page.goto(`${desk.origin}/replies/${replyId}`)
  const sign = approver.page.getByRole('button', { name: /^Sign and release it too/ })
  await sign.waitFor()
  // Then a click is not enough any more.
  expect(await approver.page.getByRole('button', { name: /^Release it too/ }).count()).toBe(0)
  await approver.page.getByText('Your passkey signs who you are').waitFor()
  expect(await seriousIn(approver.page)).toEqual([])
  await shoot(approver, 'second')
  await sign.click()
  await approver.page.getByRole('heading', { name: 'Sent, once' }).waitFor({ timeout: 20_000 })
  await approver.page.getByText('Sam Signer (second release)').waitFor()
  expect(await seriousIn(approver.page)).toEqual([])
  await shoot(approver, 'receipt')
  const rows = await database.db.selectFrom('release_signature').select(['part', 'reply_id']).execute()
  expect(rows).toEqual([{ part: 'second', reply_id: replyId }])
  expect([...lead.problems, ...approver.problems]).toEqual([])
  await lead.context.close()
  await approver.context.close()
}, 180_000)

test('the first person signs too where they have a passkey; on a phone, and where no click counts, each is told what to do', async () => {
  const administrator = await as('administrator', 'Ada Admin')
  await administrator.page.goto(`${desk.origin}/settings/house`)
  await administrator.page.getByRole('combobox', { name: /^Answers that two people must release/ }).click()
  await administrator.page.getByRole('option', { name: 'By both, always: no click counts' }).click()
  expect(await seriousIn(administrator.page)).toEqual([])
  await shoot(administrator, 'setting')
  await administrator.page.getByRole('button', { name: 'Save' }).click()
  await administrator.page.getByText('Saved.').waitFor()

  const lead = await as('lead', 'Lea Phone')
  await lead.page.setViewportSize({ width: 390, height: 844 })
  await addAuthenticator(lead.page)
  const replyId = await answerForTwo(desk, lead.cookie)
  await lead.page.goto(`${desk.origin}/replies/${replyId}`)
  await lead.page.getByText('It counts only with a signature, and you have no passkey here').waitFor()
  expect(await lead.page.getByRole('button', { name: 'Release, and ask a second person' }).isDisabled()).toBe(true)
  await shoot(lead, 'no-passkey-phone')
  await lead.page.goto(`${desk.origin}/settings/me`)
  await lead.page.getByLabel('Name of the new one').fill('Handset')
  await lead.page.getByRole('button', { name: 'Add a passkey' }).click()
  await lead.page.getByText('Handset', { exact: true }).waitFor()
  await lead.page.goto(`${desk.origin}/replies/${replyId}`)
  await lead.page.getByRole('button', { name: /^Sign, and ask a second person/ }).waitFor()
  expect(await lead.page.getByRole('button', { name: 'Release without a signature' }).count()).toBe(0)
  await lead.page.emulateMedia({ colorScheme: 'dark' })
  await shoot(lead, 'first-phone-dark')
  // The key that releases signs as well.
  await lead.page.keyboard.press('Shift+R')
  await lead.page.getByRole('heading', { name: 'Waits for a second person' }).waitFor()
  await lead.page.getByText('signed with a passkey').waitFor()
  expect(await seriousIn(lead.page)).toEqual([])
  expect([...lead.problems, ...administrator.problems]).toEqual([])
  await lead.context.close()
  await administrator.context.close()
}, 180_000)
