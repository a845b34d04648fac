import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { openPage, startBrowser } from '../test/browser.ts'
import { type Desk, sessionCookie, startDesk } from '../test/desk.ts'
import { startTimeAuthority } from '../test/time-authority.ts'
import { administratorOf, type Seeded, seed, shiftedClock } from './sample-desk/seed.ts'
import { seedIntelligence } from './sample-desk/seed-intelligence.ts'
import { seedMailKeys, seedStamp } from './sample-desk/seed-keys.ts'
import { seedLogs } from './sample-desk/seed-logs.ts'
import { seedMemory } from './sample-desk/seed-memory.ts'
import { seedPack } from './sample-desk/seed-pack.ts'
import { type Links, samplePlaybook, seedPeople } from './sample-desk/seed-people.ts'
import { type Releases, seedRelease } from './sample-desk/seed-release.ts'
import { seedVulnerabilities } from './sample-desk/seed-vulnerabilities.ts'
import type { Sight } from './sample-desk/sight.ts'
import { sights } from './sample-desk/sights.ts'

/** Shoots every page at a desk's and a phone's size, light and dark, from a house with two weeks of made-up mail. */
const folder = path.resolve('screenshots')
const sizes = [
  { name: 'desk', viewport: { width: 1440, height: 900 } },
  { name: 'phone', viewport: { width: 390, height: 844 } },
] as const
const schemes = ['light', 'dark'] as const

/** A page that has not come by then will not; the slowest took 4 s on a busy machine. */
const shotMsMax = 20_000
/** For what fades in, and for the skeletons that wait 300 ms. */
const settleMs = 350

/** `token`: of the session that looks; null: nobody signed in. */
type Shot = Sight & { readonly token: string | null }

/** What stops one picture never stops the others; each is named at the end. */
async function tryTo(name: string, failed: string[], take: () => Promise<void>): Promise<void> {
  try {
    await take()
  } catch (error) {
    failed.push(`${name}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`)
    process.stderr.write(`failed: ${failed.at(-1)}\n`)
  }
}

type Place = { readonly size: (typeof sizes)[number]; readonly scheme: (typeof schemes)[number] }

/** A profile of its own for every picture, so that what one leaves open is not in the next. */
async function shoot(
  browser: Browser,
  desk: Desk,
  { size, scheme }: Place,
  wanted: readonly Shot[],
  failed: string[],
): Promise<number> {
  let taken = 0
  for (const shot of wanted) {
    const name = `${shot.name}-${size.name}-${scheme}`
    const { page, context, problems } = await openPage(browser, { viewport: size.viewport, colorScheme: scheme })
    page.setDefaultTimeout(shotMsMax)
    await tryTo(name, failed, async () => {
      if (shot.token !== null) await context.addCookies([sessionCookie(desk, shot.token)])
      await page.goto(`${desk.origin}${shot.path}`)
      await page.locator('h1').first().waitFor()
      await page.waitForLoadState('networkidle')
      const wrong = await shot.before?.(page).then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
      )
      await page.waitForTimeout(settleMs)
      // Taken even where the way there failed: the picture shows why.
      await capture(page, name, size.name)
      taken++
      if (wrong !== undefined) throw wrong
      const wide = await sidewaysPx(page)
      if (wide > 1) throw new Error(`scrolls ${wide} px sideways: ${await beyondEdge(page)}`)
      if (problems.length > 0) throw new Error(`the browser complained: ${problems.join('; ')}`)
    })
    await context.close()
  }
  return taken
}

/** A phone's picture is the whole page, as far down as anyone scrolls; a desk's is the screen, and the whole page beside it. */
async function capture(page: Page, name: string, size: 'desk' | 'phone'): Promise<void> {
  const tall = Number(await page.evaluate('document.documentElement.scrollHeight'))
  const width = page.viewportSize()?.width ?? 0
  const height = page.viewportSize()?.height ?? 0
  await page.screenshot({ path: path.join(folder, `${name}.png`) })
  if (tall <= height + 40) return
  await page.screenshot({
    path: path.join(folder, `${name}-whole.png`),
    fullPage: true,
    clip: { x: 0, y: 0, width, height: Math.min(tall, height * (size === 'phone' ? 5 : 3)) },
  })
}

async function sidewaysPx(page: Page): Promise<number> {
  return Number(await page.evaluate('document.scrollingElement.scrollWidth - document.documentElement.clientWidth'))
}

/** What stands beyond the right edge, the innermost first. */
async function beyondEdge(page: Page): Promise<string> {
  return String(
    await page.evaluate(`(() => {
      const edge = document.documentElement.clientWidth + 1
      const out = [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > edge)
      return out.slice(-3).reverse().map((one) => one.tagName + '.' + one.className).join(', ')
    })()`),
  )
}

function shots(seeded: Seeded, links: Links, releases: Releases, only: readonly string[]): Shot[] {
  return sights(seeded, links, releases)
    .filter(({ name }) => only.length === 0 || only.some((beginning) => name.startsWith(beginning)))
    .map((sight) => ({ ...sight, token: sight.as === 'approver' ? releases.approverToken : tokenOf(seeded, sight.as) }))
}

function tokenOf(seeded: Seeded, as: Exclude<Sight['as'], 'approver'>): string | null {
  if (as === undefined) return seeded.token
  return as === 'nobody' ? null : seeded.tokens[as]
}

const dataFolder = await mkdtemp(path.join(tmpdir(), 'counterfoil-shots-'))
const clock = shiftedClock()
await mkdir(folder, { recursive: true })
const playbooks = await samplePlaybook()
const authority = await startTimeAuthority()
const timestamps = { url: authority.url, caFile: authority.caFile, everyHours: 168, allowAddresses: ['127.0.0.1'] }
const desk = await startDesk({ databaseUrl: null, dataFolder, clock, config: { playbooks: [playbooks], timestamps } })
const browser = await startBrowser()
try {
  await seedStamp(desk, (await administratorOf(desk)).cookie)
  const seeded = await seed(desk, clock)
  await seedVulnerabilities(desk)
  await seedLogs(desk, seeded.cookie)
  await seedPack(desk, seeded.cookie)
  await seedIntelligence(desk.running.database.db, clock)
  await seedMailKeys(desk, `counterfoil=${seeded.tokens.administrator}`)
  await seedMemory(desk, seeded)
  const releases = await seedRelease(desk, seeded)
  const links = await seedPeople(desk, seeded)
  const only = process.argv.slice(2)
  const wanted = shots(seeded, links, releases, only)
  if (wanted.length === 0) throw new Error(`no picture is called ${only.join(' or ')}`)
  const failed: string[] = []
  let taken = 0
  // Light and dark side by side; a desk and a phone one after the other, so that a busy machine still paints in time.
  for (const size of sizes) {
    const counts = await Promise.all(schemes.map((scheme) => shoot(browser, desk, { size, scheme }, wanted, failed)))
    taken += counts.reduce((sum, count) => sum + count, 0)
  }
  process.stderr.write(`${taken} screenshots are in ${folder}\n`)
  if (failed.length > 0) {
    process.stderr.write(`${failed.length} failed:\n${failed.join('\n')}\n`)
    process.exitCode = 1
  }
} finally {
  await browser.close()
  await desk.stop()
  await authority.stop()
  await rm(dataFolder, { recursive: true, force: true })
  await rm(playbooks, { recursive: true, force: true })
}
