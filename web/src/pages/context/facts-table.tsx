import { Button, Select, TagsInput, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { EditRow, FactView } from '../../../../src/contract/context.ts'
import { ageDays, staleAfterDays } from '../../../../src/model/context.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { Problem } from '../../parts/states.tsx'
import { useNow, When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { type FactKind, factText } from './fact-words.ts'

type Of = { readonly noun: 'assets' | 'people'; readonly entity: string }
type Words = Readonly<Record<string, { readonly title: string; readonly kind: FactKind }>>

/** The rule of model/merged-facts.ts, as a person reads it. */
export const ruleWords =
  'What a person entered counts first; then the sources in the order that is set; then the freshest. Lists are united.'

/** Each fact with its source and age; what other sources say; and a way to change it in place. */
export function FactsTable({
  of,
  facts,
  words,
}: {
  readonly of: Of
  readonly facts: readonly FactView[]
  readonly words: Words
}) {
  const [open, setOpen] = useState<string | null>(null)
  const may = useMay()
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Facts">
      <table className="plain cards facts-table">
        <thead>
          <tr>
            <th>Fact</th>
            <th>Value</th>
            <th>Source</th>
            <th>As of</th>
            <th aria-label="Change" />
          </tr>
        </thead>
        <tbody>
          {Object.entries(words).flatMap(([field, { title, kind }]) => {
            const fact = facts.find((one) => one.field === field)
            if (fact === undefined) return []
            const row = (
              <FactRow
                key={field}
                fact={fact}
                title={title}
                open={() => setOpen(field)}
                mayEdit={may('context.edit')}
              />
            )
            if (open !== field) return [row]
            return [
              row,
              <tr key={`${field} edit`}>
                <td />
                <td colSpan={4}>
                  <FactForm of={of} fact={fact} kind={kind} title={title} done={() => setOpen(null)} />
                </td>
              </tr>,
            ]
          })}
        </tbody>
      </table>
    </div>
  )
}

function FactRow({
  fact,
  title,
  open,
  mayEdit,
}: {
  readonly fact: FactView
  readonly title: string
  readonly open: () => void
  readonly mayEdit: boolean
}) {
  const text = factText(fact.value)
  const others = fact.conflict ? fact.says.filter((one) => one.source !== fact.source) : []
  return (
    <tr>
      <td className="dim fact-name">{title}</td>
      <td className="fact-value">
        {text ?? <span className="dim">{fact.source === null ? 'not known' : 'none'}</span>}
        {fact.conflict && (
          <div className="fact-conflict">
            <span className="tag warn">Sources differ</span>
            {others.map((one) => (
              <span key={one.source} className="dim">
                {one.source}: {factText(one.value) ?? 'none'} (<When at={one.asOf} ago />)
              </span>
            ))}
          </div>
        )}
      </td>
      <td data-label={fact.source === null ? undefined : 'Source'}>
        {fact.source === null ? (
          ''
        ) : fact.source === 'manual' ? (
          <span className="tag accent">By hand</span>
        ) : (
          fact.source
        )}
      </td>
      <td>{fact.asOf !== null && <Age at={fact.asOf} />}</td>
      <td className="num">
        {mayEdit && (
          <Button size="compact-xs" variant="default" onClick={open} aria-label={`Change: ${title}`}>
            Change
          </Button>
        )}
      </td>
    </tr>
  )
}

/** When a fact was true, marked where it is older than a review. */
export function Age({ at }: { readonly at: string }) {
  const days = ageDays(at, new Date(useNow())) ?? 0
  return (
    <span className="row tight">
      <When at={at} ago />
      {days > staleAfterDays && <span className="tag warn">Stale</span>}
    </span>
  )
}

const levels = ['low', 'medium', 'high', 'critical']

function FactForm({
  of,
  fact,
  kind,
  title,
  done,
}: {
  readonly of: Of
  readonly fact: FactView
  readonly kind: FactKind
  readonly title: string
  readonly done: () => void
}) {
  const client = useQueryClient()
  const [value, setValue] = useState<unknown>(fact.value)
  const [note, setNote] = useState('')
  const byHand = fact.source === 'manual'
  const send = (body: { field: string; value?: unknown; note?: string }) =>
    of.noun === 'assets'
      ? call('PATCH /api/assets/:id', { params: { id: of.entity }, body })
      : call('PATCH /api/people/:id', { params: { id: of.entity }, body })
  const refresh = () => client.invalidateQueries({ queryKey: [of.noun] })
  const back = byHand ? { field: fact.field, value: fact.value, note: 'Undone' } : { field: fact.field, note: 'Undone' }
  const save = useMutation({
    mutationFn: (giveBack: boolean) => send({ field: fact.field, note, ...(giveBack ? {} : { value: value ?? null }) }),
    onSuccess: (_done, giveBack) => {
      say(giveBack ? `${title}: the sources count again.` : `${title} is set by hand.`, {
        undo: () => void send(back).then(refresh),
      })
      done()
    },
    onSettled: refresh,
  })
  return (
    <form
      className="fact-form"
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate(false)
      }}
    >
      <ValueInput kind={kind} title={title} value={value} set={setValue} />
      <TextInput
        size="xs"
        label="Why (kept in the history)"
        value={note}
        maxLength={1000}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <Problem error={save.error} />
      <div className="row wrap">
        <Button size="xs" type="submit" loading={save.isPending}>
          Set by hand
        </Button>
        {byHand && (
          <Button size="xs" variant="default" onClick={() => save.mutate(true)}>
            Give back to the sources
          </Button>
        )}
        <Button size="xs" variant="default" onClick={done}>
          Leave it
        </Button>
        <span className="dim">It beats every source until it is given back.</span>
      </div>
    </form>
  )
}

