import { approvalsOfRun, approvalsSignedBy, signedMax } from '../../../db/approvals.ts'
import { runState } from '../../../db/runs.ts'
import { releasesSignedBy } from '../../../db/second-releases.ts'
import { waitingFor } from '../../../playbooks/approvals/sign.ts'
import { approvalRow } from '../../approvals.ts'
import { known, serve } from '../../serve.ts'

export const showMyApprovals = serve('GET /api/approvals', async ({ front, session }) => {
  const me = session().user.id
  const waiting = await waitingFor(front.db, me, front.clock.now())
  const { signed, more } = await approvalsSignedBy(front.db, me)
  const released = (await releasesSignedBy(front.db, me)).map((one) => ({
    ...{ ...one, place: 0, verdict: 'approve' as const, reason: '' },
  }))
  const all = [...signed, ...released].toSorted((a, b) => b.at.localeCompare(a.at))
  const rows = all.slice(0, signedMax).map(async ({ approval, place, verdict, reason, at }) => {
    const row = await approvalRow(front.db, approval)
    const seat = row.places[place]?.seats.find(({ userId }) => userId === me)
    const title = row.places[place]?.title ?? ''
    return { approval: row, mine: { place: title, verdict, reason, at, ledgerIndex: seat?.ledgerIndex ?? null } }
  })
  return {
    approvals: await Promise.all(waiting.map((one) => approvalRow(front.db, one))),
    signed: await Promise.all(rows),
    moreSigned: more || all.length > signedMax,
  }
})

export const showApprovalsOfRun = serve('GET /api/runs/:id/approvals', async ({ front, params, session }) => {
  known(await runState(front.db, params.id))
  const all = await approvalsOfRun(front.db, params.id)
  const mine = await waitingFor(front.db, session().user.id, front.clock.now())
  const approvals = await Promise.all(all.map((one) => approvalRow(front.db, one)))
  return { approvals, mine: mine.map(({ id }) => id) }
})

export const openMyApproval = serve('POST /api/approvals/:id/link', async ({ front, params, session, request }) => {
  const token = known(await front.work.approvals.linkFor(params.id, session().user.id))
  request.server.links.made(token)
  return { token }
})

export const answerApprovalQuestion = serve(
  'POST /api/approvals/:id/answer',
  async ({ front, params, body, actor }) => {
    await front.work.approvals.answer(params.id, body.text, actor())
    return { done: true as const }
  },
)
