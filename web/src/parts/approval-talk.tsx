import { Button, Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { ApprovalTalk } from '../../../src/contract/approvals.ts'
import { call } from '../api.ts'
import { useMay } from '../me.ts'
import { Problem } from './states.tsx'
import { When } from './time.tsx'
import { say } from './toast.tsx'

/** What was asked before somebody signs, and what the desk said. */
export function Talk({ talk }: { readonly talk: ApprovalTalk }) {
  if (talk.length === 0) return null
  return (
    <ul className="plain-list approval-talk" aria-label="Questions and answers">
      {talk.map(({ byName, at, text, isAnswer }) => (
        <li key={`${at} ${byName} ${text}`}>
          <span className="dim">
            {byName} {isAnswer ? 'answered' : 'asked'}, <When at={at} ago />:
          </span>{' '}
          <span dir="auto">{text}</span>
        </li>
      ))}
    </ul>
  )
}

/** The same for the desk, which answers what was asked last. */
export function TalkAndAnswer({
  approvalId,
  talk,
  refresh,
}: {
  readonly approvalId: string
  readonly talk: ApprovalTalk
  /** What shows it. */
  readonly refresh: readonly unknown[]
}) {
  const may = useMay()
  const client = useQueryClient()
  const [text, setText] = useState('')
  const answer = useMutation({
    mutationFn: () => call('POST /api/approvals/:id/answer', { params: { id: approvalId }, body: { text } }),
    onSuccess: () => {
      setText('')
      say('Answered: by mail, and on the page of whoever is asked.')
    },
    onSettled: () => client.invalidateQueries({ queryKey: [...refresh] }),
  })
  const waits = talk.at(-1)?.isAnswer === false
  return (
    <>
      <Talk talk={talk} />
      {waits && may('playbook.run') && (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            if (text.trim() !== '') answer.mutate()
          }}
        >
          <Textarea
            label="Your answer"
            description="Whoever asked gets it, and the time still runs"
            autosize
            minRows={2}
            maxLength={2000}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Problem error={answer.error} />
          <Button
            size="xs"
            type="submit"
            loading={answer.isPending}
            disabled={text.trim() === ''}
            style={{ alignSelf: 'flex-start' }}
          >
            Answer the question
          </Button>
        </form>
      )}
    </>
  )
}
