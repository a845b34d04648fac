import { listPacks } from '../../../db/context-packs.ts'
import { serve } from '../../serve.ts'

export const listThePacks = serve('GET /api/packs', async ({ front }) => {
  const packs = await listPacks(front.db)
  return {
    packs: packs.map(({ definition, version, draft, released }) => ({
      ...{ definition, version },
      draft: draft === null ? null : { digest: draft.digest, by: draft.by, at: draft.at },
      released: released.map(({ version, counts, files, releasedBy, releasedAt }) => ({
        ...{ version, counts, files, releasedBy, releasedAt },
      })),
    })),
  }
})
