import { Button, CopyButton, Modal, Textarea, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { AlertPage } from '../../../../src/contract/desk.ts'
import { call, fieldProblem } from '../../api.ts'
import { useMay } from '../../me.ts'
import { Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'

/** The mail address of the first owner or person that an answer on this alert names; empty where none does. */
function addressIn(page: AlertPage): string {
  for (const { kind, answer } of page.findings) {
    if (kind !== 'found' || answer === null || typeof answer !== 'object') continue
    const { ownerEmail, email } = answer as { ownerEmail?: unknown; email?: unknown }
    for (const one of [ownerEmail, email]) if (typeof one === 'string' && one.includes('@')) return one
  }
  return ''
}

/** A link to "was this you?" for a chat message: one tap, once, for a day. */
export function AskByChat({ page }: { readonly page: AlertPage }) {
  const may = useMay()
  const [open, setOpen] = useState(false)
  const [email, setEmail] = useState('')
  const [what, setWhat] = useState('')
  const ask = useMutation({
    mutationFn: () => call('POST /api/alerts/:id/ask-person', { params: { id: page.alert.id }, body: { email, what } }),
  })
  if (!may('alert.ask')) return null
  const begin = () => {
    ask.reset()
    setEmail(addressIn(page))
    setWhat(page.alert.title)
    setOpen(true)
  }
  return (
    <>
      <Button size="compact-sm" variant="default" onClick={begin}>
        Ask by chat…
      </Button>
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        title="Ask somebody: was this you?"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {ask.data === undefined ? (
          <div className="stack">
            <TextInput
              label="Whose answer it will be"
              description="Their mail address; nothing is mailed"
              data-autofocus
              value={email}
              error={fieldProblem(ask.error, 'email')}
              onChange={({ currentTarget }) => setEmail(currentTarget.value)}
            />
            <Textarea
              label="What happened, in one sentence"
              autosize
              minRows={2}
              maxLength={1000}
              value={what}
              error={fieldProblem(ask.error, 'what')}
              onChange={({ currentTarget }) => setWhat(currentTarget.value)}
            />
            <Problem error={ask.error} />
            <Button loading={ask.isPending} disabled={email === '' || what === ''} onClick={() => ask.mutate()}>
              Make a link
            </Button>
          </div>
        ) : (
          <div className="stack">
            <p>
              Send this to {email} alone, in a direct message. It works once, until <When at={ask.data.expiresAt} />,
              and is not shown again. The answer appears here by itself.
            </p>
            <TextInput label="Link" readOnly value={ask.data.url} />
            <CopyButton value={ask.data.url}>
              {({ copied, copy }) => <Button onClick={copy}>{copied ? 'Copied' : 'Copy the link'}</Button>}
            </CopyButton>
          </div>
        )}
      </Modal>
    </>
  )
}
