import type { Locator, Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { seriousIn } from '../axe.ts'
import { addProvider, alertOf, post, until } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'

const { database, desk, pageAs } = await pagesHere()
const ids: string[] = []
const hostile = '<script>window.hacked = true</script>'
const rightToLeft = 'תנועה חשודה משרת השכר'
const long = `Rule with a name ${'that does not end '.repeat(20)}`

beforeAll(async () => {
  const key = await addProvider(desk)
  for (const [n, rule] of ['Beaconing', 'Beaconing', hostile, rightToLeft, long].entries()) {
    const body = `Ticket: NW-${n + 1}\nRule: ${rule}\nSeverity: High\nHost: ws-${n < 2 ? 1 : n}\nSource IP: 192.0.2.${n + 1}\n`
    ids.push(await alertOf(desk, await post(desk, key, { subject: `[NW-${n + 1}] High: alert`, body })))
  }
  await until('all to need somebody', async () => (await tabsOf()).every((tab) => tab === 'needs'))
}, 600_000)

const rowOf = (id: string) => database.db.selectFrom('alert').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
const tabsOf = async () => Promise.all(ids.map(async (id) => (await rowOf(id)).tab))

async function as(role: 'lead' | 'auditor') {
  const opened = await pageAs(role, { name: 'Kari Dahl' })
  await opened.page.goto(`${desk.origin}/queue?sort=oldest`)
  await opened.page.locator('table.queue tbody tr').first().waitFor()
  return opened
}

/** Whether the box is there, once the preview of the decision has said so. */
async function isAsked(page: Page, bare: Locator): Promise<boolean> {
  const button = page.getByRole('button', { name: 'Decide: tune the rule' })
  await until(
    'the preview of the decision',
    async () => (await bare.count()) > 0 || (await button.count()) === 0 || button.isEnabled(),
  )
  return (await bare.count()) > 0
}

describe('the queue by keyboard alone', { timeout: 180_000 }, () => {
  test('rows are one line of at most 40 px, whatever stands in them, and nothing in them runs', async () => {
    const { page, context, problems } = await as('lead')
    const measured =
      'Array.from(document.querySelectorAll("table.queue tbody tr"), (row) => row.getBoundingClientRect().height)'
    const heights = (await page.evaluate(measured)) as number[]
    expect(heights).toHaveLength(ids.length)
    expect(Math.max(...heights)).toBeLessThanOrEqual(40)
    // Room for at least 18 of them.
    const room = await page.evaluate(
      'window.innerHeight - document.querySelector("table.queue tbody").getBoundingClientRect().top',
    )
    expect(Number(room)).toBeGreaterThan(18 * Math.max(...heights))
    expect(await page.evaluate('window.hacked')).toBeUndefined()
    expect(await seriousIn(page)).toEqual([])
    expect(problems).toEqual([])
    await context.close()
  })

  test('decide with a reason, undo with Z', async () => {
    const { page, context } = await as('lead')
    await page.keyboard.press('4')
    await page.getByRole('textbox', { name: 'Why' }).fill('Our own scanner.')
    expect(await seriousIn(page)).toEqual([])
    // Nothing is decided without evidence unless somebody says so.
    await page.keyboard.press('Enter')
    const [id = ''] = ids
    const bare = page.getByRole('checkbox', { name: /without evidence/ })
    if (await isAsked(page, bare)) {
      expect((await rowOf(id)).state).toBe('open')
      await bare.press(' ')
      await bare.press('Enter')
    }
    await until('the decision', async () => (await rowOf(id)).outcome === 'tune')
    await page.getByRole('button', { name: 'Undo' }).waitFor()
    await page.keyboard.press('z')
    await until('the undo', async () => (await rowOf(id)).tab === 'needs')
    await context.close()
  })

  test('select, decide several for one reason, one undo', async () => {
    const { page, context } = await as('lead')
    for (const key of ['x', 'j', 'x', '4']) await page.keyboard.press(key)
    await page.getByRole('dialog').getByText('Decide 2 alerts').waitFor()
    await page.getByRole('textbox', { name: 'Why' }).fill('Planned test, both of them.')
    const bare = page.getByRole('checkbox', { name: /without evidence/ })
    if (await isAsked(page, bare)) await bare.check()
    await page.getByRole('button', { name: 'Decide: tune the rule' }).click()
    const both = ids.slice(0, 2)
    await until('both', async () => (await Promise.all(both.map(rowOf))).every(({ outcome }) => outcome === 'tune'))
    await page.getByRole('button', { name: 'Undo' }).click()
    await until('both back', async () => (await Promise.all(both.map(rowOf))).every(({ tab }) => tab === 'needs'))
    expect((await Promise.all(both.map(rowOf))).map(({ outcome }) => outcome)).toEqual([null, null])
    await context.close()
  })

  test('assign, snooze, merge and unmerge, look beside the list', async () => {
    const { page, context, problems } = await as('lead')
    const [first = '', second = ''] = ids
    await page.keyboard.press('a')
    await page.getByLabel('To whom').waitFor()
    expect(await seriousIn(page)).toEqual([])
    await page.getByRole('button', { name: 'Kari Dahl (me)' }).waitFor()
    await page.keyboard.press('Enter')
    await until('somebody to have it', async () => (await rowOf(first)).assignee !== null)
    await page.getByRole('cell', { name: 'Kari Dahl' }).waitFor()
    await page.keyboard.press(' ')
    await page.getByRole('complementary', { name: 'The alert under the cursor' }).waitFor()
    expect(await seriousIn(page)).toEqual([])
    await page.keyboard.press('ArrowLeft')
    for (const key of ['j', 'x', 'k', 'm']) await page.keyboard.press(key)
    await until('the merge', async () => (await rowOf(second)).tab === 'merged')
    await page.getByText('+1 merged').waitFor()
    await page.keyboard.press('u')
    await until('the unmerge', async () => (await rowOf(second)).tab === 'needs')
    await page.keyboard.press('h')
    await page.getByRole('button', { name: 'Until evidence comes in' }).waitFor()
    await page.keyboard.press('e')
    await until('the snooze', async () => (await rowOf(first)).tab === 'snoozed')
    // At once, before the page has heard that it is asleep: it is this that is taken back, not the act before it.
    await page.keyboard.press('z')
    await until('the undo', async () => (await rowOf(first)).tab === 'needs')
    expect((await rowOf(second)).tab).toBe('needs')
    expect(problems).toEqual([])
    await context.close()
  })

  test('narrow by counts into the address, group in place, save a view for everybody', async () => {
    const { page, context, problems } = await as('lead')
    await page.keyboard.press('f')
    await page.getByRole('checkbox', { name: /^Beaconing/ }).check()
    await page.waitForURL(/rule=beaconing/)
    await until('two rows', async () => (await page.locator('table.queue tbody tr').count()) === 2)
    expect(await seriousIn(page)).toEqual([])
    await page.keyboard.press('v')
    await page.getByLabel('Name of this view').fill('Beacons')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Beacons', exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('b')
    const group = page.getByRole('button', { name: /Beaconing.*2 alerts/ })
    await group.click()
    await page.locator('.group-rows li').nth(1).waitFor()
    expect(await seriousIn(page)).toEqual([])
    expect(problems).toEqual([])
    await context.close()
  })

  test('groups are worked by keys as rows are: over them, into one, decided together, taken back', async () => {
    const { page, context, problems } = await as('lead')
    await page.keyboard.press('b')
    const group = page.getByRole('button', { name: /Beaconing.*2 alerts/ })
    await group.waitFor()
    // A key that is about a group says so while none has the focus, and acts on nothing that is not shown.
    await page.keyboard.press('4')
    await page.getByText('Move to a group with J first.').waitFor()
    expect(await page.getByRole('dialog').count()).toBe(0)
    for (let n = 0; n < ids.length && (await group.and(page.locator(':focus')).count()) === 0; n++)
      await page.keyboard.press('j')
    expect(await group.and(page.locator(':focus')).count()).toBe(1)
    await page.keyboard.press('Enter')
    await page.locator('.group-rows li').nth(1).waitFor()
    await page.keyboard.press('j')
    await page.locator('.group-rows li:first-child button:focus').waitFor()
    await page.keyboard.press('a')
    await page.getByLabel('To whom').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('.group-rows li:first-child button:focus').waitFor()
    await page.keyboard.press('k')
    await page.keyboard.press('4')
    await page.getByRole('dialog').getByText('Decide 2 alerts').waitFor()
    await page.getByRole('textbox', { name: 'Why' }).fill('Planned test, the whole group.')
    // What each would cite comes after the panel does; only then is it known whether anything is decided without evidence.
    await page.locator('.would li').nth(1).waitFor()
    const bare = page.getByRole('checkbox', { name: /without evidence/ })
    if ((await bare.count()) > 0) await bare.check()
    await page.getByRole('button', { name: 'Decide: tune the rule' }).click()
    const both = ids.slice(0, 2)
    await until('both', async () => (await Promise.all(both.map(rowOf))).every(({ outcome }) => outcome === 'tune'))
    await page.getByRole('button', { name: 'Undo' }).waitFor()
    await page.keyboard.press('z')
    await until('both back', async () => (await Promise.all(both.map(rowOf))).every(({ tab }) => tab === 'needs'))
    expect(await seriousIn(page)).toEqual([])
    expect(problems).toEqual([])
    await context.close()
  })

  test('who may only look is told so, and nothing is decided', async () => {
    const { page, context } = await as('auditor')
    await page.keyboard.press('4')
    await page.getByText('Your role may look').waitFor()
    expect(await page.getByRole('dialog').count()).toBe(0)
    await context.close()
  })
})
