import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { ElsewhereView } from '../../../../src/contract/elsewhere.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { ErrorState, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { verdictWords } from '../settings/api-fields.tsx'

const stateWords: Record<ElsewhereView['state'], readonly [string, string]> = {
  'not-linked': ['Not there', 'tag'],
  new: ['On its way', 'tag'],
  creating: ['On its way', 'tag'],
  unconfirmed: ['Not confirmed', 'tag warn'],
  linked: ['In step', 'tag good'],
  gone: ['Gone there', 'tag bad'],
}

/** Where the ticket is in the house's other systems; nothing at all where none is set up. */
export function ElsewherePanel({ alertId }: { readonly alertId: string }) {
  const links = useQuery({
    queryKey: ['alert', alertId, 'elsewhere'],
    queryFn: () => call('GET /api/tickets/:id/elsewhere', { params: { id: alertId } }),
    refetchInterval: 10_000,
  })
  if (links.error !== null && links.data === undefined)
    return <ErrorState error={links.error} retry={() => void links.refetch()} />
  if (links.data === undefined || links.data.links.length === 0) return null
  return (
    <section className="card">
      <h2>Elsewhere</h2>
      {links.data.links.map((link) => (
        <One key={link.system} alertId={alertId} link={link} />
      ))}
    </section>
  )
}

function One({ alertId, link }: { readonly alertId: string; readonly link: ElsewhereView }) {
  const may = useMay()('ticket.work')
  const client = useQueryClient()
  const sync = useMutation({
    mutationFn: () =>
      call('POST /api/tickets/:id/elsewhere', { params: { id: alertId }, body: { system: link.system } }),
    onSettled: () => client.invalidateQueries({ queryKey: ['alert', alertId, 'elsewhere'] }),
  })
  const [words, tag] =
    link.state === 'linked' && (link.waits || link.says !== '') ? ['Behind', 'tag warn'] : stateWords[link.state]
  return (
    <div>
      <div className="row between wrap">
        <span>
          {link.title}:{' '}
          {link.url !== null ? (
            <a href={link.url} target="_blank" rel="noreferrer">
              {link.key}
            </a>
          ) : (
            <span className="mono">{link.key}</span>
          )}{' '}
          <span className={tag}>{words}</span>{' '}
          {link.status !== null && <span className="dim">“{link.status}” there</span>}
          {link.verdict !== null && (
            <span className="dim">
              , verdict “{link.verdict.word}”{link.verdict.means !== null && `: ${verdictWords(link.verdict.means)}`}
            </span>
          )}
        </span>
        {may && (
          <Button
            size="compact-sm"
            variant="subtle"
            aria-label={`Sync it now: ${link.title}`}
            loading={sync.isPending}
            onClick={() => sync.mutate()}
          >
            Sync it now
          </Button>
        )}
      </div>
      {link.unmapped && (
        <p>
          <span className="tag warn">Not mapped</span> “{link.status}” does nothing here until an administrator says
          what it means (Settings, Tickets elsewhere).
        </p>
      )}
      {link.verdict?.means === null && (
        <p>
          <span className="tag warn">Not mapped</span> Their verdict “{link.verdict.word}”: an administrator says what
          it means (Settings, Tickets elsewhere).
        </p>
      )}
      {link.says !== '' && <p>{link.says}</p>}
      {link.syncedAt !== null && (
        <p className="dim">
          Looked at <When at={link.syncedAt} ago />
        </p>
      )}
      <Problem error={sync.error} />
    </div>
  )
}
