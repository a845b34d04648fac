import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
  type Request,
} from 'playwright-core'

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
/** Nothing of the browser's own goes out, and it runs in a container as root. */
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
/** Debian's chromium and what it depends on, over a slow mirror. */
const installMsMax = 10 * 60_000

/** Where Chromium is; installs Debian's package when there is none, and says so. */
function browserPath(): string {
  const found = places.find((place) => existsSync(place))
  if (found !== undefined) return found
  process.stderr.write(
    'Chromium is missing: installing the Debian package "chromium" by apt-get (once, some minutes)\n',
  )
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  execFileSync('apt-get', ['update', '-q'], { stdio: 'inherit', timeout: installMsMax, env })
  execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'], {
    stdio: 'inherit',
    timeout: installMsMax,
    env,
  })
  const installed = places.find((place) => existsSync(place))
  if (installed === undefined) throw new Error('apt-get installed chromium, and it is in none of the usual places')
  return installed
}

/** A real Chromium without a window. */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: browserPath(), args: flags })
}

export type Opened = { readonly page: Page; readonly context: BrowserContext; readonly problems: string[] }

/** A page in a profile of its own. `problems` gathers what the console and the network complained of: a page of ours has none. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    reducedMotion: 'reduce',
    ...options,
  })
  const page = await context.newPage()
  watchCalls(page)
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`))
  page.on('console', (message) => {
    // Chromium reports every answer of 400 and more; the tests look at those themselves.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      problems.push(message.text())
  })
  return { page, context, problems }
}

/** What each page is waiting for of the server; the stream of news never ends. */
const waitsFor = new WeakMap<Page, Set<Request>>()

function watchCalls(page: Page): void {
  const calls = new Set<Request>()
  waitsFor.set(page, calls)
  page.on('request', (request) => void (request.resourceType() === 'eventsource' || calls.add(request)))
  page.on('requestfinished', (request) => calls.delete(request))
  page.on('requestfailed', (request) => calls.delete(request))
}

/** As long as a page may take to come to rest on a machine that has other things to do. */
const restMsMax = 30_000

/** Waits until the page has what it asked for, has drawn it, and asks for nothing more: sooner than half a second of silence. */
export async function settled(page: Page): Promise<void> {
  const end = Date.now() + restMsMax
  for (let quiet = 0; quiet < 2; ) {
    const loads = await page.evaluate<boolean>(
      "new Promise((done) => requestIdleCallback(() => requestAnimationFrame(() => done(document.querySelector('[role=status][aria-label=Loading]') !== null)), { timeout: 1000 }))",
    )
    quiet = loads || (waitsFor.get(page)?.size ?? 0) > 0 ? 0 : quiet + 1
    if (Date.now() > end) throw new Error(`${page.url()} did not come to rest within ${restMsMax} ms`)
  }
}

/** Gives the page an authenticator that verifies its user and keeps passkeys (WebAuthn of the DevTools protocol). */
export async function addAuthenticator(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
}

/** A port nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
