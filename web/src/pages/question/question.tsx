import { Button, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { call } from '../../api.ts'
import { type PersonAnswer, PersonAnswers, personAnswers } from '../../parts/person-answers.tsx'
import { Loading, Problem } from '../../parts/states.tsx'
import { utc, When } from '../../parts/time.tsx'
import { Gate } from '../sign-in/gate.tsx'
import { LinkProblem } from '../sign-in/link-problem.tsx'

/** A link in a chat says which answer was tapped; it is chosen here, and sent by the button alone. */
function tapped(): PersonAnswer | null {
  return personAnswers.find(({ value }) => value === window.location.hash.slice(1))?.value ?? null
}

/** For whoever got a mail or a message: one question, one tap. Opening the page changes nothing, since mail scanners open links too. */
export function QuestionPage() {
  const { token } = useParams({ from: '/q/$token' })
  const question = useQuery({
    queryKey: ['question', token],
    queryFn: () => call('GET /api/questions/:token', { params: { token } }),
    retry: false,
  })
  const [answer, setAnswer] = useState<PersonAnswer | null>(tapped)
  const [comment, setComment] = useState('')
  const [error, setError] = useState<unknown>(null)
  const [sent, setSent] = useState(false)

  if (question.isPending) return <Loading />
  if (question.error !== null) {
    return <LinkProblem error={question.error} retry={() => void question.refetch()} />
  }
  const { state, what, name, askedAt, expiresAt, answeredAt } = question.data
  if (sent) {
    return (
      <Gate title="Thank you">
        <Text size="sm">Your answer is with the security desk. There is nothing else to do.</Text>
      </Gate>
    )
  }
  if (state === 'answered') {
    return (
      <Gate title="This was answered already">
        <Text size="sm">
          An answer was given {answeredAt === null ? '' : `on ${utc(answeredAt)}`}. If it was not yours, tell the
          security desk.
        </Text>
      </Gate>
    )
  }
  if (state === 'expired') {
    return (
      <Gate title="The time for this question is over">
        <Text size="sm">It could be answered until {utc(expiresAt)}. If it still matters, tell the security desk.</Text>
      </Gate>
    )
  }
  const send = () => {
    if (answer === null) return
    setError(null)
    call('POST /api/questions/:token', { params: { token }, body: { answer, comment } }).then(
      () => setSent(true),
      setError,
    )
  }
  return (
    <Gate title={name === null ? 'Was this you?' : `${name}, was this you?`}>
      <Text className="question-what">{what}</Text>
      <Text size="sm" c="dimmed" component="div">
        Asked <When at={askedAt} ago /> by your security desk. It can be answered until {utc(expiresAt)}.
      </Text>
      <PersonAnswers answer={answer} choose={setAnswer} comment={comment} write={setComment} />
      <Problem error={error} />
      <Button size="lg" disabled={answer === null} onClick={send}>
        Send my answer
      </Button>
      <Text size="xs" c="dimmed">
        It goes to the security desk of your organisation only, and can be given once.
      </Text>
    </Gate>
  )
}
