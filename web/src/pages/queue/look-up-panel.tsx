import { Button, Modal, Textarea } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { call, fieldProblem } from '../../api.ts'
import { PlaybookPicker } from '../../parts/playbook-picker.tsx'
import { Problem } from '../../parts/states.tsx'

/** The playbook that is meant when somebody types an indicator. */
const lookUpDefault = 'ioc-enrichment'

/** A person asks about indicators that no alert names: an alert of our own desk is opened for them. */
export default function LookUpPanel({ close }: { readonly close: () => void }) {
  const [playbook, setPlaybook] = useState<string | null>(lookUpDefault)
  const [text, setText] = useState('')
  const [reason, setReason] = useState('')
  const navigate = useNavigate()
  const start = useMutation({
    mutationFn: () =>
      call('POST /api/playbooks/:id/look-up', { params: { id: playbook ?? '' }, body: { text, reason } }),
    onSuccess: ({ alertId }) => void navigate({ to: '/alerts/$id', params: { id: alertId } }),
  })
  return (
    <Modal opened onClose={close} title="Look indicators up" closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className="stack">
        <Textarea
          data-autofocus
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
        <PlaybookPicker value={playbook} choose={setPlaybook} />
        <Problem error={start.error} />
        <div className="row">
          <Button
            disabled={playbook === null || text.trim() === '' || reason.trim() === ''}
            loading={start.isPending}
            onClick={() => start.mutate()}
          >
            Look it up
          </Button>
          <Button variant="default" onClick={close}>
            Not now
          </Button>
        </div>
      </div>
    </Modal>
  )
}
