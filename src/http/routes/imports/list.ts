import { listsOf } from '../../../db/house-front.ts'
import { mappingNames } from '../../../db/list-mappings.ts'
import { serve } from '../../serve.ts'

export const showLists = serve('GET /api/imports', async ({ front }) => ({
  lists: await listsOf(front.db),
  mappings: await mappingNames(front.db),
}))
