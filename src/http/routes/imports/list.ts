import { listsOf } from '../../../db/house-front.ts'
import { serve } from '../../serve.ts'

export const showLists = serve('GET /api/imports', async ({ front }) => ({ lists: await listsOf(front.db) }))
