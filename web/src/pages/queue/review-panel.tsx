import { Button, Modal, NumberInput, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type Expectation, expectationDaysMax } from '../../../../src/model/expectation.ts'
import { scopeWords } from '../../../../src/model/expectation-words.ts'
import { call, fieldProblem } from '../../api.ts'
import { useDialogKeys } from '../../parts/keys.ts'
import { useProviderNames } from '../../parts/provider-names.ts'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { useNow, When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { outcomeShort, plural } from '../../words.ts'
import { Preview } from '../alert/remember.tsx'

/** Half of the most, as on the page of expectations. */
const renewDays = expectationDaysMax / 2

type Step = 'look' | 'change' | 'let-go'

/** What it would match now, and what becomes of it: renewed, changed, let go. Closed, it stays in the queue. */
export default function ReviewPanel({ one, close }: { readonly one: Expectation; readonly close: () => void }) {
  const named = useProviderNames()
  const [step, setStep] = useState<Step>('look')
  const preview = useQuery({
    queryKey: ['expectations', one.id, 'preview'],
    queryFn: () => call('GET /api/expectations/:id/preview', { params: { id: one.id } }),
  })
  const ended = Date.parse(one.expiresAt) <= useNow()
  return (
    <Modal
      opened
      onClose={close}
      title={`Review E-${one.number}`}
      size="lg"
      transitionProps={{ duration: 0 }}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className="stack">
        <p>
          Expected of <strong>{scopeWords(one.scope, named)}</strong>
          {one.condition !== '' && (
            <>
              {' '}
              where <code>{one.condition}</code>
            </>
          )}
          : {outcomeShort[one.outcome].toLowerCase()}. <span className="pre">{one.reason}</span>
        </p>
        <p className="dim">
          Held for {plural(one.hits, 'alert')}, decided {one.decided} by itself, turned out to be harm: {one.against}.
          It {ended ? 'ran out' : 'runs out'} <When at={one.expiresAt} ago />
          {ended ? ': it is held against nothing any more.' : ': until it is renewed it only proposes.'}
        </p>
        {preview.data !== undefined ? (
          <Preview preview={preview.data} />
        ) : preview.error === null ? (
          <Loading lines={3} />
        ) : (
          <ErrorState error={preview.error} retry={() => void preview.refetch()} />
        )}
        {step === 'look' && <Verbs one={one} close={close} go={setStep} />}
        {step === 'change' && <ChangeForm one={one} close={close} />}
        {step === 'let-go' && <LetGoForm one={one} close={close} />}
      </div>
    </Modal>
  )
}

type StepProps = { readonly one: Expectation; readonly close: () => void }

/** After each act the entry is gone from the queue, or says why it is not. */
function useAgain() {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: ['expectations'] })
}

function Verbs({ one, close, go }: StepProps & { readonly go: (step: Step) => void }) {
  const again = useAgain()
  const renew = useMutation({
    mutationFn: () => call('POST /api/expectations/:id/renew', { params: { id: one.id }, body: { days: renewDays } }),
    onSuccess: () => {
      say(`E-${one.number} counts for another ${renewDays} days.`)
      close()
    },
    onSettled: again,
  })
  useDialogKeys({
    r: () => !renew.isPending && renew.mutate(),
    c: () => go('change'),
    l: () => go('let-go'),
  })
  return (
    <>
      <Problem error={renew.error} />
      <div className="row wrap">
        <Button rightSection={<kbd>R</kbd>} loading={renew.isPending} onClick={() => renew.mutate()}>
          Renew for {renewDays} days
        </Button>
        <Button variant="default" rightSection={<kbd>C</kbd>} onClick={() => go('change')}>
          Change it…
        </Button>
        <Button variant="default" rightSection={<kbd>L</kbd>} onClick={() => go('let-go')}>
          Let it go…
        </Button>
      </div>
    </>
  )
}

function ChangeForm({ one, close }: StepProps) {
  const again = useAgain()
  const [condition, setCondition] = useState(one.condition)
  const [reason, setReason] = useState(one.reason)
  const [days, setDays] = useState<number | string>(renewDays)
  const change = useMutation({
    mutationFn: () =>
      call('POST /api/expectations/:id/change', {
        params: { id: one.id },
        body: { condition, reason, days: Number(days) },
      }),
    onSuccess: ({ number }) => {
      say(`E-${number} is in the place of E-${one.number}.`)
      close()
    },
    onSettled: again,
  })
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        change.mutate()
      }}
    >
      <TextInput
        data-autofocus
        autoFocus
        label="Only where"
        description="A condition as in playbooks; what could not be looked at is never a yes"
        value={condition}
        error={fieldProblem(change.error, 'condition')}
        onChange={(event) => setCondition(event.currentTarget.value)}
      />
      <NumberInput label="For days" min={1} max={expectationDaysMax} value={days} onChange={setDays} />
      <Textarea
        label="Why"
        autosize
        minRows={2}
        maxLength={4000}
        value={reason}
        error={fieldProblem(change.error, 'reason')}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <Problem error={change.error} />
      <Button type="submit" disabled={reason.trim() === ''} loading={change.isPending}>
        Change it
      </Button>
    </form>
  )
}

function LetGoForm({ one, close }: StepProps) {
  const again = useAgain()
  const [reason, setReason] = useState('')
  const retire = useMutation({
    mutationFn: () => call('POST /api/expectations/:id/retire', { params: { id: one.id }, body: { reason } }),
    onSuccess: () => {
      say(`E-${one.number} is let go.`)
      close()
    },
    onSettled: again,
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
        label="Why it is expected no more"
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
          Let it go
        </Button>
        <span className="dim">Ctrl+Enter</span>
      </div>
    </form>
  )
}
