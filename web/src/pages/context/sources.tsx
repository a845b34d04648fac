import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { say } from '../../parts/toast.tsx'
import { ruleWords } from './facts-table.tsx'

/** Which source counts first where two contradict each other. */
export function SourcesPart() {
  const may = useMay()
  const client = useQueryClient()
  const page = useQuery({ queryKey: ['precedence'], queryFn: () => call('GET /api/source-precedence') })
  const save = useMutation({
    mutationFn: (precedence: string[]) => call('PUT /api/source-precedence', { body: { precedence } }),
    onSuccess: () => say('The order counts from now on.'),
    onSettled: () => client.invalidateQueries(),
  })
  if (page.data === undefined)
    return page.error === null ? <Loading /> : <ErrorState error={page.error} retry={() => void page.refetch()} />
  const { precedence, sources } = page.data
  const rest = sources.filter((source) => !precedence.includes(source))
  const swap = (at: number, to: number) => {
    const next = [...precedence]
    const [one] = next.splice(at, 1)
    if (one !== undefined) next.splice(to, 0, one)
    save.mutate(next)
  }
  return (
    <section className="card">
      <h2>Order of sources</h2>
      <p className="dim">{ruleWords}</p>
      <ol className="precedence">
        <li>
          <strong>By hand</strong> <span className="dim">always first</span>
        </li>
        {precedence.map((source, at) => (
          <li key={source}>
            <strong>{source}</strong>
            {may('context.import') && (
              <span className="row tight">
                <Button size="compact-xs" variant="default" disabled={at === 0} onClick={() => swap(at, at - 1)}>
                  Up
                </Button>
                <Button
                  size="compact-xs"
                  variant="default"
                  disabled={at === precedence.length - 1}
                  onClick={() => swap(at, at + 1)}
                >
                  Down
                </Button>
                <Button
                  size="compact-xs"
                  variant="default"
                  onClick={() => save.mutate(precedence.filter((other) => other !== source))}
                >
                  No fixed place
                </Button>
              </span>
            )}
          </li>
        ))}
        {rest.length > 0 && (
          <li>
            <strong>The freshest of the others</strong>
            <span className="row tight wrap">
              {rest.map((source) => (
                <span key={source} className="row tight">
                  {source}
                  {may('context.import') && (
                    <Button
                      size="compact-xs"
                      variant="default"
                      aria-label={`Put first: ${source}`}
                      onClick={() => save.mutate([source, ...precedence])}
                    >
                      Put first
                    </Button>
                  )}
                </span>
              ))}
            </span>
          </li>
        )}
      </ol>
      {sources.length === 0 && <p className="dim">No list of assets or people was imported yet.</p>}
      <Problem error={save.error} />
    </section>
  )
}
