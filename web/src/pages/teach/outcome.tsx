import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import type { FieldProblem, ReaderTest, TeachPage, TriedRow } from '../../../../src/model/teaching.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { inert } from '../../parts/inert.ts'
import { Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { plural } from '../../words.ts'
import { fieldWords } from './fields.ts'
import { YamlBox } from './yaml-box.tsx'

type Made = { readonly yaml: string; readonly problems: readonly FieldProblem[]; readonly test: ReaderTest }

/** What was made: the YAML, how it does on the sender's last messages, and the button that keeps it. */
export function Outcome({ page, id, made }: { readonly page: TeachPage; readonly id: string; readonly made: Made }) {
  const may = useMay()
  const client = useQueryClient()
  const [yaml, setYaml] = useState(made.yaml)
  const again = useMutation({
    mutationFn: () => call('POST /api/teach/:id/test', { params: { id: page.id }, body: { yaml } }),
  })
  const save = useMutation({
    mutationFn: async (switchedOn: boolean) => {
      const { readers } = await call('GET /api/readers')
      const version = readers.find((one) => one.id === id)?.version ?? 0
      await call('PUT /api/readers/:id', { params: { id }, body: { yaml, switchedOn, version } })
      return switchedOn
    },
    onSuccess: (switchedOn) =>
      say(switchedOn ? 'Saved: it reads what comes from now on.' : 'Saved, and switched off: it reads nothing yet.'),
    onSettled: () => client.invalidateQueries({ queryKey: ['readers'] }),
  })
  const top = useRef<HTMLDivElement>(null)
  // Newer browsers answer with a promise, which is no clean-up.
  useEffect(() => {
    top.current?.scrollIntoView({ block: 'start' })
  }, [])
  const changed = yaml !== made.yaml
  const test = again.data === undefined ? made.test : again.data.test
  const issues = again.data?.issues ?? []
  return (
    <div className="teach-grid" ref={top}>
      <section className="card stack" aria-label="The test">
        {test === null ? <p>It is not tested while something is wrong with it.</p> : <Tested test={test} />}
      </section>
      <section className="card stack" aria-label="The reader">
        <h2>The reader</h2>
        <YamlBox
          yaml={yaml}
          set={setYaml}
          error={issues.map((one) => `Line ${one.line}: ${one.problem}`).join('\n') || undefined}
        />
        <Problem error={again.error ?? save.error} />
        <div className="row wrap">
          <Button
            variant="default"
            disabled={!changed && again.data === undefined}
            loading={again.isPending}
            onClick={() => again.mutate()}
          >
            Test again
          </Button>
          {may('reader.change') ? (
            <>
              <Button loading={save.isPending} onClick={() => save.mutate(true)}>
                Save and switch on
              </Button>
              <Button variant="default" loading={save.isPending} onClick={() => save.mutate(false)}>
                Save switched off
              </Button>
            </>
          ) : (
            <span className="dim">A lead or administrator can save it. Copy the YAML for them.</span>
          )}
        </div>
        {save.isSuccess && (
          <p>
            Saved.{' '}
            <Link to="/settings/$part" params={{ part: 'readers' }}>
              All taught readers
            </Link>
          </p>
        )}
      </section>
    </div>
  )
}

function Tested({ test }: { readonly test: ReaderTest }) {
  const partly = test.rows.filter((row) => row.own && !row.green).length
  return (
    <>
      <h2>
        {test.green} of {test.of} green
        {partly > 0 && `, ${partly} partly`}
      </h2>
      <progress className="teach-bar" max={test.of} value={test.green} aria-label="Share of messages that it reads" />
      <p className="dim">
        {test.of === 1
          ? 'Only this message: nothing else of this sender was read yet.'
          : 'The last messages of this sender; those that it does not read first. Partly: it is read, and a field that the reader can do without is not in it. What is not read is left to the other readers.'}
        {test.left > 0 && ` ${plural(test.left, 'message')} were too large to test on.`}
      </p>
      <ul className="teach-rows">
        {test.rows.map((row) => (
          <Row key={row.messageId} row={row} here={row.messageId === test.here.messageId} />
        ))}
      </ul>
    </>
  )
}

function Row({ row, here }: { readonly row: TriedRow; readonly here: boolean }) {
  return (
    <li>
      <details>
        <summary>
          <span className={row.green ? 'tag good' : row.own ? 'tag warn' : 'tag bad'}>
            {row.green ? 'Green' : row.own ? 'Partly' : 'Not read'}
          </span>{' '}
          <span className="clip">{row.subject === '' ? 'a post' : inert(row.subject)}</span>{' '}
          <span className="dim">
            <When at={row.receivedAt} ago />
            {here && ', this message'}
          </span>
          {row.why.length > 0 && (
            <div className="teach-why">
              {row.why.map((one) => `${fieldWords[one.field]}: ${inert(one.why)}`).join('; ')}
            </div>
          )}
        </summary>
        <dl className="kv">
          {row.fields.map((one) => (
            <div key={one.field} className="teach-pair">
              <dt>{fieldWords[one.field]}</dt>
              <dd className="mono">{inert(one.value)}</dd>
            </div>
          ))}
        </dl>
      </details>
    </li>
  )
}
