import { Button, Modal, Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { Problem } from '../../parts/states.tsx'
import { say } from '../../parts/toast.tsx'

/** Ends a run, with the reason. */
export function CancelRun({ runId }: { readonly runId: string }) {
  const may = useMay()
  const [open, setOpen] = useState(false)
  const [reason, setReason] = useState('')
  const client = useQueryClient()
  const cancel = useMutation({
    mutationFn: () => call('POST /api/runs/:id/cancel', { params: { id: runId }, body: { reason } }),
    onSuccess: () => {
      say('Cancelled: what was found stays, nothing more is done.')
      setOpen(false)
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['run', runId] }),
  })
  if (!may('playbook.run')) return null
  return (
    <>
      <Button size="compact-sm" variant="default" onClick={() => setOpen(true)}>
        Cancel the run…
      </Button>
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        title="Cancel this run"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <div className="stack">
          <p>
            Evidence that was found stays with the alert, and the alert stays in the queue. No further step is taken.
          </p>
          <Textarea
            label="Why"
            autosize
            minRows={2}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Problem error={cancel.error} />
          <div className="row">
            <Button
              color="red"
              disabled={reason.trim() === ''}
              loading={cancel.isPending}
              onClick={() => cancel.mutate()}
            >
              Cancel the run
            </Button>
            <Button variant="default" onClick={() => setOpen(false)}>
              Keep it
            </Button>
          </div>
        </div>
      </Modal>
    </>
  )
}
