import { isIP } from 'node:net'
import type { Settings } from '../config/config.ts'
import type { Site } from './serve.ts'

/** Where we are, for links, cookies, passkeys and the check of origins. */
export function siteOf(settings: Settings): Site {
  const { port, publicUrl } = settings.config.http
  const url = new URL(publicUrl ?? `http://localhost:${port === 80 ? '' : port}`)
  const secure = url.protocol === 'https:'
  return {
    url,
    secure,
    // The prefix makes browsers refuse the cookie from a sister domain or without TLS; it needs TLS itself.
    cookieName: secure ? '__Host-counterfoil' : 'counterfoil',
    passkeys: passkeysOn(url),
  }
}

/** Whether browsers offer passkeys here at all (WebAuthn: a secure context and a name that is not an address). */
function passkeysOn(url: URL): Site['passkeys'] {
  const name = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(name) !== 0) {
    return {
      possible: false,
      says: `Passkeys do not work on an address such as ${name}. Open this page as http://localhost:${url.port}.`,
    }
  }
  if (url.protocol !== 'https:' && name !== 'localhost') {
    return {
      possible: false,
      says: 'Passkeys need HTTPS. Put a TLS proxy in front and set http.publicUrl, or use a password.',
    }
  }
  return { possible: true, says: '' }
}

/**
 * Origins whose pages may change something here: ours, and the loopback names of our own port (for whoever sits at the
 * machine). A page elsewhere that resolves its name to us still sends its own origin.
 */
export function originsOf(site: Site, port: number): ReadonlySet<string> {
  const loopback =
    site.url.protocol === 'http:'
      ? [`http://localhost:${port}`, `http://127.0.0.1:${port}`, `http://[::1]:${port}`]
      : []
  return new Set([site.url.origin, ...loopback])
}
