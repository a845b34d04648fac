import { ledgerPage } from '../../../db/house-front.ts'
import { serve } from '../../serve.ts'

export const showLedger = serve('GET /api/ledger', async ({ front, query }) => ledgerPage(front.db, query))
