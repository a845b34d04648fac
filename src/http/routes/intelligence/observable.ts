import { Trouble } from '../../../kit/errors.ts'
import { heardSources, knowObservable, observableIn } from '../../../playbooks/know-observable.ts'
import { serve } from '../../serve.ts'

export const lookUpObservable = serve('GET /api/intelligence/observable', async ({ front, query }) => {
  const { db, clock } = front
  const now = clock.now()
  const asked = observableIn(query.q)
  const known = asked === null ? null : await knowObservable(db, asked.type, asked.value, now)
  if (known === null)
    throw new Trouble('input.invalid', { fields: { q: 'Type an address, a name, a URL, a mail address or a digest' } })
  const heard = (await heardSources(db, now)).filter(({ lastSuccess }) => lastSuccess !== null)
  const { verdict, note, hits, warnings } = known.reputation
  return {
    ...{ type: known.type, value: known.value, verdict, note, hits: [...hits], warnings: [...warnings] },
    ...{ sources: heard.length, stale: heard.filter(({ stale }) => stale).length },
  }
})
