import { assetDetail } from '../../../db/context-front.ts'
import { known, serve } from '../../serve.ts'

export const showAsset = serve('GET /api/assets/:id', async ({ front, params }) =>
  known(await assetDetail(front.db, params.id)),
)
