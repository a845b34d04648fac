import { precedencePage } from '../../../db/context-front.ts'
import { serve } from '../../serve.ts'

export const showPrecedence = serve('GET /api/source-precedence', ({ front }) => precedencePage(front.db))
