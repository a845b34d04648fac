import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Queue, Tab } from '../../../../src/contract/desk.ts'
import { EmptyState } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { doorWords } from '../../words.ts'
import { Silent } from './reconciled.tsx'

const titles: Record<Tab, string> = {
  needs: 'Nothing needs you.',
  answer: 'Every decided alert is answered.',
  approver: 'No answer waits to be released.',
  provider: 'Nothing waits for a provider to write.',
  asked: 'Nobody has been asked anything.',
  running: 'No playbook is filling a ladder right now.',
  snoozed: 'Nothing sleeps.',
  merged: 'Nothing is merged into another alert.',
  done: 'Nothing was decided today.',
  all: 'There is no alert.',
}

/** Why it is empty, the proof that the feed is alive, and one thing to do. */
export function QueueEmpty({
  queue,
  tab,
  besides,
}: {
  readonly queue: Queue
  readonly tab: Tab
  /** Something that is no alert stands above it. */
  readonly besides: boolean
}) {
  const { feed, counts, reconciliation } = queue
  const proof = (
    <>
      {feed.silent.length > 0 && (
        <div>
          <Silent silent={feed.silent} />
        </div>
      )}
      {feed.lastMessage === null ? (
        <div>No message has ever arrived.</div>
      ) : (
        <div>
          Last message: <When at={feed.lastMessage.at} ago />, from {feed.lastMessage.from}.
        </div>
      )}
      {feed.doors.map((door) => (
        <div key={door.door}>
          {doorWords(door.door)}: {doorStates[door.state] ?? door.state}
          {door.lastSuccessAt !== null && (
            <>
              , checked <When at={door.lastSuccessAt} ago />
            </>
          )}
          {door.says !== '' && `. ${door.says}`}
        </div>
      ))}
    </>
  )
  return (
    <EmptyState
      title={besides ? 'No alert needs you.' : titles[tab]}
      proof={proof}
      action={<Next tab={tab} counts={counts} received={reconciliation.received} />}
    />
  )
}

function Next({
  tab,
  counts,
  received,
}: {
  readonly tab: Tab
  readonly counts: Queue['counts']
  readonly received: number
}) {
  if (received === 0) {
    return (
      <Button component={Link} to="/x-ray">
        X-ray a folder of old provider mail
      </Button>
    )
  }
  const other = (['needs', 'answer', 'all'] as const).find((one) => one !== tab && (counts[one] ?? 0) > 0)
  if (other === undefined) return null
  const words = {
    needs: `Decide ${counts.needs} that need you`,
    answer: `Answer ${counts.answer} that are decided`,
    all: `See all ${counts.all}`,
  }
  return (
    <Button variant="default" component={Link} to="/queue" search={{ tab: other } as never}>
      {words[other]}
    </Button>
  )
}

/** How a door stands. */
const doorStates: Readonly<Record<string, string>> = {
  active: 'open',
  failing: 'failing',
  silent: 'silent',
  stopped: 'shut',
}
