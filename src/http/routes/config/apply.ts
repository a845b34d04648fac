import { serve } from '../../serve.ts'

export const applyConfigFile = serve('POST /api/config/apply', async ({ front, body, actor }) => {
  const { version, changes } = await front.work.config.apply({ ...body, by: actor() })
  return { version, changes: [...changes] }
})

export const rollBackConfigFile = serve(
  'POST /api/config/versions/:version/rollback',
  async ({ front, params, body, actor }) => {
    const { version, changes } = await front.work.config.rollBack({ ...params, ...body, by: actor() })
    return { version, changes: [...changes] }
  },
)
