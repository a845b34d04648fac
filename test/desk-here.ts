import type { Browser, BrowserContextOptions } from 'playwright-core'
import { afterAll } from 'vitest'
import type { Role } from '../src/model/user.ts'
import { openPage, startBrowser } from './browser.ts'
import { freshDatabase } from './database.ts'
import { type Desk, type DeskOptions, sessionCookie, signedIn, startDesk } from './desk.ts'

/** A house and its browser on a machine that has other things to do. */
const closeMsMax = 60_000

/** A desk on a database of its own for the tests of one file: awaited at its top, gone at its end. */
export async function deskHere(options: Omit<DeskOptions, 'databaseUrl'> = {}) {
  const database = await freshDatabase()
  const desk = await startDesk({ ...options, databaseUrl: database.url })
  afterAll(async () => {
    await desk.stop()
    await database.close()
  }, closeMsMax)
  return { database, desk }
}

/** The same with a browser: `pageAs` opens a page of it as a new person of that role, `pageWith` with a session that is there. */
export async function pagesHere(options: Omit<DeskOptions, 'databaseUrl'> = {}) {
  const { database, desk } = await deskHere(options)
  const browser = await startBrowser()
  afterAll(() => browser.close(), closeMsMax)
  const pageWith = (token: string, options: BrowserContextOptions = {}) => openWith(browser, desk, token, options)
  const pageAs = async (role: Role, { name, providerId = null, ...options }: PageAs = {}) => {
    const signed = await signedIn(desk, role, name, providerId)
    return { ...(await pageWith(signed.token, options)), ...signed }
  }
  return { database, desk, browser, pageAs, pageWith }
}

type PageAs = BrowserContextOptions & { readonly name?: string; readonly providerId?: string | null }

/** A page in a profile of its own that has this session. */
export async function openWith(
  browser: Browser,
  desk: Pick<Desk, 'origin'>,
  token: string,
  options: BrowserContextOptions = {},
) {
  const opened = await openPage(browser, options)
  await opened.context.addCookies([sessionCookie(desk, token)])
  return opened
}
