import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const axeSource = readFileSync(path.resolve(import.meta.dirname, '../node_modules/axe-core/axe.min.js'), 'utf8')
type Rule = { readonly id: string }
type Axe = {
  readonly violations: (Rule & { impact: string; nodes: { target: string[]; failureSummary: string }[] })[]
  readonly passes: readonly Rule[]
  /** What axe could not decide. */
  readonly incomplete: readonly Rule[]
}

/** Serious and critical findings of axe (WCAG 2.2 A and AA) on the page as it stands. */
export async function seriousIn(page: Page): Promise<string[]> {
  const { serious, looked } = await ask(page, "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']")
  // A checker that looked at nothing is not green.
  expect(looked.size, page.url()).toBeGreaterThan(8)
  return serious
}

const schemes = { dark: { colorScheme: 'dark' }, forced: { colorScheme: 'light', forcedColors: 'active' } } as const

/**
 * The same document in other colours: dark, or those that a person forced. Colours are all that differs of it then, so axe is asked its two
 * rules of colour (a tenth of the time of all). The page is light again afterwards.
 */
export async function seriousColoursIn(page: Page, scheme: keyof typeof schemes): Promise<string[]> {
  const isScheme = (is: string) =>
    page.locator(`html[data-mantine-color-scheme="${is}"]`).waitFor({ state: 'attached' })
  await page.emulateMedia(schemes[scheme])
  await isScheme(schemes[scheme].colorScheme)
  // What is out of sight (content-visibility) keeps the colours it had, unless it is drawn anew.
  await page.evaluate(
    "(({ style }) => { style.display = 'none'; document.body.offsetHeight; style.display = '' })(document.body)",
  )
  const { serious, looked } = await ask(page, "{ type: 'rule', values: ['color-contrast', 'link-in-text-block'] }")
  expect([...looked], page.url()).toContain('color-contrast')
  await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none' })
  await isScheme('light')
  return serious
}

/** Two frames, and whatever fades has faded: axe looks at the colours of that very moment. What turns for ever is not waited for. */
const stillness = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(Promise.allSettled(
  document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime < 2000).map((one) => one.finished)
).then(() => true)))))`

async function ask(page: Page, runOnly: string) {
  if (!(await page.evaluate('globalThis.axe !== undefined'))) await page.evaluate(axeSource)
  await page.evaluate(stillness)
  // Of a rule that found nothing its name is enough; a selector for each node it looked at costs most of a run.
  const found = (await page.evaluate(`axe.run(document, { runOnly: ${runOnly}, resultTypes: ['violations'] })`)) as Axe
  const serious = found.violations
    .filter((one) => one.impact === 'serious' || one.impact === 'critical')
    .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target.join(' ')} ${node.failureSummary}`))
  return { serious, looked: new Set([...found.passes, ...found.incomplete, ...found.violations].map(({ id }) => id)) }
}
