import { listTaughtReaders } from '../../../db/readers.ts'
import { serve } from '../../serve.ts'

export const showReaders = serve('GET /api/readers', async ({ front }) => ({
  readers: await listTaughtReaders(front.db),
}))
