import { Button, Textarea } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import type { ApprovalPage } from '../../../../src/contract/approvals.ts'
import { call } from '../../api.ts'
import { Problem } from '../../parts/states.tsx'
import { passkeyProblem } from '../sign-in/passkey-problem.ts'

type Doing = 'nothing' | 'refuse' | 'ask' | 'not-me'

type Props = {
  readonly token: string
  readonly page: ApprovalPage
  /** Whether approving and refusing is possible now; `note` says why not, and what to do. */
  readonly may: boolean
  readonly note: ReactNode
  readonly whyNot: string
  readonly refuseWith: string
  readonly approve: () => Promise<unknown>
  readonly refuse: (why: string) => Promise<unknown>
}

/** Approve, refuse, ask, not me: the same four for whatever somebody is asked. */
export function Answers({ token, page, may, note, whyNot, refuseWith, approve, refuse }: Props) {
  const [doing, setDoing] = useState<Doing>('nothing')
  const [text, setText] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const [asked, setAsked] = useState(false)
  const client = useQueryClient()
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true)
    setError(null)
    try {
      await work()
      setDoing('nothing')
      setText('')
    } catch (caught) {
      setError(passkeyProblem(caught))
    } finally {
      setBusy(false)
      await client.invalidateQueries({ queryKey: ['approve', token] })
    }
  }
  const ask = () =>
    run(async () => {
      await call('POST /api/approve/:token/question', { params: { token }, body: { text } })
      setAsked(true)
    })
  const handOver = (to: string) =>
    run(() => call('POST /api/approve/:token/hand-over', { params: { token }, body: { to } }))
  const mayAsk = page.me.questionsLeft > 0
  return (
    <section className="approve-answers" aria-label="Your answer">
      {note}
      <Problem error={error} />
      {asked && doing === 'nothing' && (
        <p role="status">Your question is with the security desk. The time still runs.</p>
      )}
      {doing === 'nothing' && (
        <>
          <div className="approve-pair">
            <Button size="lg" disabled={!may} loading={busy} onClick={() => void run(approve)}>
              Approve
            </Button>
            <Button size="lg" variant="default" disabled={!may || busy} onClick={() => setDoing('refuse')}>
              Refuse…
            </Button>
          </div>
          <div className="approve-pair">
            <Button variant="default" disabled={!mayAsk || busy} onClick={() => setDoing('ask')}>
              Ask…
            </Button>
            <Button variant="default" disabled={busy} onClick={() => setDoing('not-me')}>
              Not me…
            </Button>
          </div>
        </>
      )}
      {(doing === 'refuse' || doing === 'ask') && (
        <>
          <Textarea
            label={doing === 'refuse' ? whyNot : 'What do you want to know?'}
            autosize
            minRows={2}
            maxLength={2000}
            data-autofocus
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <div className="approve-pair">
            {doing === 'refuse' ? (
              <Button
                color="red"
                disabled={text.trim() === ''}
                loading={busy}
                onClick={() => void run(() => refuse(text))}
              >
                {refuseWith}
              </Button>
            ) : (
              <Button disabled={text.trim() === ''} loading={busy} onClick={() => void ask()}>
                Send the question
              </Button>
            )}
            <Button variant="default" disabled={busy} onClick={() => setDoing('nothing')}>
              Back
            </Button>
          </div>
        </>
      )}
      {doing === 'not-me' && (
        <>
          {page.deputies.length === 0 && (
            <p>There is no deputy for you here. Refuse with the reason, or ask the desk.</p>
          )}
          {page.deputies.map(({ userId, name }) => (
            <Button key={userId} variant="default" loading={busy} onClick={() => void handOver(userId)}>
              Hand over to {name}
            </Button>
          ))}
          <Button variant="subtle" disabled={busy} onClick={() => setDoing('nothing')}>
            Back
          </Button>
        </>
      )}
    </section>
  )
}
