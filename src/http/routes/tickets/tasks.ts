import { serve } from '../../serve.ts'

export const addTicketTask = serve('POST /api/tickets/:id/tasks', ({ front, params, body, actor }) =>
  front.work.tickets.addTask({
    ...{ alertId: params.id, by: actor(), title: body.title, owner: body.owner },
    dueAt: body.dueAt === null ? null : new Date(body.dueAt),
  }),
)

export const editTicketTask = serve('PUT /api/tickets/:id/tasks/:task', async ({ front, params, body, actor }) => {
  await front.work.tickets.editTask({ alertId: params.id, by: actor(), task: params.task, change: body })
  return { done: true as const }
})
