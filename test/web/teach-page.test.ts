import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { seriousIn } from '../axe.ts'
import { addProvider, post, until } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'

const { database, desk, pageAs } = await pagesHere()
let alertId: string

const bodyOf = (nr: string, host: string) =>
  `our sensor on <${host}> has said: "Beacon to a rare name"!\nWatch-Kennung :: ${nr}\nGrade // high\n\n<script>document.title = 'run'</script>\n`

beforeAll(async () => {
  const key = await addProvider(desk)
  const first = await post(desk, key, { subject: 'Watch out', body: bodyOf('W-2025/118', 'ws-1182') })
  alertId = await opened(first)
  await opened(await post(desk, key, { subject: 'Watch again', body: bodyOf('W-2025/119', 'dc-01') }))
}, 600_000)

/** The alert of a message, whatever was read in it. */
const opened = (messageId: string) =>
  until('the message to be read', async () => {
    const row = await database.db
      .selectFrom('message')
      .select('alert_id')
      .where('id', '=', messageId)
      .executeTakeFirst()
    return row?.alert_id ?? null
  })

/** Selects a stretch of the text as a hand with a mouse does. */
async function drag(page: Page, words: string): Promise<void> {
  // A text: this file is checked without the names of the browser.
  const box = (await page.evaluate(`(() => {
    const walker = document.createTreeWalker(document.querySelector('.message-text'), NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const at = node.textContent.indexOf(${JSON.stringify(words)})
      if (at < 0) continue
      const range = document.createRange()
      range.setStart(node, at)
      range.setEnd(node, at + ${words.length})
      const { left, right, top, height } = range.getBoundingClientRect()
      return { left, right, middle: top + height / 2 }
    }
    return null
  })()`)) as { left: number; right: number; middle: number } | null
  if (box === null) throw new Error(`${words} is not on the page`)
  await page.mouse.move(box.left + 1, box.middle)
  await page.mouse.down()
  await page.mouse.move(box.right - 1, box.middle, { steps: 5 })
  await page.mouse.up()
}

test('a reader is taught by marking, tested, saved, and switched off again', { timeout: 120_000 }, async () => {
  const { page, context, problems } = await pageAs('lead')
  await page.goto(`${desk.origin}/alerts/${alertId}`)
  await page.getByText('1 message', { exact: true }).click()
  await page.getByRole('link', { name: 'Teach a reader' }).click()
  await page.getByRole('heading', { name: 'Teach a reader' }).waitFor()
  // What a stranger wrote is text here, too.
  expect(await page.title()).not.toBe('run')
  expect(await seriousIn(page)).toEqual([])

  await page.getByRole('radio', { name: 'Ticket', exact: true }).click()
  await drag(page, 'W-2025/118')
  expect(await page.getByLabel('Value of Ticket').inputValue()).toBe('W-2025/118')
  // By keyboard: the value is typed, and its first place in the text is taken.
  await page.getByLabel('Value of Rule').fill('Beacon to a rare name')
  await page.getByLabel('Value of Host').fill('ws-1182')
  await page.getByLabel('Value of Account').fill('nobody at all')
  await page.getByText('This is nowhere in the message').waitFor()
  await page.getByLabel('Value of Severity').fill('high')
  for (const clear of ['Source', 'Destination', 'Account', 'Status'])
    if (await page.getByRole('button', { name: `Clear ${clear}` }).isVisible())
      await page.getByRole('button', { name: `Clear ${clear}` }).click()
  await page.getByLabel('Its id').fill('northwatch-watch')
  await page.getByRole('button', { name: 'Make the reader, and test it' }).click()
  await page.getByText('2 of 2 green').waitFor()
  expect(await seriousIn(page)).toEqual([])

  const yaml = page.getByLabel('The reader, as YAML')
  const made = await yaml.inputValue()
  await yaml.fill(made.replace('reader: 1', 'reader: 7'))
  await page.getByRole('button', { name: 'Test again' }).click()
  await page.getByText('Line 1:').waitFor()
  await yaml.fill(made)
  await page.getByRole('button', { name: 'Test again' }).click()
  await page.getByText('2 of 2 green').waitFor()
  await page.getByRole('button', { name: 'Save and switch on' }).click()
  await page.getByRole('link', { name: 'All taught readers' }).click()
  await page.getByRole('heading', { name: 'northwatch-watch' }).waitFor()
  expect(await seriousIn(page)).toEqual([])
  await page.getByLabel('Reads what comes').click()
  await page.getByText('version 2').waitFor()
  const row = await database.db.selectFrom('taught_reader').select(['switched_on', 'version']).executeTakeFirst()
  expect(row).toEqual({ switched_on: false, version: 2 })
  expect(problems).toEqual([])
  await context.close()
})
