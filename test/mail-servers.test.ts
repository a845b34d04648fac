import { readFileSync } from 'node:fs'
import { ImapFlow } from 'imapflow'
import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MailServers, startMailServers } from './mail-servers.ts'

let servers: MailServers
let second: MailServers
beforeAll(async () => {
  ;[servers, second] = await Promise.all([startMailServers(), startMailServers()])
})
afterAll(async () => {
  await Promise.all([servers.stop(), second.stop()])
})

function submit(to: MailServers, recipient: string, subject: string): Promise<unknown> {
  const transport = createTransport({
    ...to.submission,
    requireTLS: true,
    tls: { ca: readFileSync(to.caFile), servername: 'localhost' },
  })
  return transport.sendMail({ from: 'soc@provider.example', to: recipient, subject, text: 'first line\nsecond line' })
}

test('a mail submitted over STARTTLS lands in the mailbox of its recipient, and in no other server', async () => {
  await submit(servers, 'desk@customer.example', 'hello')
  const [mail] = await servers.waitForMail('desk@customer.example', 1)
  expect(mail?.toString()).toContain('Subject: hello\r\n')
  expect(mail?.toString()).toMatch(/first line\r\nsecond line/)
  expect(await second.mailboxOf('desk@customer.example')).toEqual([])
  expect(second.submission.port).not.toBe(servers.submission.port)
})

test('an unknown recipient is refused at RCPT', async () => {
  await expect(submit(servers, 'nobody@customer.example', 'x')).rejects.toThrow(/550|User unknown/)
})

test('the bouncing address makes a delivery status notification for the sender', async () => {
  await submit(servers, servers.bouncingAddress, 'will bounce')
  const [mail] = await servers.waitForMail('soc@provider.example', 1, 20_000)
  expect(mail?.toString()).toContain('message/delivery-status')
})

test('IMAP serves the mail over implicit TLS; a password without TLS is refused', async () => {
  const auth = { user: 'desk@customer.example', pass: 'desk-pass' }
  const base = { host: servers.imap.host, auth, logger: false as const }
  const tls = { ca: readFileSync(servers.caFile), servername: 'localhost' }
  const client = new ImapFlow({ ...base, port: servers.imap.tlsPort, secure: true, tls })
  await client.connect()
  const lock = await client.getMailboxLock('INBOX')
  expect(client.mailbox === false ? 0 : client.mailbox.exists).toBe(1)
  lock.release()
  await client.logout()
  const plain = new ImapFlow({ ...base, port: servers.imap.port, secure: false, doSTARTTLS: false })
  await expect(plain.connect()).rejects.toThrow()
})

test('suspended servers refuse connections and come back with the same mailbox', async () => {
  await servers.suspend()
  await expect(submit(servers, 'desk@customer.example', 'x')).rejects.toThrow(/ECONNREFUSED/)
  await servers.resume()
  await submit(servers, 'desk@customer.example', 'again')
  expect(await servers.waitForMail('desk@customer.example', 2)).toHaveLength(2)
})
