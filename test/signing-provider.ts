import { generateKeyPairSync } from 'node:crypto'
import { connect } from 'node:net'
import type { Provider } from '../src/model/provider.ts'
import { dkimKey, signMail } from '../src/outbox/mail/dkim.ts'

/** Where the customer takes provider mail. */
export const deskAddress = 'desk@customer.example'
export const providerAddress = 'soc@provider.example'

export const signingProvider: Provider = {
  id: 'acme',
  name: 'Acme MDR',
  format: 'generic',
  addresses: [providerAddress],
  domains: ['provider.example'],
  sourceRanges: [],
  trustedSealers: [],
  replyAddress: providerAddress,
  dryRun: false,
  mayShare: [],
}

export type AlertMail = { readonly ticket: string; readonly host: string; readonly extra?: string }

export type SigningProvider = {
  /** What its DNS says: the key of its signatures. */
  readonly zone: Readonly<Record<string, string>>
  /** A signed alert mail as bytes: sent again, it is the same mail. */
  readonly alertMail: (mail: AlertMail) => Buffer
  /** The same without a signature, as a forger would send it. */
  readonly forgedMail: (mail: AlertMail) => Buffer
}

export const messageIdOf = (ticket: string): string => `${ticket.toLowerCase()}.alert@provider.example`

function plain({ ticket, host, extra = '' }: AlertMail): Buffer {
  const lines = [
    `From: Acme SOC <${providerAddress}>`,
    `To: ${deskAddress}`,
    `Subject: [${ticket}] Suspicious DNS query on ${host}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${messageIdOf(ticket)}>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    '',
    `Ticket: ${ticket}`,
    'Rule: Suspicious DNS query',
    'Severity: High',
    'Source IP: 192.0.2.10',
    'Destination IP: 198.51.100.7',
    `Host: ${host}`,
    'Is this expected?',
    ...(extra === '' ? [] : [extra]),
    '',
  ]
  return Buffer.from(lines.join('\r\n'))
}

/** A provider that signs its mail (DKIM, RSA 2048) and publishes its key. */
export function makeSigningProvider(): SigningProvider {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  const shown = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  const key = dkimKey('provider.example', 's1', pem)
  return {
    zone: {
      's1._domainkey.provider.example': `v=DKIM1; k=rsa; p=${shown}`,
      'provider.example': 'v=spf1 -all',
      '_dmarc.provider.example': 'v=DMARC1; p=reject',
    },
    alertMail: (mail) => signMail(plain(mail), key, new Date()),
    forgedMail: plain,
  }
}

/** How long a mail server of the provider waits for an answer. RFC 5321 asks for minutes; here a killed server must not hold us. */
const answerMsMax = 15_000

/**
 * Hands one mail over as a mail server does, command by command. The reply to the last dot, or to the first command that was refused
 * ("452 4.3.1 ..."); null when the connection broke before there was one, and then nobody knows.
 */
export function handOver(bytes: Buffer, port: number): Promise<string | null> {
  const commands = [
    'EHLO mx.provider.example',
    `MAIL FROM:<${providerAddress}>`,
    `RCPT TO:<${deskAddress}>`,
    'DATA',
    bytes.toString('latin1').replace(/^\./gm, '..'),
  ]
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let said = ''
    let next = 0
    const end = (answer: string | null): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(answerMsMax, () => end(null))
    socket.on('error', () => end(null))
    socket.on('close', () => resolve(null))
    socket.on('data', (chunk) => {
      said += chunk.toString()
      const line = /(?:^|\n)(\d{3} [^\r\n]*)\r?\n$/.exec(said)?.[1]
      if (line === undefined) return
      said = ''
      if (/^[45]/.test(line) || next === commands.length) return end(line)
      const command = commands[next++] ?? ''
      socket.write(next === commands.length ? `${command}.\r\n` : `${command}\r\n`, 'latin1')
    })
  })
}
