import type { Page } from 'playwright-core'
import { mailBytes } from '../../test/desk.ts'
import { cases, mailOf } from './sample-mail.ts'
import type { Seeded } from './seed.ts'
import type { Links } from './seed-people.ts'
import type { Releases } from './seed-release.ts'
import { fromQueue, opening, type Sight } from './sight.ts'
import { workSights } from './work-sights.ts'

/** Every page and dialog, and how one comes there. */
export function sights(seeded: Seeded, links: Links, releases: Releases): Sight[] {
  const [first = '', , third = ''] = seeded.alerts
  return [
    ...workSights(seeded, releases),
    { name: 'sign-in', path: '/sign-in', as: 'nobody' },
    { name: 'queue', path: '/queue' },
    { name: 'queue-all', path: '/queue?tab=all' },
    { name: 'queue-waiting', path: '/queue?tab=asked' },
    { name: 'queue-empty', path: '/queue?tab=snoozed' },
    { name: 'tickets', path: '/tickets' },
    { name: 'ticket', path: `/alerts/${first}#ticket` },
    { name: 'settings-tickets', path: '/settings/tickets' },
    { name: 'settings-sign-off', path: '/settings/sign-off', as: 'administrator' },
    { name: 'settings-elsewhere', path: '/settings/elsewhere' },
    { name: 'settings-chat', path: '/settings/chat' },
    {
      name: 'alert',
      path: `/alerts/${first}`,
      before: async (page) => {
        // The page as it is opened, with an answer that says something.
        const owner = page.locator('.rung > .evidence', { hasText: 'Who owns this host?' }).first()
        await owner.locator('.evidence-open').click()
        await owner.getByRole('button', { name: 'Cite', exact: true }).click()
        await page.getByRole('radio', { name: /False alarm/ }).click()
        await page.locator('.sentence').scrollIntoViewIfNeeded()
        await page.evaluate('window.scrollTo(0, 0)')
      },
    },
    {
      name: 'alert-profiles',
      path: `/alerts/${first}`,
      before: (page) => page.locator('.profiles').scrollIntoViewIfNeeded(),
    },
    {
      name: 'alert-around',
      path: `/alerts/${first}`,
      before: async (page) => {
        await page.locator('.rung > .evidence').first().waitFor()
        for (const fold of await page.locator('.unasked summary').all()) await fold.click()
        await page.locator('.evidence', { hasText: 'Was a change' }).locator('.evidence-open').first().click()
        await page.getByRole('button', { name: 'Ask about 24h before and after the alert' }).scrollIntoViewIfNeeded()
      },
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
      name: 'reply-machine',
      path: `/replies/${seeded.decided}`,
      before: (page) => page.getByText('For machines', { exact: true }).click(),
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
    {
      name: 'audit-sample',
      path: '/ledger/audit',
      as: 'auditor',
      before: async (page) => {
        await page.getByLabel('Seed').fill('lottery of 27 November')
        await page.getByRole('button', { name: 'Draw', exact: true }).click()
        await page.locator('main table, main ol').first().waitFor()
      },
    },
    { name: 'what-left', path: '/ledger/left' },
    {
      name: 'what-left-pack',
      path: '/context/packs',
      before: async (page) => {
        const mail = page.getByRole('button', { name: /^Mail version/ })
        if ((await mail.count()) > 0) await mail.first().click()
        await page.goto(`${new URL(page.url()).origin}/ledger/left`)
        await page.locator('main table tbody tr').first().waitFor()
      },
    },
    { name: 'search', path: '/search?q=halden' },
    { name: 'search-help', path: '/search' },
    {
      name: 'palette',
      path: '/queue',
      before: async (page) => {
        await page.keyboard.press('Control+k')
        await page.getByRole('dialog').getByRole('combobox').waitFor()
        await page.keyboard.type('halden')
        await page.getByRole('group', { name: 'Assets' }).waitFor()
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
    { name: 'x-ray-result', path: '/x-ray', before: dropMail },
    { name: 'ledger', path: '/ledger' },
    { name: 'settings-providers', path: '/settings/providers' },
    { name: 'settings-connectors', path: '/settings/connectors', as: 'administrator' },
    {
      name: 'settings-coverage',
      path: '/settings/connectors',
      before: (page) => page.getByRole('heading', { name: /^Coverage/ }).scrollIntoViewIfNeeded(),
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
      name: 'context-lists-file',
      path: '/context/lists',
      before: async (page) => {
        const text = 'Hostname;IP;Owner;Wert\nfin-app02;192.0.2.21;Mara Weiss;7\nnew-01;192.0.2.222;Tor Aasen;8\n'
        await page
          .locator('input[type=file]')
          .first()
          .setInputFiles({ name: 'cmdb.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
        await page.getByText('can be taken').waitFor()
        await page.getByText('cmdb.csv').scrollIntoViewIfNeeded()
      },
    },
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
    { name: 'settings-mail-keys', path: '/settings/mail-keys', as: 'administrator' },
    {
      name: 'settings-config',
      path: '/settings/config',
      as: 'administrator',
      before: async (page) => {
        const yaml = page.getByLabel('The settings as YAML')
        await yaml.fill((await yaml.inputValue()).replace(/replyHoldSeconds: .*/, 'replyHoldSeconds: 120'))
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
    { name: 'dialog-remember', path: `/alerts/${third}`, before: (page) => fromAlert(page, 'Remember this') },
    { name: 'dialog-note', path: `/alerts/${third}`, before: (page) => fromAlert(page, 'Write a note') },
    {
      name: 'dialog-run-cancel',
      path: `/runs/${seeded.runId}`,
      before: (page) => opening(page, 'Cancel'),
    },
    { name: 'dialog-quarantine', path: '/quarantine', before: (page) => opening(page, 'Release') },
    {
      name: 'dialog-provider',
      path: '/settings/providers',
      as: 'administrator',
      before: (page) => opening(page, 'Add a provider'),
    },
    {
      name: 'dialog-door',
      path: '/settings/providers',
      as: 'administrator',
      before: (page) => opening(page, 'Their analysts'),
    },
    {
      name: 'dialog-own-mail-key',
      path: '/settings/mail-keys',
      as: 'administrator',
      before: (page) => opening(page, 'Add a key of ours'),
    },
    {
      name: 'dialog-their-mail-key',
      path: '/settings/providers',
      as: 'administrator',
      before: (page) => opening(page, 'Add a key of theirs'),
    },
    {
      name: 'dialog-door-key',
      path: '/settings/providers',
      as: 'administrator',
      before: async (page) => {
        await opening(page, 'Their analysts')
        await page.getByRole('button', { name: 'Make a key…' }).click()
        await page.getByLabel('Which system of theirs').waitFor()
      },
    },
    {
      name: 'dialog-connector',
      path: '/settings/connectors',
      as: 'administrator',
      before: (page) => opening(page, 'Add a connector'),
    },
    {
      name: 'dialog-connector-form',
      path: '/settings/connectors',
      as: 'administrator',
      before: async (page) => {
        await opening(page, 'Add a connector')
        await page.getByRole('dialog').getByRole('combobox').first().click()
        await page.getByRole('option', { name: /LDAP/ }).first().click()
        await page.getByLabel('Server').first().waitFor()
      },
    },
    {
      name: 'dialog-elsewhere',
      path: '/settings/elsewhere',
      as: 'administrator',
      before: (page) => opening(page, 'Add a system'),
    },
    {
      name: 'dialog-provider-api',
      path: '/settings/elsewhere',
      as: 'administrator',
      before: async (page) => {
        await opening(page, 'Add a system')
        const dialog = page.getByRole('dialog')
        await dialog.getByRole('combobox', { name: 'Kind' }).click()
        await page.getByRole('option', { name: /own API/ }).click()
        await dialog.getByRole('combobox', { name: 'Their API' }).click()
        await page.getByRole('option', { name: /Defender/ }).click()
        await dialog.getByText('Ours to theirs: what an answer sets').waitFor()
      },
    },
    {
      name: 'dialog-user-passkeys',
      path: '/settings/users',
      as: 'administrator',
      before: (page) => opening(page, 'Passkeys of'),
    },
    { name: 'dialog-reader', path: '/settings/readers', before: (page) => opening(page, 'Import YAML') },
    { name: 'dialog-pack', path: '/context/packs', before: (page) => opening(page, 'Change') },
    {
      name: 'dialog-log-source',
      path: '/logs/sources',
      as: 'administrator',
      before: (page) => opening(page, 'Add a source'),
    },
    { name: 'context-expectations', path: '/context/expectations' },
    { name: 'context-tuning', path: '/context/tuning' },
    { name: 'stale', path: '/tickets', before: losingIt },
    { name: 'owned', path: '/mine', as: 'asset-owner' },
    { name: 'portal', path: '/portal', as: 'provider-analyst' },
    {
      name: 'portal-ticket',
      path: '/portal',
      as: 'provider-analyst',
      before: async (page) => {
        await page.locator('table.plain a').first().click()
        await page.getByText('As you sent it').waitFor()
      },
    },
    { name: 'my-approvals', path: '/approvals' },
    { name: 'approve', path: links.approval, as: 'nobody' },
    { name: 'approve-for-somebody', path: links.standIn, as: 'nobody' },
    { name: 'run-asked', path: links.run, before: (page) => page.locator('.step-line').nth(1).click() },
    { name: 'approve-refuse', path: links.approval, as: 'nobody', before: (page) => page.getByText('Ask…').click() },
    { name: 'approve-signed', path: links.signed, as: 'nobody' },
    { name: 'question', path: links.question, as: 'nobody' },
    { name: 'question-unknown', path: `/q/${'x'.repeat(43)}`, as: 'nobody' },
    { name: 'nowhere', path: '/nowhere' },
  ]
}

async function fromAlert(page: Page, name: string): Promise<void> {
  await page.locator('.rung').first().waitFor()
  await opening(page, name)
}

/** An account, one key of it, and the form for the next. */
async function openKeyForm(page: Page): Promise<void> {
  const open = async () => page.getByRole('button', { name: 'Make a key…' }).first().click()
  if ((await page.getByRole('button', { name: 'Make a key…' }).count()) === 0) {
    await page.getByLabel('Which program').fill('CMDB sync')
    await page.getByRole('button', { name: 'Make the account' }).click()
    await open()
    await page.getByLabel('What uses it').fill('nightly import')
    await page.getByLabel('See the queue and alerts').check()
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

async function dropMail(page: Page): Promise<void> {
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
}

/** What was read is asked for again after five seconds, when somebody comes back to the tab. */
const freshMs = 5_200

/** A page that stands, and is asked for again when nobody answers any more. */
async function losingIt(page: Page): Promise<void> {
  await page.locator('table tbody tr').first().waitFor()
  await page.route('**/api/tickets*', (route) => route.abort())
  await page.waitForTimeout(freshMs)
  await page.evaluate("window.dispatchEvent(new Event('visibilitychange'))")
  await page.getByText('What you see was read').waitFor()
}
