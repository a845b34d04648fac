import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { SuggestionRow } from '../../../src/contract/suggestions.ts'
import { call } from '../api.ts'
import { useMay } from '../me.ts'
import { outcomeWords } from '../words.ts'
import { Problem } from './states.tsx'
import { When } from './time.tsx'

/** What colleagues and programs suggested about an alert. `take` fills the form in; to decide stays the person's. Shows nothing where there is nothing. */
export function Suggestions({
  alertId,
  take,
}: {
  readonly alertId: string
  readonly take?: ((suggestion: SuggestionRow) => void) | undefined
}) {
  const client = useQueryClient()
  const queryKey = ['alert', alertId, 'suggestions']
  const list = useQuery({
    queryKey,
    queryFn: () => call('GET /api/alerts/:id/suggestions', { params: { id: alertId } }),
  })
  const close = useMutation({
    mutationFn: (closing: { readonly id: string; readonly as: 'taken' | 'dismissed' }) =>
      call('POST /api/suggestions/:id/close', { params: { id: closing.id }, body: { as: closing.as } }),
    onSettled: () => client.invalidateQueries({ queryKey }),
  })
  const may = useMay()
  const open = (list.data?.suggestions ?? []).filter(({ closedAt }) => closedAt === null)
  if (open.length === 0) return null
  return (
    <section className="card" aria-label="Suggestions">
      <h2>Suggested</h2>
      {open.map((one) => (
        <div key={one.id} className="stack tight">
          <div>
            {one.outcome !== null && <strong>{outcomeWords[one.outcome]}: </strong>}
            {one.text}
          </div>
          <div className="dim">
            {one.byName}
            {one.byProgram && ' (a program; check before you follow)'}, <When at={one.madeAt} ago />
          </div>
          {may('alert.decide') && (
            <div className="row tight">
              {take !== undefined && one.outcome !== null && (
                <Button
                  size="compact-sm"
                  variant="default"
                  onClick={() => {
                    take(one)
                    close.mutate({ id: one.id, as: 'taken' })
                  }}
                >
                  Start from this
                </Button>
              )}
              <Button size="compact-sm" variant="default" onClick={() => close.mutate({ id: one.id, as: 'dismissed' })}>
                Put away
              </Button>
            </div>
          )}
        </div>
      ))}
      <Problem error={close.error} />
    </section>
  )
}
