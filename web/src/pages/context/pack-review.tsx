import { Button, Modal } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { PackDraft } from '../../../../src/contract/packs.ts'
import type { PackAsset, PackField } from '../../../../src/model/context-pack.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { say } from '../../parts/toast.tsx'
import { plural } from '../../words.ts'
import { fieldWords } from './pack-words.ts'

/** Exactly what would leave, what changed since the last time, and the button that lets it. */
export function PackReview({
  id,
  provider,
  close,
}: {
  readonly id: string
  readonly provider: string
  readonly close: () => void
}) {
  const client = useQueryClient()
  const may = useMay()
  const draft = useQuery({
    queryKey: ['packs', id, 'draft'],
    queryFn: () => call('GET /api/packs/:id/draft', { params: { id } }),
    gcTime: 0,
  })
  const release = useMutation({
    mutationFn: (digest: string) => call('POST /api/packs/:id/release', { params: { id }, body: { digest } }),
    onSuccess: ({ version }) => {
      say(`Version ${version} is released: signed, in the ledger, ready to be handed over.`)
      close()
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['packs'] }),
  })
  const { data } = draft
  return (
    <Modal opened onClose={close} title={`What ${provider} would be told`} size="90%">
      {data === undefined ? (
        draft.error === null ? (
          <Loading />
        ) : (
          <ErrorState error={draft.error} retry={() => void draft.refetch()} />
        )
      ) : (
        <div className="stack">
          <Withheld draft={data} />
          <Changes draft={data} />
          <Assets draft={data} />
          <Problem error={release.error} />
          <div className="row wrap">
            {may('reply.release') && (
              <Button
                loading={release.isPending}
                disabled={data.counts.assets === 0}
                onClick={() => release.mutate(data.digest)}
              >
                Release version {data.version} for {provider}
              </Button>
            )}
            <Button variant="default" onClick={close}>
              Not now
            </Button>
          </div>
        </div>
      )}
    </Modal>
  )
}

const words = (fields: readonly PackField[]): string => fields.map((field) => fieldWords[field]).join(', ')

function Withheld({ draft }: { readonly draft: PackDraft }) {
  const { withheld, counts } = draft
  return (
    <dl className="kv">
      <dt>Would leave</dt>
      <dd>
        {plural(counts.assets, 'asset')}, {plural(counts.vulnerabilities, 'open vulnerability', 'open vulnerabilities')}
        ; {plural(withheld.assetsOutOfScope, 'asset')} out of scope
      </dd>
      <dt>Under a pseudonym</dt>
      <dd>
        {withheld.pseudonyms.length === 0 ? 'nothing: the agreement lets all of it leave' : words(withheld.pseudonyms)}
      </dd>
      <dt>Left out</dt>
      <dd>
        {withheld.leftOut.length === 0 ? 'nothing' : words(withheld.leftOut)}
        {withheld.placesRedacted > 0 && `; ${plural(withheld.placesRedacted, 'place')} in texts blacked out`}
      </dd>
    </dl>
  )
}

function Changes({ draft: { changes, counts } }: { readonly draft: PackDraft }) {
  if (changes.since === null) return <p className="dim">This is the first version: everything is new to them.</p>
  if (counts.changes === 0) return <p className="dim">Nothing changed since version {changes.since}.</p>
  const lines = [
    ...changes.added.map((asset) => ({ key: `+${asset}`, what: 'New', asset, detail: '' })),
    ...changes.removed.map((asset) => ({ key: `-${asset}`, what: 'Gone', asset, detail: '' })),
    ...changes.changed.map(({ asset, field, before, after }) => ({
      key: `~${asset} ${field}`,
      what: 'Changed',
      asset,
      detail: `${fieldWords[field as PackField] ?? field}: ${cellText(before)} → ${cellText(after)}`,
    })),
    ...changes.opened.map(({ asset, cve }) => ({ key: `o${asset} ${cve}`, what: 'Opened', asset, detail: cve })),
    ...changes.closed.map(({ asset, cve }) => ({ key: `c${asset} ${cve}`, what: 'Closed', asset, detail: cve })),
  ]
  return (
    <section>
      <h3>
        {plural(counts.changes, 'change')} since version {changes.since}
      </h3>
      <table className="plain">
        <tbody>
          {lines.slice(0, 50).map(({ key, what, asset, detail }) => (
            <tr key={key}>
              <td>{what}</td>
              <td className="mono">{asset}</td>
              <td>{detail}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {counts.changes > 50 && <p className="dim">All of them are in changes.csv once it is released.</p>}
    </section>
  )
}

function Assets({ draft }: { readonly draft: PackDraft }) {
  const { assets, fields, withheld, counts } = draft
  const columns: readonly PackField[] = [
    ...new Set<PackField>(['name', ...fields.filter((field) => !withheld.leftOut.includes(field))]),
  ]
  return (
    <section>
      <h3>
        {counts.assets > assets.length
          ? `The first ${assets.length} of ${counts.assets} assets`
          : plural(counts.assets, 'asset')}
      </h3>
      <div style={{ overflowX: 'auto' }}>
        <table className="plain cards">
          <thead>
            <tr>
              {columns.map((field) => (
                <th key={field}>{fieldWords[field]}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {assets.map((row) => (
              <tr key={String(row['name'])}>
                {columns.map((field) => (
                  <td key={field} data-label={fieldWords[field]}>
                    {cellText(row[field] ?? null)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function cellText(cell: PackAsset[string]): string {
  if (cell === null) return 'not known'
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no'
  return Array.isArray(cell) ? cell.join(', ') : cell
}