function ValueInput({
  kind,
  title,
  value,
  set,
}: {
  readonly kind: FactKind
  readonly title: string
  readonly value: unknown
  readonly set: (value: unknown) => void
}) {
  switch (kind) {
    case 'level':
      return (
        <Select
          size="xs"
          label={title}
          data={levels}
          clearable
          placeholder="none"
          value={factText(value)}
          onChange={set}
        />
      )
    case 'yes-no':
      return (
        <Select
          size="xs"
          label={title}
          data={['Yes', 'No']}
          clearable
          placeholder="not known"
          value={factText(value)}
          onChange={(word) => set(word === null ? null : word === 'Yes')}
        />
      )
    case 'list':
      return (
        <TagsInput
          size="xs"
          label={title}
          description="Enter adds one"
          value={Array.isArray(value) ? value.map(String) : []}
          onChange={set}
        />
      )
    case 'text':
      return (
        <TextInput
          size="xs"
          label={title}
          data-autofocus
          value={factText(value) ?? ''}
          onChange={(event) => set(event.currentTarget.value === '' ? null : event.currentTarget.value)}
        />
      )
  }
}

/** Who changed what by hand, the newest first. */
export function Edits({ edits, words }: { readonly edits: readonly EditRow[]; readonly words: Words }) {
  return (
    <section className="card">
      <h2>Changed by hand</h2>
      {edits.length === 0 && <p className="dim">Nobody changed anything here; every fact is what the sources say.</p>}
      {edits.map((edit) => (
        <div key={`${edit.at} ${edit.field}`} className="edit-line">
          <span className="dim">
            <When at={edit.at} ago /> · {edit.by}
          </span>
          <span>
            {words[edit.field]?.title ?? edit.field}:{' '}
            {edit.givenBack
              ? 'given back to the sources'
              : `${factText(edit.before) ?? 'none'} → ${factText(edit.after) ?? 'none'}`}
          </span>
          {edit.note !== '' && <span className="dim">“{edit.note}”</span>}
        </div>
      ))}
    </section>
  )
}
