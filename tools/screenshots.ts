import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { openPage, startBrowser } from '../test/browser.ts'
import { type Desk, mailBytes, startDesk } from '../test/desk.ts'
import { cases, mailOf } from './sample-desk/sample-mail.ts'
import { type Seeded, seed, shiftedClock } from './sample-desk/seed.ts'
import { seedIntelligence } from './sample-desk/seed-intelligence.ts'
import { seedLogs } from './sample-desk/seed-logs.ts'
import { seedPack } from './sample-desk/seed-pack.ts'
import { seedVulnerabilities } from './sample-desk/seed-vulnerabilities.ts'

/** Shoots every page at a desk's and a phone's size, light and dark, from a house with two weeks of made-up mail. */
const folder = path.resolve('screenshots')
const sizes = [
  { name: 'desk', viewport: { width: 1440, height: 900 } },
  { name: 'phone', viewport: { width: 390, height: 844 } },
] as const
const schemes = ['light', 'dark'] as const

type Shot = {
  readonly name: string
  readonly path: string
  readonly before?: (page: Page) => Promise<void>
  /** Who looks; a lead where nothing is said. */
  readonly as?: 'administrator' | 'asset-owner' | 'provider-analyst' | 'auditor'
}

function shots(seeded: Seeded): Shot[] {
  const [first = '', , third = ''] = seeded.alerts
  return [
    { name: 'queue', path: '/queue' },
    { name: 'queue-all', path: '/queue?tab=all' },
    { name: 'queue-empty', path: '/queue?tab=asked' },
    { name: 'tickets', path: '/tickets' },
    { name: 'ticket', path: `/alerts/${first}#ticket` },
    { name: 'settings-tickets', path: '/settings/tickets' },
    { name: 'settings-elsewhere', path: '/settings/elsewhere' },
    {
      name: 'alert',
      path: `/alerts/${first}`,
      before: async (page) => {
        await page.locator('.rung > .evidence .evidence-open').first().click()
        await page.locator('.rung > .evidence').getByRole('button', { name: 'Cite', exact: true }).first().click()
        await page.getByRole('radio', { name: /False alarm/ }).click()
      },
    },
    {
      name: 'alert-profiles',
      path: `/alerts/${first}`,
      before: (page) => page.locator('.profiles').scrollIntoViewIfNeeded(),
    },
    { name: 'alert-second', path: `/alerts/${third}` },
    {
      name: 'alert-message',
      path: `/alerts/${first}`,
      before: (page) => page.getByText('1 message', { exact: true }).click(),
    },
    {
      name: 'reply',
      path: `/replies/${seeded.decided}`,
      before: async (page) => {
        await page.waitForSelector('.span-row')
        await page.keyboard.press('y')
        await page.waitForTimeout(300)
      },
    },
    {
      name: 'reply-mime',
      path: `/replies/${seeded.decided}`,
      before: (page) => page.getByText('The bytes', { exact: true }).click(),
    },
    { name: 'run', path: `/runs/${seeded.runId}`, before: (page) => page.locator('.step-line').nth(1).click() },
    { name: 'start', path: '/start', as: 'administrator' },
    { name: 'handover', path: '/handover' },
    { name: 'audit', path: '/ledger/audit', as: 'auditor' },
    { name: 'what-left', path: '/ledger/left' },
    { name: 'search', path: '/search?q=halden' },
    { name: 'search-help', path: '/search' },
    {
      name: 'palette',
      path: '/queue',
      before: async (page) => {
        await page.keyboard.press('Control+k')
        await page.keyboard.type('halden')
        await page.getByRole('group', { name: 'Alerts' }).waitFor()
      },
    },
    { name: 'quarantine', path: '/quarantine' },
    { name: 'teach', path: `/alerts/${first}`, before: openTeaching },
    {
      name: 'teach-made',
      path: `/alerts/${first}`,
      before: async (page) => {
        await openTeaching(page)
        await page.getByRole('button', { name: /Make the reader/ }).click()
        await page.waitForSelector('.teach-bar')
        await page.locator('.teach-rows summary').first().click()
        await page.getByRole('button', { name: 'Save and switch on' }).click()
        await page.getByText('All taught readers').waitFor()
      },
    },
    { name: 'settings-readers', path: '/settings/readers' },
    { name: 'logs', path: '/logs' },
    { name: 'logs-search', path: '/logs?q=dst_port:443&from=-24h' },
    {
      name: 'logs-line',
      path: '/logs?q=action:denied&from=-24h',
      before: async (page) => {
        await page.locator('.event-line').nth(2).click()
        await page.getByRole('button', { name: 'Lines before and after' }).click()
        await page.waitForSelector('.context .event')
      },
    },
    { name: 'logs-unread', path: '/logs?q=NOT%20parser:*' },
    { name: 'logs-wrong', path: `/logs?q=${encodeURIComponent('action:denied (user:mweiss')}` },
    {
      name: 'logs-completions',
      path: '/logs',
      before: async (page) => {
        await page.locator('#log-query').pressSequentially('dst')
        await page.keyboard.press('ArrowDown')
      },
    },
    {
      name: 'logs-hunt',
      path: '/logs/hunt',
      before: async (page) => {
        await page.locator('textarea').first().fill('203[.]0[.]113[.]77\nupdate.example.net\n198.51.100.250\n')
        await page.getByRole('button', { name: 'Hunt', exact: true }).click()
        await page.waitForSelector('.hunt-result')
      },
    },
    {
      name: 'logs-sources',
      path: '/logs/sources',
      before: (page) => page.locator('.source-name').first().click(),
    },
    { name: 'logs-detections', path: '/logs/detections' },
    { name: 'context-vulnerabilities', path: '/context/vulnerabilities' },
    { name: 'context-vulnerability-cve', path: '/context/vulnerabilities?cve=CVE-2026-10001' },
    { name: 'context-vulnerability-machine', path: '/context/vulnerabilities?machine=FIN-APP02' },
    { name: 'x-ray', path: '/x-ray' },
    { name: 'ledger', path: '/ledger' },
    { name: 'settings-providers', path: '/settings/providers' },
    { name: 'settings-connectors', path: '/settings/connectors', as: 'administrator' },
    {
      name: 'settings-coverage',
      path: '/settings/connectors',
      before: (page) => page.locator('table.heat').scrollIntoViewIfNeeded(),
    },
    { name: 'context-assets', path: '/context/assets' },
    {
      name: 'context-asset',
      path: '/context/assets',
      before: async (page) => {
        await page.locator('.context-table a').first().click()
        await page.waitForSelector('.facts-table')
        await page.getByRole('button', { name: 'Change: Criticality' }).click()
      },
    },
    { name: 'context-people', path: '/context/people' },
    { name: 'context-networks', path: '/context/networks' },
    { name: 'context-calendar', path: '/context/calendar' },
    { name: 'context-lists', path: '/context/lists' },
    {
      name: 'alert-ask-by-chat',
      path: `/alerts/${third}`,
      before: async (page) => {
        await page.getByRole('button', { name: 'Ask by chat…' }).click()
        await page.getByLabel('Whose answer it will be').waitFor()
      },
    },
    { name: 'context-packs', path: '/context/packs' },
    {
      name: 'context-pack-review',
      path: '/context/packs',
      before: async (page) => {
        await page.getByRole('button', { name: 'Review what would leave' }).click()
        await page.getByText('Under a pseudonym').waitFor()
      },
    },
    { name: 'context-sources', path: '/context/sources' },
    { name: 'context-intelligence', path: '/context/intelligence?q=203.0.113.66' },
    {
      name: 'settings-playbooks',
      path: '/settings/playbooks',
      before: async (page) => {
        await page.getByRole('button', { name: 'Try it on the last 30 days' }).first().click()
        await page.getByText('cannot tell').first().waitFor()
        await page.getByRole('button', { name: 'Show its steps' }).first().click()
        await page.waitForTimeout(400)
      },
    },
    { name: 'settings-house', path: '/settings/house' },
    {
      name: 'settings-config',
      path: '/settings/config',
      as: 'administrator',
      before: async (page) => {
        const yaml = page.getByLabel('The settings as YAML')
        await yaml.fill((await yaml.inputValue()).replace('replyHoldSeconds: null', 'replyHoldSeconds: 120'))
        await page.getByRole('button', { name: 'Show what it would change' }).click()
        await page.getByRole('region', { name: 'What would change' }).waitFor()
      },
    },
    { name: 'settings-sources', path: '/settings/sources', as: 'administrator' },
    { name: 'settings-users', path: '/settings/users', as: 'administrator' },
    { name: 'settings-api-keys', path: '/settings/api-keys', as: 'administrator', before: openKeyForm },
    { name: 'settings-me', path: '/settings/me' },
    { name: 'keys', path: '/queue', before: (page) => page.keyboard.press('?') },
    { name: 'dialog-decide', path: '/queue?tab=all', before: (page) => fromQueue(page, '3') },
    { name: 'dialog-assign', path: '/queue?tab=all', before: (page) => fromQueue(page, 'a') },
    { name: 'dialog-snooze', path: '/queue?tab=all', before: (page) => fromQueue(page, 'h') },
    { name: 'dialog-views', path: '/queue?tab=all', before: (page) => fromQueue(page, 'v') },
    {
      name: 'dialog-playbook',
      path: `/alerts/${third}`,
      before: async (page) => {
        await page.getByRole('button', { name: 'Run playbook…' }).first().click()
        await page.getByRole('dialog').waitFor()
      },
    },
    { name: 'owned', path: '/mine', as: 'asset-owner' },
    { name: 'portal', path: '/portal', as: 'provider-analyst' },
  ]
}

