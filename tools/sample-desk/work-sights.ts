import type { Page } from 'playwright-core'
import type { Seeded } from './seed.ts'
import type { Releases } from './seed-release.ts'
import { fromQueue, opening, type Sight } from './sight.ts'

/** What comes up while work is done: the queue in its other shapes, reviews, second releases, and what a server that is away looks like. */
export function workSights(seeded: Seeded, releases: Releases): Sight[] {
  const [, second = ''] = seeded.alerts
  return [
    ...queueSights,
    ...reviewSights,
    { name: 'alert-failed', path: `/alerts/${second}`, before: (page) => failing(page, '**/api/alerts/*') },
    { name: 'reply-second', path: `/replies/${releases.waits}`, as: 'approver' },
    { name: 'reply-second-mine', path: `/replies/${releases.waits}` },
    { name: 'reply-receipt', path: `/replies/${releases.left}` },
    { name: 'approvals-second', path: '/approvals', as: 'approver' },
    {
      name: 'context-asset-notes',
      path: '/context/assets?q=fin-app02',
      before: (page) => toFirst(page, 'assets'),
    },
    { name: 'context-person', path: '/context/people?q=weiss', before: (page) => toFirst(page, 'people') },
    {
      name: 'dialog-note-person',
      path: '/context/people?q=weiss',
      before: async (page) => {
        await toFirst(page, 'people')
        await opening(page, 'Write a note')
      },
    },
    {
      name: 'context-tuning-change',
      path: '/context/tuning',
      before: async (page) => {
        await page.getByRole('button', { name: 'What would not come any more' }).first().click()
        await page.getByText(/^In the last 90 days/).waitFor()
        await page
          .getByRole('button', { name: /^Propose a/ })
          .first()
          .click()
      },
    },
    {
      name: 'dialog-run-retry',
      path: `/runs/${seeded.runId}`,
      before: async (page) => {
        await page.locator('.step-line').nth(1).click()
        await opening(page, 'Retry from here')
      },
    },
    {
      name: 'dialog-webhook',
      path: '/settings/providers',
      as: 'administrator',
      before: (page) => opening(page, 'Take signed posts'),
    },
    {
      name: 'dialog-chat',
      path: '/settings/chat',
      as: 'administrator',
      before: (page) => opening(page, 'Add a channel'),
    },
  ]
}

const queueSights: readonly Sight[] = [
  {
    name: 'queue-groups',
    path: '/queue?tab=all&group=yes',
    before: (page) => page.locator('.group-head').first().click(),
  },
  {
    name: 'queue-narrow',
    path: '/queue?tab=all&level=critical',
    before: (page) => page.keyboard.press('f'),
  },
  {
    name: 'queue-beside',
    path: '/queue',
    before: async (page) => {
      await page.locator('table.queue tbody tr').first().waitFor()
      await page.keyboard.press(' ')
      await page.getByRole('link', { name: 'Open the alert' }).waitFor()
    },
  },
  {
    name: 'dialog-decide-many',
    path: '/queue',
    before: async (page) => {
      await page.locator('table.queue tbody tr').nth(3).waitFor()
      for (const key of ['x', 'j', 'x', 'j', 'x']) await page.keyboard.press(key)
      await fromQueue(page, '3')
      await page.locator('.would li').nth(1).waitFor()
    },
  },
  { name: 'queue-failed', path: '/queue', before: (page) => failing(page, '**/api/queue?*') },
]

const reviewSights: readonly Sight[] = ['', 'c', 'l'].map((key) => ({
  name: `dialog-review${key === '' ? '' : key === 'c' ? '-change' : '-let-go'}`,
  path: '/queue',
  before: async (page) => {
    await page.getByRole('list', { name: 'Expectations to review' }).waitFor()
    await page.keyboard.press('w')
    await page.getByRole('dialog').getByText('In the last 90 days', { exact: false }).waitFor()
    if (key !== '') await page.keyboard.press(key)
  },
}))

/** The page of the first row. */
async function toFirst(page: Page, noun: 'assets' | 'people'): Promise<void> {
  await page.locator(`a[href^="/context/${noun}/"]`).first().click()
  await page.getByRole('heading', { name: 'Notes' }).waitFor()
}

/** The server refuses what this page is of. */
async function failing(page: Page, what: string): Promise<void> {
  await page.route(what, (route) =>
    route.fulfill({
      status: 503,
      contentType: 'application/json',
      body: '{"code":"house.busy","says":"Too much in hand.","next":"Try again in a minute.","details":[]}',
    }),
  )
  await page.reload()
  await page.getByRole('alert').getByText('Too much in hand.').waitFor()
}
