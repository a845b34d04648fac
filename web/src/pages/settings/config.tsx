import { Button, FileButton, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { ConfigDifference, ConfigVersionRow } from '../../../../src/contract/config.ts'
import { type Answer, call } from '../../api.ts'
import { EmptyState, ErrorState, Loading } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { plural } from '../../words.ts'
import { Refusal } from './refusal.tsx'
import './config.css'

const kindWords = { before: 'before a change', applied: 'applied', 'rolled-back': 'rolled back' } as const

/** Settings as a file: export, see what a file would change, apply it, go back. */
export function ConfigPart() {
  const config = useQuery({ queryKey: ['config'], queryFn: () => call('GET /api/config') })
  if (config.data === undefined)
    return config.error === null ? <Loading /> : <ErrorState error={config.error} retry={() => void config.refetch()} />
  return (
    <>
      <AsFile key={config.data.digest} config={config.data} />
      <Versions config={config.data} />
    </>
  )
}

function useChanged() {
  const client = useQueryClient()
  return ({ version, changes }: { version: number | null; changes: readonly unknown[] }) => {
    say(
      version === null
        ? 'Nothing differed; nothing was changed.'
        : `Version ${version}: ${plural(changes.length, 'change')}, in the ledger.`,
    )
    // Anything may have changed.
    return client.invalidateQueries()
  }
}

function AsFile({ config }: { readonly config: Answer<'GET /api/config'> }) {
  const [yaml, setYaml] = useState(config.yaml)
  const [note, setNote] = useState('')
  const changed = useChanged()
  const diff = useMutation({ mutationFn: () => call('POST /api/config/diff', { body: { yaml } }) })
  const apply = useMutation({
    mutationFn: (base: string) => call('POST /api/config/apply', { body: { yaml, base, note } }),
    onSuccess: changed,
  })
  const edit = (text: string) => {
    setYaml(text)
    diff.reset()
    apply.reset()
  }
  return (
    <section className="card">
      <h2>Settings as a file</h2>
      <p className="dim">
        Providers, settings of the house, rules for tickets, connectors of the page and silence limits, as they run now.
        Secrets stand here by name only, and a file cannot bring one. Not in it, because they have versions or files of
        their own: playbooks, readers, users, keys, log sources and <code>counterfoil.yaml</code>.
      </p>
      <Textarea
        aria-label="The settings as YAML"
        autosize
        minRows={10}
        maxRows={24}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        value={yaml}
        onChange={(event) => edit(event.currentTarget.value)}
      />
      <div className="row wrap">
        <Button loading={diff.isPending} disabled={yaml.trim() === ''} onClick={() => diff.mutate()}>
          Show what it would change
        </Button>
        <FileButton accept=".yaml,.yml,application/yaml,text/yaml" onChange={(file) => void file?.text().then(edit)}>
          {(props) => (
            <Button variant="default" {...props}>
              Open a file…
            </Button>
          )}
        </FileButton>
        <Button
          component="a"
          variant="default"
          href={`data:application/yaml;charset=utf-8,${encodeURIComponent(config.yaml)}`}
          download="counterfoil-settings.yaml"
        >
          Download what runs
        </Button>
        {yaml !== config.yaml && (
          <Button variant="default" onClick={() => edit(config.yaml)}>
            Back to what runs
          </Button>
        )}
      </div>
      <Refusal error={diff.error ?? apply.error} />
      {diff.data !== undefined && (
        <>
          <Changes difference={diff.data} />
          {diff.data.changes.length > 0 && (
            <div className="row wrap end">
              <TextInput
                label="Why"
                placeholder="kept with the version"
                value={note}
                onChange={(event) => setNote(event.currentTarget.value)}
              />
              <Button loading={apply.isPending} onClick={() => apply.mutate(diff.data.base)}>
                Apply {plural(diff.data.changes.length, 'change')}
              </Button>
            </div>
          )}
        </>
      )}
    </section>
  )
}

function Changes({ difference: { changes, stays } }: { readonly difference: ConfigDifference }) {
  if (changes.length === 0 && stays.length === 0) return <p>Nothing would change: this is what runs.</p>
  return (
    <div className="config-changes" role="region" aria-label="What would change" tabIndex={0}>
      <table className="plain cards">
        <thead>
          <tr>
            <th>Setting</th>
            <th>Runs now</th>
            <th>Would be</th>
          </tr>
        </thead>
        <tbody>
          {changes.map(({ path, running, wanted }) => (
            <tr key={path}>
              <th scope="row" className="mono">
                {path}
              </th>
              <td data-label="Runs now">
                {running === null ? <span className="dim">not there</span> : <code>{running}</code>}
              </td>
              <td data-label="Would be">
                {wanted === null ? <span className="dim">taken away</span> : <code>{wanted}</code>}
              </td>
            </tr>
          ))}
          {stays.map((path) => (
            <tr key={path}>
              <th scope="row" className="mono">
                {path}
              </th>
              <td colSpan={2} className="dim">
                not in the file, and stays: it is taken away where it is set up
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Versions({ config }: { readonly config: Answer<'GET /api/config'> }) {
  return (
    <section className="card">
      <h2>Versions</h2>
      {config.versions.length === 0 ? (
        <EmptyState
          title="No file was ever applied."
          proof="What is changed on a page has its line in the ledger; each file that is applied makes a version here, and so does what ran before it."
        />
      ) : (
        <ul className="config-versions">
          {config.versions.map((row) => (
            <Version key={row.version} row={row} runs={row.digest === config.digest} />
          ))}
        </ul>
      )}
    </section>
  )
}

function Version({ row, runs }: { readonly row: ConfigVersionRow; readonly runs: boolean }) {
  const [isOpen, setOpen] = useState(false)
  const changed = useChanged()
  const shown = useQuery({
    queryKey: ['config', row.version],
    queryFn: () => call('GET /api/config/versions/:version', { params: { version: row.version } }),
    enabled: isOpen,
  })
  const back = useMutation({
    mutationFn: (base: string) =>
      call('POST /api/config/versions/:version/rollback', {
        params: { version: row.version },
        body: { base, note: '' },
      }),
    onSuccess: changed,
  })
  return (
    <li>
      <div className="row wrap">
        <strong>Version {row.version}</strong>
        <span className={runs ? 'tag good' : 'tag'}>{runs ? 'runs now' : kindWords[row.kind]}</span>
        <span className="dim">
          <When at={row.at} ago />
          {row.note !== '' && `: ${row.note}`}
        </span>
        {!runs && !isOpen && (
          <Button size="compact-sm" variant="default" onClick={() => setOpen(true)}>
            Go back to it…
          </Button>
        )}
      </div>
      {isOpen && shown.data !== undefined && (
        <>
          <Changes difference={shown.data.difference} />
          <div className="row">
            <Button
              size="compact-sm"
              loading={back.isPending}
              disabled={shown.data.difference.changes.length === 0}
              onClick={() => back.mutate(shown.data.difference.base)}
            >
              Go back to version {row.version}
            </Button>
            <Button size="compact-sm" variant="default" onClick={() => setOpen(false)}>
              Cancel
            </Button>
          </div>
        </>
      )}
      <Refusal error={shown.error ?? back.error} />
    </li>
  )
}
