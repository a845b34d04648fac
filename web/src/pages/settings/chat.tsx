import { Button, Modal } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { ChannelCard } from '../../../../src/contract/chat.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { EmptyState, ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { plural } from '../../words.ts'
import { type ChannelDraft, ChannelForm, draftOfChannel, kindWords, newChannel } from './chat-form.tsx'

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
  const may = useMay()
  const client = useQueryClient()
  const [removing, setRemoving] = useState(false)
  const test = useMutation({
    mutationFn: () => call('POST /api/chat/:id/test', { params: { id: channel.id } }),
    onSettled: () => client.invalidateQueries({ queryKey: ['chat'] }),
  })
  const [words, tag] = stateWords[channel.state]
  const { settings, posts } = channel
  return (
    <section className="card" aria-label={channel.title}>
      <h2>
        {channel.title} <span className={tag}>{words}</span>
      </h2>
      {channel.failingSince !== null && (
        <p>
          Since <When at={channel.failingSince} ago />: {channel.says}.{' '}
          {channel.nextTryAt !== null && (
            <>
              Tried again <When at={channel.nextTryAt} ago />.
            </>
          )}
        </p>
      )}
      <dl className="kv">
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
      </dl>
      <Problem error={test.error} />
      {test.data !== undefined && (
        <p role="status">
          <span className={test.data.ok ? 'tag good' : 'tag bad'}>{test.data.ok ? 'Taken' : 'Not taken'}</span>{' '}
          {test.data.says}
        </p>
      )}
      <div className="row wrap">
        {may('connector.test') && (
          <Button size="xs" variant="default" loading={test.isPending} onClick={() => test.mutate()}>
            Send a test
          </Button>
        )}
        {may('connector.change') && (
          <>
            <Button size="xs" variant="default" onClick={edit}>
              Change…
            </Button>
            <Button size="xs" variant="subtle" onClick={() => setRemoving(true)}>
              Take away…
            </Button>
          </>
        )}
      </div>
      {removing && <Removal channel={channel} close={() => setRemoving(false)} />}
    </section>
  )
}

function Removal({ channel, close }: { readonly channel: ChannelCard; readonly close: () => void }) {
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => call('DELETE /api/chat/:id', { params: { id: channel.id } }),
    onSuccess: () => {
      say(`${channel.title} is taken away.`)
      close()
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['chat'] }),
  })
  const waiting = channel.posts.waiting
  return (
    <Modal opened onClose={close} title={`Take ${channel.title} away?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className="stack">
        <p>
          Nothing is posted there any more{waiting > 0 && `, and what waits for it (${waiting}) is dropped`}. Who was
          told there is told by mail only. What left stays in the ledger.
        </p>
        <Problem error={remove.error} />
        <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
          Take it away
        </Button>
      </div>
    </Modal>
  )
}
