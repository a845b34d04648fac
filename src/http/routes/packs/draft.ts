import { packRowsShown } from '../../../contract/packs.ts'
import { packById } from '../../../db/context-packs.ts'
import { PackContent } from '../../../model/context-pack.ts'
import { known, serve } from '../../serve.ts'

export const draftThePack = serve('POST /api/packs/:id/draft', async ({ front, params, actor }) => {
  await front.work.pack.draft(params.id, actor())
  return { done: true as const }
})

export const showThePackDraft = serve('GET /api/packs/:id/draft', async ({ front, params }) => {
  const draft = known((await packById(front.db, params.id))?.draft)
  const content = PackContent.parse(JSON.parse(draft.json.toString()))
  const { assets, vulnerabilities, changes } = content
  const first = <T>(rows: readonly T[]): T[] => rows.slice(0, packRowsShown)
  return {
    ...content,
    digest: draft.digest,
    counts: front.work.pack.countsOf(content),
    assets: first(assets),
    vulnerabilities: first(vulnerabilities),
    changes: {
      since: changes.since,
      ...{ added: first(changes.added), removed: first(changes.removed), changed: first(changes.changed) },
      ...{ opened: first(changes.opened), closed: first(changes.closed) },
    },
  }
})
