import { Trouble } from '../../../kit/errors.ts'
import { serve } from '../../serve.ts'

export const defineThePack = serve('PUT /api/packs/:id', async ({ front, params, body, actor }) => {
  if (params.id !== body.definition.id)
    throw new Trouble('input.invalid', { fields: { id: 'The name in the address is another one' } })
  return { version: await front.work.pack.define(body.definition, body.version, actor()) }
})
