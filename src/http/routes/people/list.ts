import { peoplePage } from '../../../db/context-front.ts'
import { serve } from '../../serve.ts'

export const showPeople = serve('GET /api/people', ({ front, query }) => peoplePage(front.db, query, front.clock.now()))
