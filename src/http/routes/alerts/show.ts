import { alertPage } from '../../../db/alert-front.ts'
import { profilesOf } from '../../../triage/profiles.ts'
import { known, serve } from '../../serve.ts'
import { summaryOf } from '../../summary.ts'

export const showAlert = serve('GET /api/alerts/:id', async ({ front, params }) =>
  known(await alertPage(front.db, params.id, { summarise: summaryOf, profiles: profilesOf })),
)
