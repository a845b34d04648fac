import { Button, Modal, Select, Textarea } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { call, fieldProblem } from '../api.ts'
import { useMay } from '../me.ts'
import { Problem } from './states.tsx'
import { say } from './toast.tsx'

/** Playbooks to choose from, with what the chosen one is for. */
function Picker({ value, choose }: { readonly value: string | null; readonly choose: (id: string | null) => void }) {
  const list = useQuery({ queryKey: ['playbooks'], queryFn: () => call('GET /api/playbooks') })
  const playbooks = list.data?.playbooks ?? []
  const chosen = playbooks.find((one) => one.id === value)
  return (
    <>
      <Select
        label="Playbook"
        placeholder={list.isPending ? 'Loading' : 'Choose one'}
        searchable
        data={playbooks.map((one) => ({ value: one.id, label: one.title }))}
        value={value}
        onChange={choose}
      />
      {chosen !== undefined && <p className="dim">{chosen.description}</p>}
      <Problem error={list.error} />
    </>
  )
}

/** A person starts a playbook for an alert. */
export function RunPlaybook({ alertId }: { readonly alertId: string }) {
  const may = useMay()
  const [open, setOpen] = useState(false)
  const [playbook, setPlaybook] = useState<string | null>(null)
  const client = useQueryClient()
  const start = useMutation({
    mutationFn: () =>
      call('POST /api/alerts/:id/runs', { params: { id: alertId }, body: { playbook: playbook ?? '' } }),
    onSuccess: () => {
      say('Started: its answers come in by themselves.')
      setOpen(false)
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['alert', alertId] }),
  })
  if (!may('playbook.run')) return null
  return (
    <>
      <Button size="compact-sm" variant="default" onClick={() => setOpen(true)}>
        Run playbook…
      </Button>
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        title="Run a playbook"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <div className="stack">
          <Picker value={playbook} choose={setPlaybook} />
          <Problem error={start.error} />
          <div className="row">
            <Button disabled={playbook === null} loading={start.isPending} onClick={() => start.mutate()}>
              Run it
            </Button>
            <Button variant="default" onClick={() => setOpen(false)}>
              Not now
            </Button>
          </div>
        </div>
      </Modal>
    </>
  )
}

/** The playbook that is meant when somebody types an indicator. */
const lookUpDefault = 'ioc-enrichment'

/** A person asks about indicators that no alert names: an alert of our own desk is opened for them. */
export function LookUp() {
  const may = useMay()
  const [open, setOpen] = useState(false)
  const [playbook, setPlaybook] = useState<string | null>(lookUpDefault)
  const [text, setText] = useState('')
  const [reason, setReason] = useState('')
  const navigate = useNavigate()
  const start = useMutation({
    mutationFn: () =>
      call('POST /api/playbooks/:id/look-up', { params: { id: playbook ?? '' }, body: { text, reason } }),
    onSuccess: ({ alertId }) => void navigate({ to: '/alerts/$id', params: { id: alertId } }),
  })
  if (!may('playbook.run')) return null
  return (
    <>
      <Button size="compact-sm" variant="default" onClick={() => setOpen(true)}>
        Look up…
      </Button>
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        title="Look indicators up"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <div className="stack">
          <Textarea
            label="Indicators"
            description="Addresses, names, file digests, accounts: as they stand in a mail, also defanged"
            autosize
            minRows={3}
            maxRows={10}
            value={text}
            error={fieldProblem(start.error, 'text')}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Textarea
            label="Why"
            description="Stands in the alert and in the ledger"
            autosize
            minRows={1}
            value={reason}
            error={fieldProblem(start.error, 'reason')}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Picker value={playbook} choose={setPlaybook} />
          <Problem error={start.error} />
          <div className="row">
            <Button
              disabled={playbook === null || text.trim() === '' || reason.trim() === ''}
              loading={start.isPending}
              onClick={() => start.mutate()}
            >
              Look it up
            </Button>
            <Button variant="default" onClick={() => setOpen(false)}>
              Not now
            </Button>
          </div>
        </div>
      </Modal>
    </>
  )
}
