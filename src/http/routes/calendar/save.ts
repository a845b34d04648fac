import { removeEntry, saveEntry } from '../../../db/calendar.ts'
import { Trouble } from '../../../kit/errors.ts'
import { rangeOrAddress } from '../../../parsers/list/cells.ts'
import { serve } from '../../serve.ts'

export const saveCalendarEntry = serve('PUT /api/calendar/:id', async ({ front, params, body, actor }) => {
  if (body.to < body.from) throw new Trouble('input.invalid', { fields: { to: 'It ends before it begins' } })
  const entry = { ...body, networks: ranges('networks', body.networks), origins: ranges('origins', body.origins) }
  await saveEntry(front.db, { ...entry, id: params.id }, actor(), front.clock)
  return { done: true as const }
})

export const removeCalendarEntry = serve('DELETE /api/calendar/:id', async ({ front, params, actor }) => {
  await removeEntry(front.db, params.id, actor(), front.clock)
  return { done: true as const }
})

function ranges(field: string, texts: readonly string[]): string[] {
  return texts.map((text) => {
    const got = rangeOrAddress(text)
    if ('problem' in got) throw new Trouble('input.invalid', { fields: { [field]: `${text} ${got.problem}` } })
    return got.value
  })
}
