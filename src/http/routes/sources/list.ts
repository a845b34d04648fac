import { serve } from '../../serve.ts'

export const showSources = serve('GET /api/sources', async ({ front }) => front.work.watched.list())
