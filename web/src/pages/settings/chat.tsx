import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { ChannelCard } from '../../../../src/contract/chat.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { EmptyState, ErrorState, Loading } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { plural } from '../../words.ts'
import { type ChannelDraft, ChannelForm, draftOfChannel, kindWords, newChannel } from './chat-form.tsx'
import { PlaceCard } from './place-card.tsx'

const stateWords: Record<ChannelCard['state'], readonly [string, string]> = {
  off: ['Off', 'tag'],
  waiting: ['Nothing posted yet', 'tag'],
  active: ['Takes messages', 'tag good'],
  failing: ['Failing', 'tag bad'],
}

/** Slack and Teams: who is told where, what of it, and how each channel is doing. */
export function ChatPart() {
  const list = useQuery({ queryKey: ['chat'], queryFn: () => call('GET /api/chat'), refetchInterval: 30_000 })
  const may = useMay()
  const [edit, setEdit] = useState<ChannelDraft | null>(null)
  if (list.data === undefined)
    return list.error === null ? <Loading /> : <ErrorState error={list.error} retry={() => void list.refetch()} />
  const { channels } = list.data
  const add = may('connector.change') && <Button onClick={() => setEdit(newChannel())}>Add a channel</Button>
  return (
    <>
      {channels.length === 0 ? (
        <div className="card">
          <EmptyState
            title="People are told by mail only."
            proof={`With a channel of Slack or Teams, notices and questions go there as well, with no more in them than you agree to.${add === false ? ' An administrator adds one here.' : ''}`}
            action={add}
          />
        </div>
      ) : (
        <div className="row between wrap">
          <span className="dim">
            {plural(channels.length, 'channel')}. Every message stands in{' '}
            <Link to="/ledger/left" search={{ kind: 'chat' }}>
              what left
            </Link>
            .
          </span>
          {add}
        </div>
      )}
      {channels.map((channel) => (
        <Card key={channel.id} channel={channel} edit={() => setEdit(draftOfChannel(channel))} />
      ))}
      {edit !== null && <ChannelForm start={edit} close={() => setEdit(null)} />}
    </>
  )
}

function Card({ channel, edit }: { readonly channel: ChannelCard; readonly edit: () => void }) {
  const { settings, posts } = channel
  const params = { id: channel.id }
  return (
    <PlaceCard
      place={channel}
      state={stateWords[channel.state]}
      queryKey="chat"
      test={{
        ...{ label: 'Send a test', good: 'Taken', bad: 'Not taken' },
        run: () => call('POST /api/chat/:id/test', { params }),
      }}
      remove={() => call('DELETE /api/chat/:id', { params })}
      removal={`Nothing is posted there any more${posts.waiting > 0 ? `, and what waits for it (${posts.waiting}) is dropped` : ''}. Who was told there is told by mail only. What left stays in the ledger.`}
      edit={edit}
    >
      <dt>Where</dt>
      <dd>
        {kindWords[channel.kind]}, <span className="mono">{channel.host}</span>
      </dd>
      <dt>Who is told</dt>
      <dd>
        {settings.people.length === 0 ? 'nobody yet' : settings.people.join(', ')}
        {settings.personal && ' (reads it alone: questions come with their one-time link)'}
      </dd>
      <dt>What leaves</dt>
      <dd>
        {['link', ...settings.shows].join(', ')};{' '}
        {settings.mayShow.length === 0
          ? 'every sensitive place redacted'
          : `sensitive places redacted but ${settings.mayShow.join(', ')}`}
        ; up to TLP:{settings.upToTlp}
      </dd>
      <dt>Last 7 days</dt>
      <dd>
        {posts.sent} posted, {posts.waiting} waiting, {posts.failed} given up
      </dd>
      <dt>Last taken</dt>
      <dd>{channel.answeredAt === null ? 'not yet' : <When at={channel.answeredAt} ago />}</dd>
    </PlaceCard>
  )
}
