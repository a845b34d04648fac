import { editFact, putRow } from '../../../db/context-edit.ts'
import { Person } from '../../../model/context.ts'
import { serve } from '../../serve.ts'
import { asOfWithin, sourceOfPut } from '../assets/put.ts'

export const putPerson = serve('PUT /api/people/:id', async ({ front, params, body, actor }) => {
  const { source, asOf, ...facts } = body
  const fact = Person.parse({ ...facts, id: params.id })
  const row = {
    noun: 'people' as const,
    source: sourceOfPut(source),
    fact,
    asOf: asOfWithin(asOf, front.clock),
    by: actor(),
  }
  return { entity: (await putRow(front.db, row, front.clock)).entity }
})

export const editPerson = serve('PATCH /api/people/:id', async ({ front, params, body, actor }) => {
  await editFact(front.db, { noun: 'people', entity: params.id, ...body, by: actor() }, front.clock)
  return { done: true as const }
})
