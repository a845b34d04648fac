import { generateKeyPairSync } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import nodemailer from 'nodemailer'
import { SMTPServer } from 'smtp-server'
import { dkimKey, signMail } from '../outbox/mail/dkim.ts'

/** The largest reply the played provider takes. */
const mailBytesMax = 25 * 1024 * 1024

/**
 * Providers, played: they sign their mail as real ones do, hand it over by SMTP, and have a mail server that takes our replies.
 * All of it on loopback.
 */
export type ProviderPlayed = {
  /** TXT records that let others verify its mail. */
  readonly zone: Readonly<Record<string, string>>
  /** Signs (unless told not to) and sends one mail to an SMTP door. Resolves when the door said 250. */
  readonly send: (
    mail: Buffer,
    from: string,
    to: { readonly host: string; readonly port: number },
    options?: { readonly signed?: boolean },
  ) => Promise<void>
  /** Where our replies go. */
  readonly server: { readonly host: string; readonly port: number }
  /** Mails it got, oldest first. */
  readonly got: readonly Buffer[]
  readonly close: () => Promise<void>
}

export async function playProvider(domains: readonly string[], deskAddress: string): Promise<ProviderPlayed> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const selector = 'demo'
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  const shown = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  const got: Buffer[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    size: mailBytesMax,
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        got.push(Buffer.concat(chunks))
        done()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  return {
    zone: Object.fromEntries(
      domains.flatMap((domain) => [
        [`${selector}._domainkey.${domain}`, `v=DKIM1; k=rsa; p=${shown}`],
        [domain, 'v=spf1 ip4:127.0.0.1 -all'],
        [`_dmarc.${domain}`, 'v=DMARC1; p=reject'],
      ]),
    ),
    send: async (mail, from, to, { signed = true } = {}) => {
      const transport = nodemailer.createTransport({ ...to, secure: false, ignoreTLS: true })
      const domain = from.slice(from.indexOf('@') + 1)
      // The samples lie in files with LF; a mail travels with CRLF, and that is what is signed.
      const wire = Buffer.from(mail.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1')
      const raw = signed ? signMail(wire, dkimKey(domain, selector, pem), new Date()) : wire
      await transport.sendMail({ envelope: { from, to: [deskAddress] }, raw })
      transport.close()
    },
    server: { host: '127.0.0.1', port },
    got,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
