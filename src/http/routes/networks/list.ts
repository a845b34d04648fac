import { networksPage } from '../../../db/context-front.ts'
import { serve } from '../../serve.ts'

export const showNetworks = serve('GET /api/networks', ({ front }) => networksPage(front.db))
