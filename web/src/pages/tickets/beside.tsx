import { Button, FileButton, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { TicketPage } from '../../../../src/contract/tickets.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { bytesWords } from '../../words.ts'
import { sendTicketFile } from './send-file.ts'
import { type Props, useAct } from './ticket-act.ts'

export function Beside({ ticket }: Props) {
  const mayWork = useMay()('ticket.work')
  const mayTake = useMay()('message.download')
  const [system, setSystem] = useState('')
  const [reference, setReference] = useState('')
  const params = { id: ticket.alertId }
  const send = useAct(
    (file: File) => sendTicketFile(ticket.alertId, file),
    () => say('The file is beside the ticket.'),
  )
  const refer = useAct(
    (references: TicketPage['references']) => call('PUT /api/tickets/:id/references', { params, body: { references } }),
    () => {
      setSystem('')
      setReference('')
    },
  )
  return (
    <section className="card">
      <h2>Files and other systems</h2>
      {ticket.theirs !== null && (
        <p>
          {ticket.providerName}: <span className="mono">{ticket.theirs}</span>
        </p>
      )}
      <ul className="ticket-tasks">
        {ticket.references.map((one) => (
          <li key={`${one.system} ${one.reference}`} className="row between">
            <span>
              {one.system}: <span className="mono">{one.reference}</span>
            </span>
            {mayWork && (
              <Button
                size="compact-sm"
                variant="subtle"
                aria-label={`Take away: ${one.system} ${one.reference}`}
                onClick={() => refer.mutate(ticket.references.filter((other) => other !== one))}
              >
                Take away
              </Button>
            )}
          </li>
        ))}
        {ticket.files.map((file) => (
          <li key={file.id}>
            {mayTake ? (
              <a href={`/api/tickets/${ticket.alertId}/files/${file.id}`} download title={`SHA-256 ${file.sha256}`}>
                {file.name}
              </a>
            ) : (
              file.name
            )}{' '}
            <span className="dim">
              {bytesWords(file.bytes)} · {file.by} · <When at={file.at} ago />
            </span>
          </li>
        ))}
      </ul>
      <Problem error={send.error ?? refer.error} />
      {mayWork && (
        <>
          <FileButton onChange={(file) => file !== null && send.mutate(file)}>
            {(props) => (
              <Button
                {...props}
                size="xs"
                variant="default"
                loading={send.isPending}
                style={{ alignSelf: 'flex-start' }}
              >
                Put a file beside it…
              </Button>
            )}
          </FileButton>
          <form
            className="row wrap"
            onSubmit={(event) => {
              event.preventDefault()
              if (system.trim() !== '' && reference.trim() !== '')
                refer.mutate([...ticket.references, { system, reference }])
            }}
          >
            <TextInput
              size="xs"
              aria-label="Other system"
              placeholder="Jira"
              value={system}
              onChange={(event) => setSystem(event.currentTarget.value)}
            />
            <TextInput
              size="xs"
              aria-label="Its number there"
              placeholder="SEC-123"
              value={reference}
              onChange={(event) => setReference(event.currentTarget.value)}
            />
            <Button size="xs" type="submit" variant="default" loading={refer.isPending}>
              Note
            </Button>
          </form>
        </>
      )}
    </section>
  )
}
