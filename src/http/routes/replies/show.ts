import { replyAround } from '../../../db/house-front.ts'
import { replyById } from '../../../db/replies.ts'
import { settingOf } from '../../../db/settings.ts'
import { namesOfActors } from '../../../db/users.ts'
import { domainsCover } from '../../recipients.ts'
import { known, serve } from '../../serve.ts'

export const showReply = serve('GET /api/replies/:id', async ({ front, params, may }) => {
  const reply = known(await replyById(front.db, params.id))
  const around = known(await replyAround(front.db, params.id))
  const nameOf = await namesOfActors(front.db, [reply.releasedBy])
  const provider = around.provider
  return {
    reply,
    alert: around.alert,
    provider: {
      id: around.providerId,
      name: provider?.name ?? around.providerId,
      dryRun: provider?.dryRun ?? true,
      mayShare: provider?.mayShare ?? [],
    },
    recipients: reply.to.map((address) => ({
      address,
      because: provider === null ? 'This provider is not configured.' : domainsCover(address, provider),
    })),
    holdSeconds: (await settingOf(front.db, 'reply-hold-seconds')) ?? front.settings.config.replyHoldSeconds,
    releasedByName: reply.releasedBy === null ? null : nameOf(reply.releasedBy),
    mayRelease: may('reply.release'),
  }
})
