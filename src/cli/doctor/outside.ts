import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { createTransport } from 'nodemailer'
import type { Config, MailOut } from '../../config/config.ts'
import { makeResolver } from '../../intake/mail/dns.ts'
import { systemClock } from '../../kit/clock.ts'
import { wordsOf } from '../../kit/errors.ts'
import { broken, type Check, notApplicable, ok, warn } from './check.ts'

const connectMs = 10_000
const silenceMs = 20_000

/** Connects as sending does: greeting, EHLO, STARTTLS, and the password where there is one. Sends nothing. */
export async function lookAtMailOut(config: MailOut | undefined): Promise<Check> {
  if (config === undefined)
    return notApplicable('mail-out', 'no mail server is configured: replies and notices are made but not sent')
  const at = `${config.host}:${config.port}`
  const pass = config.passwordFile === undefined ? config.password : readFileSync(config.passwordFile, 'utf8').trimEnd()
  const transport = createTransport({
    host: config.host,
    port: config.port,
    secure: config.tls === 'implicit',
    requireTLS: config.tls === 'starttls',
    ignoreTLS: config.tls === 'none',
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    dnsTimeout: connectMs,
    socketTimeout: silenceMs,
    tls: {
      minVersion: 'TLSv1.2',
      ...(config.caFile === undefined ? {} : { ca: readFileSync(config.caFile) }),
      ...(isIP(config.host) === 0 ? { servername: config.host } : {}),
    },
    ...(config.user === undefined ? {} : { auth: { user: config.user, pass: pass ?? '' } }),
  })
  try {
    await transport.verify()
    const line = config.tls === 'none' ? 'without TLS' : 'over TLS'
    return ok('mail-out', `${at} answers ${line}${config.user === undefined ? '' : ' and takes the password'}`)
  } catch (error) {
    return judgeMailFailure(at, error)
  } finally {
    transport.close()
  }
}

/** What a failed connection means, by nodemailer's code. */
export function judgeMailFailure(at: string, error: unknown): Check {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const says = `${at}: ${wordsOf(error)}`
  switch (code) {
    case 'EAUTH':
      return broken('mail-out', `${at} refuses the user or the password`, 'Mend mailOut.user and mailOut.passwordFile.')
    case 'EDNS':
      return broken('mail-out', says, 'Mend mailOut.host, or the DNS of this machine.')
    case 'ETLS':
    case 'CERT_HAS_EXPIRED':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return broken(
        'mail-out',
        says,
        "Name the authority's certificate in mailOut.caFile, or mend mailOut.tls; TLS is never given up by itself.",
      )
    default:
      return broken(
        'mail-out',
        says,
        'Check that the server runs and that this machine may connect (mailOut.host, mailOut.port, mailOut.tls). Replies wait meanwhile.',
      )
  }
}

/** Answers that show that DNS works, whatever the name has. */
const answered = new Set(['ENODATA', 'ENOTFOUND'])

/** SPF, DKIM and DMARC hang on TXT look-ups: when they fail, mail cannot be told from a forgery and waits in quarantine. */
export async function lookAtDns(config: Config, domains: readonly string[]): Promise<Check> {
  const domain = [...domains, ...config.ownDomains][0]
  if (domain === undefined) return notApplicable('dns', 'no provider and no own domain is configured yet')
  const resolver = makeResolver(config.dnsServers, systemClock)
  const where = config.dnsServers.length > 0 ? config.dnsServers.join(', ') : "the system's servers"
  try {
    await resolver(domain, 'TXT')
    return ok('dns', `${where} answer for ${domain}`)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (answered.has(code)) return ok('dns', `${where} answer for ${domain} (which has no TXT record)`)
    return broken(
      'dns',
      `${where} do not answer for ${domain}: ${wordsOf(error)}`,
      'Mend dnsServers in counterfoil.yaml or /etc/resolv.conf; mail waits in quarantine until then.',
    )
  }
}

/** Is the key that our mail is signed with the one that is published? Otherwise providers see a forged signature. */
export async function lookAtDkim(config: Config): Promise<Check> {
  const dkim = config.mailOut?.dkim
  if (dkim === undefined) return notApplicable('dkim', 'mail is not signed by us')
  const name = `${dkim.selector}._domainkey.${dkim.domain}`
  const key = createPublicKey(readFileSync(dkim.keyFile))
  const spki = key.export({ type: 'spki', format: 'der' })
  const ours = (key.asymmetricKeyType === 'ed25519' ? spki.subarray(-32) : spki).toString('base64')
  try {
    const records = (await makeResolver(config.dnsServers, systemClock)(name, 'TXT')) as string[][]
    const published = records.map((pieces) =>
      /(?:^|;)\s*p=([A-Za-z0-9+/=\s]*)/.exec(pieces.join(''))?.[1]?.replaceAll(/\s/g, ''),
    )
    if (published.includes(ours)) return ok('dkim', `${name} has our key`)
    return broken(
      'dkim',
      `${name} has another key than ${dkim.keyFile}`,
      `Publish: ${name} TXT "v=DKIM1; k=${key.asymmetricKeyType}; p=${ours}"`,
    )
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const says = answered.has(code) ? `${name} is not published` : `${name} could not be looked up: ${wordsOf(error)}`
    return (answered.has(code) ? broken : warn)(
      'dkim',
      says,
      `Publish: ${name} TXT "v=DKIM1; k=${key.asymmetricKeyType}; p=${ours}"`,
    )
  }
}
