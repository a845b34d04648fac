import { Button, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call, fieldProblem } from '../../api.ts'
import { Problem } from '../../parts/states.tsx'

/** Asks what is known about something. The answer comes when people here have written, reviewed and released it. */
export function AskForm() {
  const client = useQueryClient()
  const [observable, setObservable] = useState('')
  const [why, setWhy] = useState('')
  const ask = useMutation({
    mutationFn: () => call('POST /api/portal/requests', { body: { observable, why } }),
    onSuccess: () => {
      setObservable('')
      setWhy('')
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['portal'] }),
  })
  return (
    <form
      className="card stack portal-ask"
      onSubmit={(event) => {
        event.preventDefault()
        ask.mutate()
      }}
    >
      <h2>Ask about something</h2>
      <div className="two">
        <TextInput
          label="Address, name, hash…"
          required
          maxLength={300}
          value={observable}
          error={fieldProblem(ask.error, 'observable')}
          onChange={(event) => setObservable(event.currentTarget.value)}
        />
        <TextInput
          label="Why you ask"
          required
          maxLength={1000}
          value={why}
          error={fieldProblem(ask.error, 'why')}
          onChange={(event) => setWhy(event.currentTarget.value)}
        />
      </div>
      <Problem error={ask.error} />
      {ask.data !== undefined && (
        <p role="status">
          Asked as <span className="mono">{ask.data.ticket}</span>. The answer appears here when it is released, and
          comes by mail.
        </p>
      )}
      <Button type="submit" loading={ask.isPending} style={{ alignSelf: 'flex-start' }}>
        Ask
      </Button>
    </form>
  )
}
