import { queryOptions, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { call } from '../api.ts'
import { useMay } from '../me.ts'
import { plural } from '../words.ts'

/** The ledger's tree takes a record in a fifth of a second, seldom more; until then its number is asked for. */
const receiptEveryMs = 1000

/** Under "queue", so that the news of an approval renew it too. */
export const myApprovalsQuery = queryOptions({
  queryKey: ['queue', 'my-approvals'],
  queryFn: () => call('GET /api/approvals'),
  refetchInterval: ({ state }) =>
    state.data?.signed.some(({ mine }) => mine.ledgerIndex === null) === true ? receiptEveryMs : 30_000,
})

/** The way to what waits for my signature; nothing while nothing does, or for whoever never signs. */
export function ApprovalsWait() {
  const may = useMay()('approval.sign')
  const mine = useQuery({ ...myApprovalsQuery, enabled: may })
  const waiting = mine.data?.approvals.length ?? 0
  if (!may || waiting === 0) return null
  return (
    <Link to="/approvals" className="tag accent">
      {plural(waiting, 'approval waits', 'approvals wait')} for you
    </Link>
  )
}
