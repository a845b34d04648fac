import { newSecret, sha256Hex } from '../../../kit/digest.ts'
import { Trouble } from '../../../kit/errors.ts'
import { serve } from '../../serve.ts'
import { changeLogSource, existing } from './change-source.ts'

/** Keys of one source: one for each machine that sends, and a few while they are replaced. */
const keysMax = 50

export const newLogKey = serve('POST /api/lake/sources/:id/keys', async ({ front, params, body, actor }) => {
  const key = newSecret()
  await changeLogSource(front, params.id, (found) => {
    const before = existing(found)
    if (before.keys.length >= keysMax)
      throw new Trouble('input.invalid', { fields: { name: `There are ${keysMax} keys already; take one back` } })
    const made = { name: body.name, digest: sha256Hex(key), made: front.clock.now().toISOString() }
    return {
      after: { ...before, keys: [...before.keys, made] },
      line: {
        kind: 'log-source.changed',
        actor: actor(),
        subject: `log-source:${params.id}`,
        body: { keyMade: made.name, digest: made.digest },
      },
    }
  })
  return { key }
})

export const revokeLogKey = serve('POST /api/lake/sources/:id/keys/revoke', async ({ front, params, body, actor }) => {
  await changeLogSource(front, params.id, (found) => {
    const before = existing(found)
    const key = before.keys.find((one) => one.digest === body.digest)
    if (key === undefined) throw new Trouble('not.found')
    return {
      after: { ...before, keys: before.keys.filter((one) => one !== key) },
      line: {
        kind: 'log-source.changed',
        actor: actor(),
        subject: `log-source:${params.id}`,
        body: { keyRevoked: key.name, digest: key.digest },
      },
    }
  })
  return { done: true as const }
})
