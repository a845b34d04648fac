import { signer } from '../../test/approval-desk.ts'
import { type Desk, until } from '../../test/desk.ts'
import { answerAbout, clickAs, replyPage, signReleaseAs } from '../../test/release-desk.ts'
import type { Seeded } from './seed.ts'

/** Answers that two people must release: one waits for the second person, one left with their signature. */
export type Releases = { readonly waits: string; readonly left: string; readonly approverToken: string }

const reason = 'Its owner is on sick leave; IT gave a colleague the right for the handover.'

export async function seedRelease(desk: Desk, { cookie, alerts }: Seeded): Promise<Releases> {
  const approver = await signer(desk, 'approver', 'Ana Ruiz', 'ana.ruiz@halden.example')
  const answer = async (alertId = ''): Promise<string> => {
    const replyId = await answerAbout(desk, cookie, alertId, reason)
    const { status } = await clickAs(desk, cookie, replyId)
    if (status !== 200) throw new Error(`the first release was answered by ${status}`)
    return replyId
  }
  const left = await answer(alerts[7])
  const { status } = await signReleaseAs(desk, approver, left)
  if (status !== 200) throw new Error(`the second release was answered by ${status}`)
  await until('the answer to leave', async () => (await replyPage(desk, cookie, left)).reply.state === 'sent', 60_000)
  return { waits: await answer(alerts[4]), left, approverToken: approver.token }
}
