import { Button } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type Answer, call } from '../../api.ts'
import { approvalStateWords } from '../../parts/approval-state.ts'
import { Talk, TalkAndAnswer } from '../../parts/approval-talk.tsx'
import { ErrorState, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'

type Seats = Answer<'GET /api/runs/:id/approvals'>['approvals'][number]['places'][number]['seats']

/** Who is asked and has not answered, and for whom. */
const waiting = (seats: Seats): string =>
  seats
    .flatMap(({ name, asked, handedOver, verdict, standsFor }) =>
      asked && !handedOver && verdict === null ? [standsFor === null ? name : `${name} for ${standsFor}`] : [],
    )
    .join(', ')

/** Who has signed what this step asks for, and for whoever still has to: the way to their page. */
export function ApprovalOfStep({ runId, path }: { readonly runId: string; readonly path: string }) {
  const asked = useQuery({
    queryKey: ['run', runId, 'approvals'],
    queryFn: () => call('GET /api/runs/:id/approvals', { params: { id: runId } }),
    refetchInterval: 15_000,
  })
  const navigate = useNavigate()
  const open = useMutation({
    mutationFn: (id: string) => call('POST /api/approvals/:id/link', { params: { id } }),
    onSuccess: ({ token }) => navigate({ to: '/approve/$token', params: { token } }),
  })
  if (asked.data === undefined)
    return asked.error === null ? null : <ErrorState error={asked.error} retry={() => void asked.refetch()} />
  const approval = asked.data.approvals.findLast(({ stepPath }) => stepPath === path)
  if (approval === undefined) return null
  return (
    <div className="step-more">
      <p>
        {approval.what} ({approvalStateWords[approval.state]})
      </p>
      <ul>
        {approval.places.map(({ title, quorum, signed, now, seats }) => (
          <li key={title}>
            {title}: {signed} of {quorum} signed
            {now && signed < quorum && <span className="dim">, asked: {waiting(seats)}</span>}
            {seats.map(({ userId, name, standsFor, verdict, reason, signedAt }) =>
              verdict === null || signedAt === null ? null : (
                <div key={userId}>
                  {name}
                  {standsFor !== null && ` for ${standsFor}`}{' '}
                  {verdict === 'approve' ? 'approved' : `refused: ${reason}`}, <When at={signedAt} ago />
                </div>
              ),
            )}
          </li>
        ))}
      </ul>
      {approval.state === 'open' ? (
        <TalkAndAnswer approvalId={approval.id} talk={approval.talk} refresh={['run', runId, 'approvals']} />
      ) : (
        <Talk talk={approval.talk} />
      )}
      {asked.data.mine.includes(approval.id) && (
        <Button size="xs" loading={open.isPending} onClick={() => open.mutate(approval.id)}>
          Look and sign
        </Button>
      )}
      <Problem error={open.error} />
    </div>
  )
}
