import { peopleNamed } from '../../../db/approvals.ts'
import { entryByHand, removeEntry, saveEntry } from '../../../db/calendar.ts'
import { Trouble } from '../../../kit/errors.ts'
import { CalendarEntry } from '../../../model/calendar.ts'
import { serve } from '../../serve.ts'

/** One entry for each account: whoever is away twice says so the second time when they are back from the first. */
const idOf = (userId: string): string => `away-${userId}`

export const showMyAbsence = serve('GET /api/me/away', async ({ front, session }) => {
  const entry = await entryByHand(front.db, idOf(session().user.id))
  const isOver = entry === null || new Date(entry.to) <= front.clock.now()
  return { away: isOver ? null : { from: entry.from, to: entry.to, deputy: entry.deputy } }
})

export const saveMyAbsence = serve('PUT /api/me/away', async ({ front, session, body, actor }) => {
  const { from, to, deputy } = body
  const { id, email, name } = session().user
  const refuse = (field: string, why: string): never => {
    throw new Trouble('input.invalid', { fields: { [field]: why } })
  }
  if (new Date(to) <= new Date(from)) refuse('to', 'It ends before it begins')
  if (new Date(to) <= front.clock.now()) refuse('to', 'It is over already')
  if (deputy !== null) {
    const [found] = (await peopleNamed(front.db, [deputy])).users
    if (found === undefined || found.id === id)
      refuse('deputy', 'Name somebody else with an open account that may sign')
  }
  const entry = { id: idOf(id), kind: 'absence', title: `${name} is away`, from, to, person: email, deputy }
  await saveEntry(front.db, CalendarEntry.parse(entry), actor(), front.clock)
  return { done: true as const }
})

export const removeMyAbsence = serve('DELETE /api/me/away', async ({ front, session, actor }) => {
  await removeEntry(front.db, idOf(session().user.id), actor(), front.clock)
  return { done: true as const }
})
