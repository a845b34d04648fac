import { assetPage } from '../../../db/context-front.ts'
import { serve } from '../../serve.ts'

export const showAssets = serve('GET /api/assets', ({ front, query }) => assetPage(front.db, query))
