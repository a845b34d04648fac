import { expect, test } from 'vitest'
import { Config } from '../config/config.ts'
import { mailDoorsIn } from './start.ts'

test('a start names where mail is fetched, and says so where no door for it is open', () => {
  const said = (config: object) => mailDoorsIn(Config.parse(config))
  expect(said({})).toEqual([expect.stringMatching(/^No door for mail is open but HTTPS/)])
  expect(
    said({
      imap: [{ id: 'soc', host: 'mail.example.com', user: 'desk', password: 'x' }],
      folders: [{ path: '/var/spool/mdr' }],
    }),
  ).toEqual([
    'Provider mail is read from the mailbox soc: desk at mail.example.com (IMAP)',
    'Provider mail is read from the folder /var/spool/mdr',
  ])
  expect(said({ smtp: { recipients: ['desk@example.com'] } })).toEqual([])
})
