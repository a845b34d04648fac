import { Button, Textarea } from '@mantine/core'
import { useState } from 'react'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { type Props, useAct } from './ticket-act.ts'

export function Comments({ ticket }: Props) {
  const may = useMay()('ticket.work')
  const [text, setText] = useState('')
  const write = useAct(
    async () => {
      const { mentions } = await call('POST /api/tickets/:id/comments', {
        params: { id: ticket.alertId },
        body: { text },
      })
      if (mentions.length > 0) say(`${mentions.join(', ')} is told.`)
    },
    () => setText(''),
  )
  return (
    <section className="card">
      <h2>Comments</h2>
      {ticket.commentList.length === 0 && (
        <p className="dim">None yet. Name somebody as @name, and they are told by mail.</p>
      )}
      <ul className="ticket-comments">
        {ticket.commentList.map((one) => (
          <li key={one.id}>
            <strong>{one.by}</strong>{' '}
            <span className="dim">
              <When at={one.at} ago />
            </span>
            <p dir="auto">{one.text}</p>
          </li>
        ))}
      </ul>
      {may && (
        <>
          <Textarea
            size="xs"
            id="ticket-comment"
            autosize
            minRows={2}
            aria-label="Write a comment"
            placeholder="Write a comment; @name tells somebody (Ctrl-Enter)"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Escape') event.currentTarget.blur()
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && text.trim() !== '')
                write.mutate(undefined)
            }}
          />
          <Problem error={write.error} />
          <Button
            size="xs"
            variant="default"
            disabled={text.trim() === ''}
            loading={write.isPending}
            onClick={() => write.mutate(undefined)}
            style={{ alignSelf: 'flex-start' }}
          >
            Comment
          </Button>
        </>
      )}
    </section>
  )
}
