import { Button } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useRef } from 'react'
import type { ApprovalRow, SignedRow } from '../../../../src/contract/approvals.ts'
import type { ApprovalState } from '../../../../src/model/approval.ts'
import { call } from '../../api.ts'
import { useMe } from '../../me.ts'
import { approvalStateWords } from '../../parts/approval-state.ts'
import { useKeys } from '../../parts/keys.ts'
import { myApprovalsQuery } from '../../parts/my-approvals.tsx'
import { EmptyState, ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { Away } from './away.tsx'
import './my-approvals.css'

const stateTags: Record<ApprovalState, string> = {
  open: 'accent',
  approved: 'good',
  refused: 'bad',
  expired: 'warn',
  void: 'warn',
}

/** For whoever signs: what waits for them, the soonest end first, and what they signed. */
export function MyApprovalsPage() {
  const mine = useQuery(myApprovalsQuery)
  const list = useRef<HTMLDivElement>(null)
  const move = (by: number) => () => {
    const buttons = [...(list.current?.querySelectorAll<HTMLButtonElement>('button.approval-open') ?? [])]
    const at = buttons.findIndex((button) => button === document.activeElement)
    buttons[at === -1 ? 0 : Math.max(0, Math.min(at + by, buttons.length - 1))]?.focus()
  }
  useKeys({ j: move(1), k: move(-1), ArrowDown: move(1), ArrowUp: move(-1) })
  if (mine.data === undefined)
    return mine.error === null ? (
      <Loading lines={10} />
    ) : (
      <ErrorState error={mine.error} retry={() => void mine.refetch()} />
    )
  const { approvals, signed, moreSigned } = mine.data
  return (
    <>
      <div className="page-head">
        <h1>My approvals</h1>
      </div>
      <div className="stack" ref={list}>
        {approvals.length === 0 ? (
          <div className="card">
            <EmptyState
              title="Nothing waits for your signature."
              proof="When a playbook asks for your approval, or an answer for its second release, it stands here until its time ends, and you get a mail with a link."
            />
          </div>
        ) : (
          approvals.map((approval) => <Waiting key={approval.id} approval={approval} />)
        )}
        <Signed rows={signed} more={moreSigned} />
        <Away />
      </div>
    </>
  )
}

function Waiting({ approval }: { readonly approval: ApprovalRow }) {
  const navigate = useNavigate()
  const open = useMutation({
    mutationFn: () => call('POST /api/approvals/:id/link', { params: { id: approval.id } }),
    onSuccess: ({ token }) => navigate({ to: '/approve/$token', params: { token } }),
  })
  const me = useMe()?.user.id
  const mine = approval.places.find(
    ({ now, seats }) => now && seats.some(({ userId, asked, verdict }) => userId === me && asked && verdict === null),
  )
  const place = mine ?? approval.places[approval.placeNow]
  return (
    <section className="card approval-card" aria-label={approval.what}>
      <div className="approval-says">
        <h2>{approval.what}</h2>
        <p>{approval.about}</p>
        <p className="dim">
          {place?.title}: {place?.signed} of {place?.quorum} signed. Asked <When at={approval.askedAt} ago />.
        </p>
        <p>
          <strong>
            Ends <When at={approval.expiresAt} />.
          </strong>{' '}
          If nobody answers: {approval.ifSilent}
        </p>
        <Problem error={open.error} />
      </div>
      <Button className="approval-open" loading={open.isPending} onClick={() => open.mutate()}>
        Look and sign
      </Button>
    </section>
  )
}

function Signed({ rows, more }: { readonly rows: readonly SignedRow[]; readonly more: boolean }) {
  return (
    <section className="card">
      <h2>What I signed</h2>
      {rows.length === 0 ? (
        <p className="dim">Nothing yet. Each signature stands here with its place in the ledger.</p>
      ) : (
        <ul className="plain-list approval-signed">
          {rows.map(({ approval, mine }) => (
            <li key={`${approval.id} ${mine.place}`}>
              <div className="row between wrap">
                <strong>{approval.what}</strong>
                <span className={`tag ${stateTags[approval.state]}`}>{approvalStateWords[approval.state]}</span>
              </div>
              <div className="dim">
                I {mine.verdict === 'approve' ? 'approved' : `refused (${mine.reason})`} as {mine.place},{' '}
                <When at={mine.at} ago />
                {mine.ledgerIndex === null ? '; the ledger is taking it' : `; ledger record ${mine.ledgerIndex}`}.
                {approval.state === 'open' && (
                  <>
                    {' '}
                    Ends <When at={approval.expiresAt} />.
                  </>
                )}
              </div>
              <div className="mono dim approval-digest" title="Digest of the action that was signed for">
                SHA-256 {approval.subjectSha256}
              </div>
            </li>
          ))}
        </ul>
      )}
      {more && <p className="dim">Older ones are in the ledger.</p>}
    </section>
  )
}
