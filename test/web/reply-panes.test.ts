import { expect, test } from 'vitest'
import { apiAs } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'
import { answerForTwo, replyPage } from '../release-desk.ts'

const { desk, pageAs } = await pagesHere()

test('what is written, what leaves and what is reviewed scroll together, whichever of them is moved', async () => {
  const { page, context, cookie } = await pageAs('lead', { viewport: { width: 1440, height: 600 } })
  const lines = Array.from({ length: 60 }, (_, at) => `Seen on 10.20.30.${at + 1}, and on no other machine of ours.`)
  const replyId = await answerForTwo(desk, cookie)
  const { version } = (await replyPage(desk, cookie, replyId)).reply
  await apiAs(desk, cookie, 'POST', `/api/replies/${replyId}/text`, { text: lines.join('\n\n'), version })
  await page.goto(`${desk.origin}/replies/${replyId}`)
  await page.locator('.span-row').nth(50).waitFor()
  const panes = page.locator('[data-scrolls]')
  await panes.nth(2).waitFor()
  const shares = () =>
    panes.evaluateAll((all) =>
      all.map((one) => Math.round((100 * one.scrollTop) / (one.scrollHeight - one.clientHeight))),
    )
  const move = (pane: number, share: number) =>
    panes.nth(pane).evaluate((one, to) => {
      one.scrollTop = to * (one.scrollHeight - one.clientHeight)
    }, share)

  expect(await shares()).toEqual([0, 0, 0])
  await move(0, 1)
  await expect.poll(shares).toEqual([100, 100, 100])
  await move(2, 0)
  await expect.poll(shares).toEqual([0, 0, 0])
  await move(1, 0.5)
  await expect.poll(async () => (await shares()).every((share) => Math.abs(share - 50) <= 2)).toBe(true)
  await context.close()
}, 60_000)
