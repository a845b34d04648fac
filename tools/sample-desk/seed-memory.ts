import { alertOf, apiAs, type Desk, post, until } from '../../test/desk.ts'
import { cases, mailOf } from './sample-mail.ts'
import type { Seeded } from './seed.ts'

const day = 86_400_000
const agoOf = (days: number): Date => new Date(Date.now() - days * day)

/** What a desk remembers after some months: expectations, one of them to review, notes, and a tuning request that lapsed. */
export async function seedMemory(desk: Desk, seeded: Seeded): Promise<void> {
  await seedExpectations(desk, seeded.cookie)
  await seedNotes(desk, seeded.cookie)
  await seedTuning(desk, seeded)
}

async function seedExpectations(desk: Desk, cookie: string): Promise<void> {
  const { db } = desk.running.database
  const expect = async (rule: string, host: string, reason: string): Promise<string> => {
    const body = {
      scope: { provider: 'northwatch', rule, host, account: null, range: null },
      ...{ condition: '', outcome: 'false-alarm-benign', reason, days: 90, alertId: null },
    }
    return String((await apiAs(desk, cookie, 'POST', '/api/expectations', body))['id'])
  }
  const due = await expect('Vulnerability scan from inside', 'scan-01', 'Our own scanner, in its weekly window.')
  await db
    .updateTable('expectation')
    .set({ from_at: agoOf(86), expires_at: agoOf(-4) })
    .where('id', '=', due)
    .execute()
  await expect('PowerShell with encoded command', 'build-07', 'The build packs itself; the platform team knows of it.')
}

async function seedNotes(desk: Desk, cookie: string): Promise<void> {
  const note = async (about: string, text: string, knownGood = false): Promise<string> =>
    String((await apiAs(desk, cookie, 'POST', '/api/notes', { about, text, knownGood }))['id'])
  await note('fin-app02', 'Payroll runs on the 25th: much traffic to the bank in that night is as it should be.', true)
  const over = await note('fin-app02', 'Is moved to another rack this week; expect restarts.')
  await apiAs(desk, cookie, 'POST', `/api/notes/${over}/remove`, { alertId: null })
  await note('mweiss', 'Works from Lisbon every other week.')
}

/** Asked forty-one days ago, and the rule fires all the same. */
async function seedTuning(desk: Desk, { alerts, intakeKey }: Seeded): Promise<void> {
  const { db } = desk.running.database
  const [asked = '', one] = [alerts[10], cases[10]]
  if (one === undefined) throw new Error('no case')
  const reply = await until('the answer that asks to tune', async () =>
    db.selectFrom('reply').select('id').where('alert_id', '=', asked).executeTakeFirst(),
  )
  await db
    .updateTable('reply')
    .set({ state: 'sent', sent_at: agoOf(41), created_at: agoOf(41) })
    .where('id', '=', reply.id)
    .execute()
  await alertOf(desk, await post(desk, intakeKey, mailOf(one, 'NW-4901', new Date())))
}
