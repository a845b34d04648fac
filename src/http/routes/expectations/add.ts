import { serve } from '../../serve.ts'

export const previewExpectation = serve('POST /api/expectations/preview', ({ front, body }) =>
  front.work.memory.preview(body),
)

export const addExpectation = serve('POST /api/expectations', ({ front, body, session, actor }) =>
  front.work.memory.add({ draft: body, owner: session().user.id, by: actor() }),
)
