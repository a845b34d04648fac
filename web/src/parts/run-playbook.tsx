import { Button, Modal } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../api.ts'
import { useMay } from '../me.ts'
import { PlaybookPicker } from './playbook-picker.tsx'
import { Problem } from './states.tsx'
import { say } from './toast.tsx'

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
          <PlaybookPicker value={playbook} choose={setPlaybook} />
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