/** A dialog of the queue, for its first row. */
async function fromQueue(page: Page, key: string): Promise<void> {
  await page.locator('table.queue tbody tr').first().waitFor()
  await page.keyboard.press('j')
  await page.keyboard.press(key)
  await page.getByRole('dialog').waitFor()
}

/** An account, one key of it, and the form for the next. */
async function openKeyForm(page: Page): Promise<void> {
  const open = async () => page.getByRole('button', { name: 'Make a key…' }).first().click()
  if ((await page.getByRole('button', { name: 'Make a key…' }).count()) === 0) {
    await page.getByLabel('Which program').fill('CMDB sync')
    await page.getByRole('button', { name: 'Make the account' }).click()
    await open()
    await page.getByLabel('What uses it').fill('nightly import')
    await page.getByLabel('Bring in assets, people and lists').check()
    await page.getByRole('button', { name: 'Make the key' }).click()
    await page.locator('.secret-shown').waitFor()
    return
  }
  await open()
  await page.getByLabel('What uses it').fill('Monitoring')
}

/** From an alert to the page where a reader is taught on its first message. */
async function openTeaching(page: Page): Promise<void> {
  await page.getByText('1 message', { exact: true }).click()
  await page.getByRole('link', { name: 'Teach a reader' }).click()
  await page.waitForSelector('.teach-field')
}

