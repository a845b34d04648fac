import { settingOf } from '../../../db/settings.ts'
import { releaseSigningDefault, secondWaitDefault } from '../../../model/release.ts'
import { serve } from '../../serve.ts'

export const showSettings = serve('GET /api/settings', async ({ front, site }) => {
  const { config } = front.settings
  return {
    settings: {
      ownDomains: (await settingOf(front.db, 'own-domains')) ?? config.ownDomains,
      replyHoldSeconds: (await settingOf(front.db, 'reply-hold-seconds')) ?? config.replyHoldSeconds,
      releaseSigning: (await settingOf(front.db, 'release-signing')) ?? releaseSigningDefault,
      secondWait: (await settingOf(front.db, 'second-wait')) ?? secondWaitDefault,
    },
    doors: [
      ...(config.smtp === undefined
        ? []
        : [`SMTP on ${config.smtp.host}:${config.smtp.port} for ${config.smtp.recipients.join(', ')}`]),
      ...config.imap.map((door) => `IMAP ${door.user} at ${door.host}, ${door.mailbox}`),
      ...config.folders.map((folder) => `Folder ${folder.path}`),
      `HTTPS ${site.url.origin}/api/intake`,
    ],
    mailOut:
      config.mailOut === undefined ? null : `${config.mailOut.host}:${config.mailOut.port} as ${config.mailOut.from}`,
    publicUrl: site.url.origin,
  }
})
