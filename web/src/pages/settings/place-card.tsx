import { Button, Modal } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useMay } from '../../me.ts'
import { Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'

/** What is common to the cards of places outside that are told things: chat channels, ticket systems. */
type Place = {
  readonly id: string
  readonly title: string
  readonly failingSince: string | null
  readonly nextTryAt: string | null
  readonly says: string
}

type Props = {
  readonly place: Place
  /** The state in a word, and the tag it stands in. */
  readonly state: readonly [string, string]
  readonly queryKey: string
  readonly test: {
    readonly label: string
    readonly good: string
    readonly bad: string
    readonly run: () => Promise<{ readonly ok: boolean; readonly says: string }>
  }
  readonly remove: () => Promise<unknown>
  /** What its removal means. */
  readonly removal: ReactNode
  readonly edit: () => void
  /** Rows of facts. */
  readonly children: ReactNode
  readonly warning?: ReactNode
  readonly acts?: ReactNode
  readonly report?: ReactNode
}

/** A place outside: its state, since when it fails and why, a test, change and removal. */
export function PlaceCard(props: Props) {
  const { place, state, queryKey, test: trial, edit } = props
  const [words, tag] = state
  const may = useMay()
  const client = useQueryClient()
  const [removing, setRemoving] = useState(false)
  const test = useMutation({
    mutationFn: trial.run,
    onSettled: () => client.invalidateQueries({ queryKey: [queryKey] }),
  })
  return (
    <section className="card" aria-label={place.title}>
      <h2>
        {place.title} <span className={tag}>{words}</span>
      </h2>
      {place.failingSince !== null && (
        <p>
          Since <When at={place.failingSince} ago />: {place.says}.{' '}
          {place.nextTryAt !== null && (
            <>
              Tried again <When at={place.nextTryAt} ago />.
            </>
          )}
        </p>
      )}
      {props.warning}
      <dl className="kv">{props.children}</dl>
      <Problem error={test.error} />
      {test.data !== undefined && (
        <p role="status">
          <span className={test.data.ok ? 'tag good' : 'tag bad'}>{test.data.ok ? trial.good : trial.bad}</span>{' '}
          {test.data.says}
        </p>
      )}
      <div className="row wrap">
        {may('connector.test') && (
          <Button size="xs" variant="default" loading={test.isPending} onClick={() => test.mutate()}>
            {trial.label}
          </Button>
        )}
        {props.acts}
        {may('connector.change') && (
          <>
            <Button size="xs" variant="default" onClick={edit}>
              Change…
            </Button>
            <Button size="xs" variant="subtle" onClick={() => setRemoving(true)}>
              Take away…
            </Button>
          </>
        )}
      </div>
      {props.report}
      {removing && <Removal {...props} close={() => setRemoving(false)} />}
    </section>
  )
}

function Removal({ place, queryKey, remove: take, removal, close }: Props & { readonly close: () => void }) {
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: take,
    onSuccess: () => {
      say(`${place.title} is taken away.`)
      close()
    },
    onSettled: () => client.invalidateQueries({ queryKey: [queryKey] }),
  })
  return (
    <Modal opened onClose={close} title={`Take ${place.title} away?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className="stack">
        <p>{removal}</p>
        <Problem error={remove.error} />
        <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
          Take it away
        </Button>
      </div>
    </Modal>
  )
}
