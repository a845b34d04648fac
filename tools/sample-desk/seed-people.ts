import { saveEntry } from '../../src/db/calendar.ts'
import { insertPersonQuestion } from '../../src/db/person-questions.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { CalendarEntry } from '../../src/model/calendar.ts'
import { approvalPlaybook, byLink, mailedToken, signAs, signer } from '../../test/approval-desk.ts'
import { apiAs, type Desk, post } from '../../test/desk.ts'
import type { Seeded } from './seed.ts'

const day = 86_400_000
const rule = 'Beaconing to a known control server'

/** The one playbook of the sample house that asks for a signature; written before the house starts. */
export const samplePlaybook = (): Promise<string> =>
  approvalPlaybook(
    `what: Take {{ alert.host }} off the net
about: "{{ alert.host }} (payroll application server), {{ alert.title }}"
why: It has spoken to a known control server every 60 seconds since 09:12 UTC.
changes: Nobody can run payroll until it is back; the run of tonight waits.
ifSilent: It stays on the net and is watched.
alternatives: [Block the address only, Watch for a day]
from:
  - title: Data protection officer
    people: [dora.lie@halden.example]
    deputies: [nils.aas@halden.example]
  - title: Business owner
    people: [mara.weiss@halden.example]`,
    'expires: 4h',
    `alert.rule == "${rule}"`,
  )

/** Links as people who are not of the desk find them in their mail. */
export type Links = {
  readonly approval: string
  /** The same, of the deputy who was asked beside her: she is away. */
  readonly standIn: string
  readonly signed: string
  readonly question: string
  /** The run that waits for them. */
  readonly run: string
}

/** An owner with a machine and questions, and a data protection officer with one approval to give and one given. */
export async function seedPeople(desk: Desk, seeded: Seeded): Promise<Links> {
  const { db } = desk.running.database
  const owner = { email: 'mara.weiss@halden.example' }
  await apiAs(desk, seeded.cookie, 'PUT', '/api/assets/fin-app02', {
    ...{ source: 'cmdb', name: 'fin-app02', ownerEmail: owner.email, owner: 'Mara Weiss' },
  })
  const [alertId = ''] = seeded.alerts
  const questions = [
    ['q'.repeat(43), 1, 'A sign-in from Lisbon at 10:04 UTC with your account mweiss, from a device not seen before'],
    ['r'.repeat(43), 26, 'fin-app02 sent 2.1 GB to 203.0.113.66 last night. Is that a backup of yours?'],
  ] as const
  for (const [token, hoursAgo, what] of questions)
    await insertPersonQuestion(db, token, {
      ...{ alertId, runId: null, stepPath: null, findingId: null, email: owner.email, name: 'Mara Weiss', what },
      askedAt: new Date(Date.now() - hoursAgo * 3600_000).toISOString(),
      expiresAt: new Date(Date.now() + day).toISOString(),
    })
  const dpo = await signer(desk, 'approver', 'Dora Lie', 'dora.lie@halden.example')
  const ask = async (host: string, nth: number): Promise<string> => {
    const body = `Ticket: NW-88${nth}\nRule: ${rule}\nSeverity: Critical\nHost: ${host}\nSource IP: 192.0.2.21\nDestination IP: 203.0.113.66\n`
    await post(desk, seeded.intakeKey, { subject: `[NW-88${nth}] Critical: ${rule}`, body })
    return mailedToken(desk, dpo.email, nth)
  }
  const signed = await ask('ws-0417', 1)
  const status = await signAs(desk, signed, dpo.key)
  if (status !== 200) throw new Error(`the signature was answered by ${status}`)
  const deputy = await signer(desk, 'approver', 'Nils Aas', 'nils.aas@halden.example')
  const [from, to] = [-day, 3 * day].map((by) => new Date(Date.now() + by).toISOString())
  const absence = { id: 'dora', kind: 'absence', title: 'Holidays', from, to, person: dpo.email, deputy: deputy.email }
  await saveEntry(db, CalendarEntry.parse(absence), 'system', systemClock)
  const approval = await ask('fin-app02', 2)
  const standIn = await mailedToken(desk, deputy.email, 1)
  await byLink(desk, 'POST', `${standIn}/question`, { text: 'Can payroll run on the standby server tonight?' })
  const { json } = await byLink(desk, 'GET', standIn)
  const answer = { text: 'Yes, from 20:00 on. Mara has agreed.' }
  await apiAs(desk, seeded.cookie, 'POST', `/api/approvals/${json.approval?.id}/answer`, answer)
  await byLink(desk, 'POST', `${standIn}/question`, { text: 'And who tells the works council?' })
  return {
    ...{ approval: `/approve/${approval}`, standIn: `/approve/${standIn}`, signed: `/approve/${signed}` },
    ...{ question: `/q/${'q'.repeat(43)}`, run: `/runs/${json.approval?.runId}` },
  }
}
