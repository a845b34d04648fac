import { Button, Modal, NumberInput, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type Expectation, expectationDaysMax } from '../../../../src/model/expectation.ts'
import { scopeWords } from '../../../../src/model/expectation-words.ts'
import { call, fieldProblem } from '../../api.ts'
import { RetireForm, renewDays, useExpectationsAgain, useRenewal } from '../../parts/expectation-acts.tsx'
import { useDialogKeys } from '../../parts/keys.ts'
import { useProviderNames } from '../../parts/provider-names.ts'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { useNow, When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { outcomeShort, plural } from '../../words.ts'
import { Preview } from '../alert/remember.tsx'

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
        {step === 'let-go' && (
          <RetireForm
            one={one}
            close={close}
            words={{ ask: 'Why it is expected no more', verb: 'Let it go', done: 'is let go' }}
          />
        )}
      </div>
    </Modal>
  )
}

type StepProps = { readonly one: Expectation; readonly close: () => void }

function Verbs({ one, close, go }: StepProps & { readonly go: (step: Step) => void }) {
  const renew = useRenewal(one, close)
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
  const again = useExpectationsAgain()
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
