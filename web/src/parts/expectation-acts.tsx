import { Button, Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type Expectation, expectationDaysMax } from '../../../src/model/expectation.ts'
import { call } from '../api.ts'
import { Problem } from './states.tsx'
import { say } from './toast.tsx'

/** Half of the most: what was looked at is looked at again before it is forgotten. */
export const renewDays = expectationDaysMax / 2

/** After each act whatever shows expectations asks anew. */
export function useExpectationsAgain() {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: ['expectations'] })
}

export function useRenewal(one: Expectation, done?: () => void) {
  return useMutation({
    mutationFn: () => call('POST /api/expectations/:id/renew', { params: { id: one.id }, body: { days: renewDays } }),
    onSuccess: () => {
      say(`E-${one.number} counts for another ${renewDays} days.`)
      done?.()
    },
    onSettled: useExpectationsAgain(),
  })
}

/** Why it is expected no more. Ctrl+Enter sends it. */
export function RetireForm({
  one,
  close,
  words,
}: {
  readonly one: Expectation
  readonly close: () => void
  /** `done` ends the sentence that begins with its number. */
  readonly words: { readonly ask: string; readonly verb: string; readonly done: string }
}) {
  const [reason, setReason] = useState('')
  const retire = useMutation({
    mutationFn: () => call('POST /api/expectations/:id/retire', { params: { id: one.id }, body: { reason } }),
    onSuccess: () => {
      say(`E-${one.number} ${words.done}.`)
      close()
    },
    onSettled: useExpectationsAgain(),
  })
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        if (reason.trim() !== '') retire.mutate()
      }}
    >
      <Textarea
        label={words.ask}
        data-autofocus
        autoFocus
        autosize
        minRows={2}
        maxLength={1000}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || reason.trim() === '') return
          event.preventDefault()
          retire.mutate()
        }}
      />
      <Problem error={retire.error} />
      <div className="row">
        <Button type="submit" disabled={reason.trim() === ''} loading={retire.isPending}>
          {words.verb}
        </Button>
        <span className="dim">Ctrl+Enter</span>
      </div>
    </form>
  )
}
