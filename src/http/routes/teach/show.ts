import { teachPage } from '../../../playbooks/teaching.ts'
import { serve } from '../../serve.ts'

export const showTeaching = serve('GET /api/teach/:id', async ({ front, params }) => {
  const page = await teachPage(front.db, params.id)
  const format = front.work.formats.find(({ id }) => id === page.reader)
  return { ...page, reader: format?.title ?? page.reader }
})
