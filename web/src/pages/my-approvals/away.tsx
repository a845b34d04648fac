import { Button, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { call, fieldProblem } from '../../api.ts'
import { ErrorState, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'

const queryKey = ['me', 'away']

/** Whoever signs says when they are away: then what waits for them goes to a deputy as well. */
export function Away() {
  const mine = useQuery({ queryKey, queryFn: () => call('GET /api/me/away') })
  const client = useQueryClient()
  const back = useMutation({
    mutationFn: () => call('DELETE /api/me/away'),
    onSuccess: () => say('Taken out of the calendar: from now on it is asked of you.'),
    onSettled: () => client.invalidateQueries({ queryKey }),
  })
  if (mine.data === undefined)
    return mine.error === null ? null : <ErrorState error={mine.error} retry={() => void mine.refetch()} />
  const { away } = mine.data
  return (
    <section className="card" aria-label="When I am away">
      <h2>When I am away</h2>
      <p className="dim">
        Where too few are there without you, what is asked of you is asked of a deputy as well, and the first of you two
        counts. It stands in the calendar, where the desk sees it.
      </p>
      {away === null ? (
        <AwayForm />
      ) : (
        <>
          <p>
            Away from <When at={away.from} /> until <When at={away.to} />
            {away.deputy !== null && `; ${away.deputy} stands in`}.
          </p>
          <Problem error={back.error} />
          <Button
            variant="default"
            loading={back.isPending}
            style={{ alignSelf: 'flex-start' }}
            onClick={() => back.mutate()}
          >
            I am here
          </Button>
        </>
      )}
    </section>
  )
}

function AwayForm() {
  const client = useQueryClient()
  const [from, setFrom] = useState('')
  const [to, setTo] = useState('')
  const [deputy, setDeputy] = useState('')
  const save = useMutation({
    mutationFn: () =>
      call('PUT /api/me/away', {
        body: {
          // Whole days as whoever writes them has them.
          from: new Date(`${from}T00:00:00`).toISOString(),
          to: new Date(`${to}T23:59:59`).toISOString(),
          deputy: deputy.trim() === '' ? null : deputy.trim(),
        },
      }),
    onSuccess: () => say('It stands in the calendar.'),
    onSettled: () => client.invalidateQueries({ queryKey }),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (from !== '' && to !== '') save.mutate()
  }
  return (
    <form className="stack" onSubmit={submit}>
      <div className="row wrap" style={{ alignItems: 'flex-end' }}>
        <TextInput
          type="date"
          label="First day"
          value={from}
          error={fieldProblem(save.error, 'from')}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <TextInput
          type="date"
          label="Last day"
          value={to}
          error={fieldProblem(save.error, 'to')}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
        <TextInput
          type="email"
          label="Who stands in"
          description="Mail address of one of your deputies; if none, the first who is there"
          value={deputy}
          error={fieldProblem(save.error, 'deputy')}
          onChange={(event) => setDeputy(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" loading={save.isPending} disabled={from === '' || to === ''}>
          I am away then
        </Button>
      </div>
      <Problem error={save.error} />
    </form>
  )
}
