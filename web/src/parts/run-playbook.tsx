import { Button, Modal } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { call } from '../api.ts'
import { useMay } from '../me.ts'
import { PlaybookPicker } from './playbook-picker.tsx'
import { Problem } from './states.tsx'
import { say } from './toast.tsx'

/** A person starts a playbook for an alert, or tries it first: that asks for real, and keeps, changes and sends nothing. */
export function RunPlaybook({ alert }: { readonly alert: { readonly id: string; readonly number: number } }) {
  const may = useMay()
  const [open, setOpen] = useState(false)
  const [playbook, setPlaybook] = useState<string | null>(null)
  const client = useQueryClient()
  const navigate = useNavigate()
  const start = useMutation({
    mutationFn: () =>
      call('POST /api/alerts/:id/runs', { params: { id: alert.id }, body: { playbook: playbook ?? '' } }),
    onSuccess: () => {
      say('Started: its answers come in by themselves.')
      setOpen(false)
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['alert', alert.id] }),
  })
  const dry = useMutation({
    mutationFn: () =>
      call('POST /api/playbooks/:id/dry-run', { params: { id: playbook ?? '' }, body: { alert: alert.number } }),
    onSuccess: ({ runId }) => void navigate({ to: '/runs/$id', params: { id: runId } }),
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
          <PlaybookPicker value={playbook} choose={setPlaybook} />
          <p className="dim">Tried, it asks for real, and keeps, changes and sends nothing.</p>
          <Problem error={start.error ?? dry.error} />
          <div className="row wrap">
            <Button disabled={playbook === null} loading={start.isPending} onClick={() => start.mutate()}>
              Run it
            </Button>
            <Button variant="default" disabled={playbook === null} loading={dry.isPending} onClick={() => dry.mutate()}>
              Try it first
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
