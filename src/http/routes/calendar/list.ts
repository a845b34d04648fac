import { calendarBetween } from '../../../db/calendar.ts'
import { serve } from '../../serve.ts'

export const showCalendar = serve('GET /api/calendar', ({ front, query }) =>
  calendarBetween(front.db, query.from, query.to),
)
