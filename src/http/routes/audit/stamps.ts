import { stampsSeen } from '../../../db/ledger-stamps.ts'
import { serve } from '../../serve.ts'

export const showStamps = serve('GET /api/audit/stamps', async ({ front }) => {
  const { timestamps } = front.settings.config
  return {
    authority: timestamps === undefined ? null : new URL(timestamps.url).host,
    everyHours: timestamps?.everyHours ?? null,
    ...(await stampsSeen(front.db)),
  }
})
