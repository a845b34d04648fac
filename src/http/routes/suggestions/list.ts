import { suggestionsOf } from '../../../db/suggestions.ts'
import { serve } from '../../serve.ts'

export const showSuggestions = serve('GET /api/alerts/:id/suggestions', async ({ front, params }) => ({
  suggestions: await suggestionsOf(front.db, params.id),
}))
