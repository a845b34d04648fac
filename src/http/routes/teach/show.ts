import { teachPage } from '../../../playbooks/teaching.ts'
import { serve } from '../../serve.ts'

export const showTeaching = serve('GET /api/teach/:id', async ({ front, params }) => teachPage(front.db, params.id))
