import type { Page } from 'playwright-core'

/** A page or dialog to take a picture of, and how one comes there. */
export type Sight = {
  readonly name: string
  readonly path: string
  readonly before?: (page: Page) => Promise<unknown>
  /** Who looks; a lead where nothing is said. */
  readonly as?: 'administrator' | 'asset-owner' | 'provider-analyst' | 'auditor' | 'approver' | 'nobody'
}

/** A dialog of the queue, for its second row. */
export async function fromQueue(page: Page, key: string): Promise<void> {
  await page.locator('table.queue tbody tr').first().waitFor()
  await page.keyboard.press('j')
  await page.keyboard.press(key)
  await page.getByRole('dialog').waitFor()
}

/** The dialog behind the first button whose name begins or ends so. */
export async function opening(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name }).first().click()
  await page.getByRole('dialog').waitFor()
}