async function shoot(browser: Browser, desk: Desk, seeded: Seeded, only: string | undefined): Promise<void> {
  for (const size of sizes) {
    for (const scheme of schemes) {
      const { page, context, problems } = await openPage(browser, { viewport: size.viewport, colorScheme: scheme })
      const take = async (name: string) => {
        await page.waitForTimeout(350)
        await page.screenshot({ path: path.join(folder, `${name}-${size.name}-${scheme}.png`) })
      }
      if (only === undefined || only === 'sign-in') {
        await page.goto(`${desk.origin}/sign-in`)
        await page.waitForSelector('h1')
        await take('sign-in')
      }
      for (const shot of shots(seeded)) {
        if (only !== undefined && !shot.name.startsWith(only)) continue
        const value = shot.as === undefined ? seeded.token : seeded.tokens[shot.as]
        await context.addCookies([{ name: 'counterfoil', value, url: desk.origin, httpOnly: true, sameSite: 'Strict' }])
        await page.goto(`${desk.origin}${shot.path}`)
        await page.waitForSelector('h1')
        await page.waitForTimeout(250)
        await shot.before?.(page)
        await take(shot.name)
      }
      if (only === undefined || only === 'x-ray') await shootXray(page, desk, take)
      if (problems.length > 0) throw new Error(`the browser complained:\n${problems.join('\n')}`)
      await context.close()
    }
  }
}

async function shootXray(page: Page, desk: Desk, take: (name: string) => Promise<void>): Promise<void> {
  await page.goto(`${desk.origin}/x-ray`)
  const files = Array.from({ length: 30 }, (_, index) => {
    const one = cases[[0, 1, 1, 2, 1, 3, 4, 6][index % 8] ?? 0] ?? cases[0]
    if (one === undefined) throw new Error('no case')
    const at = new Date(Date.now() - index * 9 * 3600_000)
    return {
      name: `mail-${index}.eml`,
      mimeType: 'message/rfc822',
      buffer: mailBytes(mailOf(one, `NW-${3000 + index}`, at)),
    }
  })
  await page.getByTestId('files').setInputFiles(files)
  await page.waitForSelector('.story')
  await take('x-ray-result')
}

const dataFolder = await mkdtemp(path.join(tmpdir(), 'counterfoil-shots-'))
const clock = shiftedClock()
await mkdir(folder, { recursive: true })
const desk = await startDesk({ databaseUrl: null, dataFolder, clock })
const browser = await startBrowser()
try {
  const seeded = await seed(desk, clock)
  await seedVulnerabilities(desk)
  await seedLogs(desk, seeded.cookie)
  await seedPack(desk, seeded.cookie)
  await seedIntelligence(desk.running.database.db, clock)
  await shoot(browser, desk, seeded, process.argv[2])
  process.stderr.write(`Screenshots are in ${folder}\n`)
} finally {
  await browser.close()
  await desk.stop()
  await rm(dataFolder, { recursive: true, force: true })
}
