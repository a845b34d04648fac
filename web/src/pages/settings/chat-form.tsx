import { Checkbox, MultiSelect, TagsInput } from '@mantine/core'
import { useState } from 'react'
import type { ChannelCard } from '../../../../src/contract/chat.ts'
import { ChatField, type ChatKind, ChatSettings } from '../../../../src/model/chat.ts'
import { call, fieldProblem } from '../../api.ts'
import { PlaceForm, SecretField, sealedWords, TlpField } from './place-form.tsx'

export type ChannelDraft = Pick<ChannelCard, 'id' | 'kind' | 'title' | 'settings' | 'enabled' | 'version'>

export const kindWords: Record<ChatKind, string> = { slack: 'Slack', teams: 'Microsoft Teams' }
const fieldWords: Record<ChatField, string> = {
  title: 'Title and subject',
  severity: 'Severity',
  words: 'What is asked or said',
}
const mayShow = ChatSettings.shape.mayShow.unwrap().element

const empty: ChatSettings = {
  ...{ people: [], personal: false, shows: ['title', 'severity'], mayShow: [], upToTlp: 'GREEN' },
  ...{ plainHttp: false, allowAddresses: [], ca: '' },
}

export function newChannel(): ChannelDraft {
  return { id: '', kind: 'slack', title: '', settings: empty, enabled: false, version: 0 }
}

export function draftOfChannel({ id, kind, title, settings, enabled, version }: ChannelCard): ChannelDraft {
  return { id, kind, title, settings, enabled, version }
}

export function ChannelForm({ start, close }: { readonly start: ChannelDraft; readonly close: () => void }) {
  const [draft, setDraft] = useState(start)
  const [url, setUrl] = useState('')
  const { settings } = draft
  const set = (change: Partial<ChatSettings>): void => setDraft({ ...draft, settings: { ...settings, ...change } })
  const isNew = start.version === 0
  const save = () => {
    const { id, ...body } = draft
    return call('PUT /api/chat/:id', { params: { id }, body: { ...body, url: url.trim() === '' ? null : url.trim() } })
  }
  return (
    <PlaceForm
      {...{ draft, set: setDraft, save, close, queryKey: 'chat', kinds: kindWords, size: 'lg' }}
      title={isNew ? 'Add a channel' : `Change ${start.title}`}
      words={{
        network: 'A server of your own network',
        plainHttp: 'http:// is meant: what is posted can be read on the way',
        enabled: 'Switched on: people are told there from now on',
      }}
      fields={(error) => (
        <SecretField
          label="Address of its webhook"
          description={sealedWords(isNew)}
          error={fieldProblem(error, 'url')}
          value={url}
          set={setUrl}
        />
      )}
    >
      {(error) => (
        <>
          <TagsInput
            label="Who is told there"
            description="Mail addresses: what goes to them by mail goes here as well"
            error={fieldProblem(error, 'people')}
            value={[...settings.people]}
            onChange={(people) => set({ people })}
          />
          <Checkbox
            label="This one person alone reads it: questions come with their one-time link"
            checked={settings.personal}
            onChange={(event) => set({ personal: event.currentTarget.checked })}
          />
          <Leaving settings={settings} set={set} />
        </>
      )}
    </PlaceForm>
  )
}

function Leaving(props: { readonly settings: ChatSettings; readonly set: (change: Partial<ChatSettings>) => void }) {
  const { settings, set } = props
  return (
    <div className="two">
      <MultiSelect
        label="What may leave"
        description="Which ticket, and a link, always do"
        data={ChatField.options.map((value) => ({ value, label: fieldWords[value] }))}
        value={[...settings.shows]}
        onChange={(shows) => set({ shows: shows.map((field) => ChatField.parse(field)) })}
      />
      <TlpField
        description="Of what is marked above it, only that it is there"
        value={settings.upToTlp}
        set={(upToTlp) => set({ upToTlp })}
      />
      <MultiSelect
        label="What may be written out"
        description="None: every sensitive place is redacted. A secret always is."
        data={mayShow.options.map((value) => ({ value, label: value.replaceAll('-', ' ') }))}
        value={[...settings.mayShow]}
        onChange={(classes) => set({ mayShow: classes.map((one) => mayShow.parse(one)) })}
      />
    </div>
  )
}
