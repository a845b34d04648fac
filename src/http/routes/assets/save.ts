import { editFact, putRow } from '../../../db/context-edit.ts'
import { Asset } from '../../../model/context.ts'
import { serve } from '../../serve.ts'
import { asOfWithin, sourceOfPut } from './put.ts'

export const putAsset = serve('PUT /api/assets/:id', async ({ front, params, body, actor }) => {
  const { source, asOf, ...facts } = body
  const fact = Asset.parse({ ...facts, id: params.id })
  const row = {
    noun: 'assets' as const,
    source: sourceOfPut(source),
    fact,
    asOf: asOfWithin(asOf, front.clock),
    by: actor(),
  }
  return { entity: (await putRow(front.db, row, front.clock)).entity }
})

export const editAsset = serve('PATCH /api/assets/:id', async ({ front, params, body, actor }) => {
  await editFact(front.db, { noun: 'assets', entity: params.id, ...body, by: actor() }, front.clock)
  return { done: true as const }
})
