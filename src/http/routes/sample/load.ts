import { serve } from '../../serve.ts'

export const loadSampleData = serve('POST /api/sample', ({ front, actor }) => front.work.sample.load(actor()))

export const removeSampleData = serve('DELETE /api/sample', async ({ front, actor }) => ({
  removed: await front.work.sample.remove(actor()),
}))
