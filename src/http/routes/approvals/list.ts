import { approvalsFor, approvalsOfRun } from '../../../db/approvals.ts'
import { runState } from '../../../db/runs.ts'
import { approvalRow } from '../../approvals.ts'
import { known, serve } from '../../serve.ts'

export const showMyApprovals = serve('GET /api/approvals', async ({ front, session }) => {
  const mine = await approvalsFor(front.db, session().user.id, front.clock.now())
  return { approvals: await Promise.all(mine.map((one) => approvalRow(front.db, one))) }
})

export const showApprovalsOfRun = serve('GET /api/runs/:id/approvals', async ({ front, params, session }) => {
  known(await runState(front.db, params.id))
  const all = await approvalsOfRun(front.db, params.id)
  const mine = await approvalsFor(front.db, session().user.id, front.clock.now())
  const approvals = await Promise.all(all.map((one) => approvalRow(front.db, one)))
  return { approvals, mine: mine.map(({ id }) => id) }
})

export const openMyApproval = serve('POST /api/approvals/:id/link', async ({ front, params, session }) => ({
  token: known(await front.work.approvals.linkFor(params.id, session().user.id)),
}))
