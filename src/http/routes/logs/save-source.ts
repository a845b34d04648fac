import type { LogSourceChange } from '../../../contract/logs.ts'
import { Trouble } from '../../../kit/errors.ts'
import { serve } from '../../serve.ts'
import { changeable, changeLogSource, sameChange } from './change-source.ts'

/** What the shape cannot say: names of parsers and zones are known here only. */
function check(source: LogSourceChange, parsers: readonly { readonly id: string }[]): void {
  const fields: Record<string, string> = {}
  if (source.parser !== null && !parsers.some((parser) => parser.id === source.parser))
    fields['source.parser'] = 'There is no such parser'
  if (!isZone(source.timeZone)) fields['source.timeZone'] = 'No such time zone; names are like Europe/Berlin or UTC'
  if (Object.keys(fields).length > 0) throw new Trouble('input.invalid', { fields })
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

export const saveLogSource = serve('PUT /api/lake/sources/:id', async ({ front, params, body, actor }) => {
  check(body.source, front.logs.parsers())
  await changeLogSource(front, params.id, (before) => {
    const unchanged =
      before === null ? body.seen === null : body.seen !== null && sameChange(changeable(before), body.seen)
    if (!unchanged) throw new Trouble('state.conflict', { source: params.id })
    return {
      after: { ...body.source, id: params.id, keys: before?.keys ?? [] },
      line: {
        kind: 'log-source.changed',
        actor: actor(),
        subject: `log-source:${params.id}`,
        body: { before: body.seen, after: body.source },
      },
    }
  })
  return { done: true as const }
})
