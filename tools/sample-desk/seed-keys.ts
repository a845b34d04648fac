import { apiAs, type Desk, until } from '../../test/desk.ts'
import { mailAuthority } from '../../test/mail-certificates.ts'

/** A key of ours for mail, and the one of a provider. */
export async function seedMailKeys(desk: Desk, cookie: string): Promise<void> {
  const mails = mailAuthority()
  try {
    const ours = mails.issue('desk@halden.example', { days: 365 })
    const body = { publicText: ours.certificate, privateText: ours.privateKey, passphrase: null }
    await apiAs(desk, cookie, 'POST', '/api/mail-keys', body)
    const theirs = mails.issue('soc@northwatch.example', { days: 20 })
    await apiAs(desk, cookie, 'POST', '/api/providers/northwatch/mail-keys', { publicText: theirs.certificate })
  } finally {
    mails.close()
  }
}

/** Something stands in the ledger, and the authority says when; before the clock of the house is turned back. */
export async function seedStamp(desk: Desk, cookie: string): Promise<void> {
  const { settings } = (await apiAs(desk, cookie, 'GET', '/api/settings')) as unknown as { settings: object }
  await apiAs(desk, cookie, 'PUT', '/api/settings', settings)
  await until(
    'the time stamp',
    async () => Number((await apiAs(desk, cookie, 'GET', '/api/audit/stamps'))['count']) > 0,
    60_000,
  )
}
