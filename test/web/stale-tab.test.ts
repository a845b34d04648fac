import { expect, test } from 'vitest'
import { signedIn } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'

const { desk, pageAs } = await pagesHere()

test('the stream of news says which pages the server hands out', async () => {
  const { cookie } = await signedIn(desk, 'analyst')
  const response = await fetch(`${desk.origin}/api/live`, { headers: { cookie } })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let heard = ''
  while (!heard.includes('build:')) heard += (await reader?.read())?.value ?? ''
  expect(heard).toMatch(/data: "build:[0-9a-f]{16}"/)
  await reader?.cancel()
})

test('a tab from before an upgrade says so and is reloaded by hand, never by itself', { timeout: 60_000 }, async () => {
  const { page, context } = await pageAs('lead')
  let build = 'a'
  await page.route('**/api/live', (route) =>
    route.fulfill({
      contentType: 'text/event-stream',
      body: `retry: 100\ndata: "hello"\n\ndata: "build:${build}"\n\n`,
    }),
  )
  const heard = () => page.waitForResponse('**/api/live')
  const first = heard()
  await page.goto(`${desk.origin}/queue`)
  await first
  await heard()
  const says = page.getByText('Counterfoil was brought up to date', { exact: false })
  expect(await says.count()).toBe(0)
  build = 'b'
  await says.waitFor()
  const filter = page.getByRole('textbox', { name: 'Filter the queue' })
  await filter.fill('half a sentence')
  expect(await filter.inputValue()).toBe('half a sentence')
  const again = page.waitForEvent('load')
  await page.getByRole('button', { name: 'Reload' }).click()
  await again
  await heard()
  expect(await says.count()).toBe(0)
  await context.close()
})

test.each(['js', 'css'])(
  'a page whose %s is of the version before says so, and is loaded anew by hand',
  {
    timeout: 60_000,
  },
  async (ending) => {
    const { page, context } = await pageAs('lead')
    await page.goto(`${desk.origin}/queue`)
    await page.getByRole('textbox', { name: 'Filter the queue' }).waitFor()
    // The router loads a page anew by itself once, when its script is gone.
    await page.evaluate(() => {
      Storage.prototype.getItem = (key: string) => (key.startsWith('tanstack_router_reload:') ? '1' : null)
    })
    await page.route(`**/assets/*.${ending}`, (route) => route.fulfill({ status: 404, body: '{}' }))
    await page.getByRole('link', { name: 'Logs', exact: true }).click()
    await page.getByText('Load the page again', { exact: false }).waitFor()
    expect(await page.getByRole('heading', { name: 'Logs' }).count()).toBe(0)
    await page.unroute(`**/assets/*.${ending}`)
    const again = page.waitForEvent('load')
    await page.getByRole('button', { name: 'Try again' }).click()
    await again
    await page.getByRole('heading', { name: 'Logs' }).waitFor()
    await context.close()
  },
)
