import { quarantineOf } from '../../../db/alert-front.ts'
import { serve } from '../../serve.ts'

export const showQuarantine = serve('GET /api/quarantine', async ({ front }) => quarantineOf(front.db))
