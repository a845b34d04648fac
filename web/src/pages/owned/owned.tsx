import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { OwnedAlertRow, OwnedAssetRow, OwnedQuestionRow } from '../../../../src/contract/limited.ts'
import { call } from '../../api.ts'
import { ApprovalsWait } from '../../parts/my-approvals.tsx'
import { type PersonAnswer, PersonAnswers, personAnswers } from '../../parts/person-answers.tsx'
import { EmptyState, ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { utc, When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { severityWords } from '../../words.ts'

const ownedQuery = { queryKey: ['owned'], queryFn: () => call('GET /api/owned'), refetchInterval: 30_000 } as const

/** For whoever answers for machines and applications: what is mine, what am I asked. */
export function OwnedPage() {
  const owned = useQuery(ownedQuery)
  if (owned.data === undefined)
    return owned.error === null ? (
      <Loading lines={10} />
    ) : (
      <ErrorState error={owned.error} retry={() => void owned.refetch()} />
    )
  const { assets, questions, alerts } = owned.data
  const open = questions.filter(({ state }) => state === 'open')
  const over = questions.filter(({ state }) => state !== 'open')
  return (
    <>
      <div className="page-head">
        <h1>Mine</h1>
        <ApprovalsWait />
      </div>
      <div className="stack">
        {open.length === 0 && (
          <EmptyState
            title="Nobody waits for an answer of yours."
            proof={`You answer for ${assets.length} of our assets. When something about one of them needs you, it stands here, and you get a mail.`}
          />
        )}
        {open.map((question) => (
          <Question key={question.id} question={question} />
        ))}
        <Alerts alerts={alerts} />
        <Assets assets={assets} />
        {over.length > 0 && <Answered questions={over} />}
      </div>
    </>
  )
}

function Question({ question }: { readonly question: OwnedQuestionRow }) {
  const client = useQueryClient()
  const [answer, setAnswer] = useState<PersonAnswer | null>(null)
  const [comment, setComment] = useState('')
  const send = useMutation({
    mutationFn: async () => {
      if (answer !== null)
        await call('POST /api/owned/questions/:id', { params: { id: question.id }, body: { answer, comment } })
    },
    onSuccess: () => say('Thank you: your answer is with the security desk.'),
    onSettled: () => client.invalidateQueries({ queryKey: ownedQuery.queryKey }),
  })
  return (
    <section className="card stack" aria-label="A question to you">
      <h2>Was this you?</h2>
      <p className="question-what">{question.what}</p>
      <p className="dim">
        Asked <When at={question.askedAt} ago />; it can be answered until {utc(question.expiresAt)}.
      </p>
      <PersonAnswers answer={answer} choose={setAnswer} comment={comment} write={setComment} />
      <Problem error={send.error} />
      <Button disabled={answer === null} loading={send.isPending} onClick={() => send.mutate()}>
        Send my answer
      </Button>
    </section>
  )
}

function Alerts({ alerts }: { readonly alerts: readonly OwnedAlertRow[] }) {
  return (
    <section className="card">
      <h2>Alerts that name them</h2>
      {alerts.length === 0 ? (
        <p className="dim">None.</p>
      ) : (
        <div className="scroll-x">
          <table className="plain cards">
            <thead>
              <tr>
                <th>Number</th>
                <th>Asset</th>
                <th>Severity</th>
                <th>When</th>
                <th>State</th>
              </tr>
            </thead>
            <tbody>
              {alerts.map((alert) => (
                <tr key={alert.number}>
                  <td className="mono">A-{alert.number}</td>
                  <td data-label="Asset">{alert.assets.join(', ')}</td>
                  <td data-label="Severity">{severityWords[alert.severity]}</td>
                  <td data-label="When">
                    <When at={alert.receivedAt} ago />
                  </td>
                  <td data-label="State">{alert.state === 'done' ? 'Done' : 'Being looked at'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p className="dim">What an alert says is with the security desk; give them its number.</p>
    </section>
  )
}

function Assets({ assets }: { readonly assets: readonly OwnedAssetRow[] }) {
  return (
    <section className="card">
      <h2>My assets</h2>
      {assets.length === 0 ? (
        <p className="dim">
          No list names your mail address as the owner of anything. The security desk can mend that.
        </p>
      ) : (
        <ul className="plain-list">
          {assets.map((asset) => (
            <li key={asset.entity}>
              {asset.name} <span className="dim">{[asset.role, asset.criticality].filter(Boolean).join(' · ')}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function Answered({ questions }: { readonly questions: readonly OwnedQuestionRow[] }) {
  const titles = new Map(personAnswers.map((one) => [one.value, one.title]))
  return (
    <section className="card">
      <h2>Asked before</h2>
      {questions.map((question) => (
        <p key={question.id}>
          {question.what}{' '}
          <span className="dim">
            {question.answer === null || question.answeredAt === null ? (
              'Not answered in time.'
            ) : (
              <>
                {titles.get(question.answer)}, <When at={question.answeredAt} ago />
              </>
            )}
          </span>
        </p>
      ))}
    </section>
  )
}
