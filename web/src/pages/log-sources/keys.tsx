import { Button, CopyButton, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { LogSource } from '../../../../src/model/lake.ts'
import { call, fieldProblem } from '../../api.ts'
import { useMay } from '../../me.ts'
import { Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'

/** Keys that may send lines of a source over HTTP. */
export function Keys({ source }: { readonly source: LogSource }) {
  const may = useMay()
  const client = useQueryClient()
  const [name, setName] = useState('')
  const again = () => client.invalidateQueries({ queryKey: ['lake'] })
  const make = useMutation({
    mutationFn: () => call('POST /api/lake/sources/:id/keys', { params: { id: source.id }, body: { name } }),
    onSuccess: () => setName(''),
    onSettled: again,
  })
  const revoke = useMutation({
    mutationFn: (digest: string) =>
      call('POST /api/lake/sources/:id/keys/revoke', { params: { id: source.id }, body: { digest } }),
    onSuccess: () => say('Taken back: the key stops working within seconds.'),
    onSettled: again,
  })
  return (
    <section className="stack">
      <h2 className="section-title">Keys that may send over HTTP</h2>
      {source.keys.length === 0 && <p className="dim">None: nobody can send lines of this source over HTTP.</p>}
      <ul className="key-list">
        {source.keys.map((key) => (
          <li key={key.digest} className="row">
            <span className="grow">
              {key.name}{' '}
              <span className="dim">
                made <When at={key.made} ago />
              </span>
            </span>
            {may('log-source.change') && (
              <Button
                size="compact-xs"
                variant="default"
                aria-label={`Take back the key ${key.name}`}
                onClick={() => revoke.mutate(key.digest)}
              >
                Take back
              </Button>
            )}
          </li>
        ))}
      </ul>
      {may('log-source.change') && (
        <form
          className="row wrap key-make"
          onSubmit={(event) => {
            event.preventDefault()
            make.mutate()
          }}
        >
          <TextInput
            size="xs"
            className="grow"
            aria-label="Name of the new key"
            placeholder="What sends with it, such as vector on fw-1"
            value={name}
            error={fieldProblem(make.error, 'name')}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Button size="xs" type="submit" variant="default" disabled={name.trim() === ''} loading={make.isPending}>
            Make a key
          </Button>
        </form>
      )}
      <Problem error={make.error ?? revoke.error} />
      {make.data !== undefined && <Shown source={source.id} secret={make.data.key} />}
    </section>
  )
}

/** One line a reader can paste; `@-` sends what comes through a pipe. */
export function curlOf(source: string, key: string, origin = window.location.origin): string {
  return `curl --data-binary @app.log -H 'Authorization: Bearer ${key}' ${origin}/api/logs/${source}`
}

function Shown({ source, secret }: { readonly source: string; readonly secret: string }) {
  const curl = curlOf(source, secret)
  return (
    <div className="secret-shown key-shown">
      <div className="grow">
        <strong>Shown once.</strong> Send lines, or NDJSON, also gzip or zstd:
        <pre className="mono">{curl}</pre>
      </div>
      <div className="stack tight">
        <CopyButton value={secret}>
          {({ copied, copy }) => (
            <Button size="compact-sm" variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy the key'}
            </Button>
          )}
        </CopyButton>
        <CopyButton value={curl}>
          {({ copied, copy }) => (
            <Button size="compact-sm" variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy the command'}
            </Button>
          )}
        </CopyButton>
      </div>
    </div>
  )
}
