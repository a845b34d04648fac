import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const axeSource = readFileSync(path.resolve(import.meta.dirname, '../node_modules/axe-core/axe.min.js'), 'utf8')
type Axe = {
  violations: { id: string; impact: string; nodes: { target: string[]; failureSummary: string }[] }[]
  passes: unknown[]
}

/** Serious and critical findings of axe (WCAG 2.2 A and AA) on the page as it stands. */
export async function seriousIn(page: Page): Promise<string[]> {
  await page.evaluate(axeSource)
  const found = (await page.evaluate(
    "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })",
  )) as Axe
  // A checker that looked at nothing is not green.
  expect(found.passes.length).toBeGreaterThan(8)
  return found.violations
    .filter((one) => one.impact === 'serious' || one.impact === 'critical')
    .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target.join(' ')} ${node.failureSummary}`))
}
