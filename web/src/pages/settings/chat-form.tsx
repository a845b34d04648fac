import {
  Button,
  Checkbox,
  Modal,
  MultiSelect,
  PasswordInput,
  Select,
  Switch,
  TagsInput,
  TextInput,
} from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { ChannelCard } from '../../../../src/contract/chat.ts'
import { ChatField, ChatKind, ChatSettings } from '../../../../src/model/chat.ts'
import { Tlp } from '../../../../src/model/intelligence.ts'
import { call, fieldProblem } from '../../api.ts'
import { Problem } from '../../parts/states.tsx'
import { say } from '../../parts/toast.tsx'

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

export function ChannelForm(props: { readonly start: ChannelDraft; readonly close: () => void }) {
  const client = useQueryClient()
  const [draft, setDraft] = useState(props.start)
  const [url, setUrl] = useState('')
  const { settings } = draft
  const set = (change: Partial<ChatSettings>): void => setDraft({ ...draft, settings: { ...settings, ...change } })
  const isNew = draft.version === 0
  const save = useMutation({
    mutationFn: () => {
      const { id, ...body } = draft
      return call('PUT /api/chat/:id', {
        params: { id },
        body: { ...body, url: url.trim() === '' ? null : url.trim() },
      })
    },
    onSuccess: () => {
      say(`${draft.title} is saved.`)
      props.close()
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['chat'] }),
  })
  return (
    <Modal
      opened
      size="lg"
      onClose={props.close}
      title={isNew ? 'Add a channel' : `Change ${props.start.title}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate()
        }}
      >
        <div className="two">
          <Select
            label="Kind"
            disabled={!isNew}
            allowDeselect={false}
            data={ChatKind.options.map((value) => ({ value, label: kindWords[value] }))}
            value={draft.kind}
            onChange={(kind) => kind !== null && setDraft({ ...draft, kind: ChatKind.parse(kind) })}
          />
          <TextInput
            label="Name"
            required
            value={draft.title}
            onChange={(event) => setDraft({ ...draft, title: event.currentTarget.value })}
          />
          <TextInput
            label="Short name"
            description="Small letters, digits, hyphens; stays as it is"
            required
            disabled={!isNew}
            error={fieldProblem(save.error, 'id')}
            value={draft.id}
            onChange={(event) => setDraft({ ...draft, id: event.currentTarget.value })}
          />
          <PasswordInput
            label="Address of its webhook"
            description={isNew ? 'Sealed, never shown again' : 'Empty: the one that is set stays'}
            autoComplete="new-password"
            error={fieldProblem(save.error, 'url')}
            value={url}
            onChange={(event) => setUrl(event.currentTarget.value)}
          />
        </div>
        <TagsInput
          label="Who is told there"
          description="Mail addresses: what goes to them by mail goes here as well"
          error={fieldProblem(save.error, 'people')}
          value={[...settings.people]}
          onChange={(people) => set({ people })}
        />
        <Checkbox
          label="This one person alone reads it: questions come with their one-time link"
          checked={settings.personal}
          onChange={(event) => set({ personal: event.currentTarget.checked })}
        />
        <Leaving settings={settings} set={set} />
        <details>
          <summary>A server of your own network</summary>
          <div className="stack">
            <TagsInput
              label="Internal addresses it may be at"
              description="10.20.30.0/28. Public addresses need no entry."
              value={[...settings.allowAddresses]}
              onChange={(allowAddresses) => set({ allowAddresses })}
            />
            <Checkbox
              label="http:// is meant: what is posted can be read on the way"
              checked={settings.plainHttp}
              onChange={(event) => set({ plainHttp: event.currentTarget.checked })}
            />
          </div>
        </details>
        <Switch
          label="Switched on: people are told there from now on"
          checked={draft.enabled}
          onChange={(event) => setDraft({ ...draft, enabled: event.currentTarget.checked })}
        />
        <Problem error={save.error} />
        <Button type="submit" loading={save.isPending}>
          Save
        </Button>
      </form>
    </Modal>
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
      <Select
        label="Up to which traffic light"
        description="Of what is marked above it, only that it is there"
        allowDeselect={false}
        data={Tlp.options.map((value) => ({ value, label: `TLP:${value}` }))}
        value={settings.upToTlp}
        onChange={(value) => value !== null && set({ upToTlp: Tlp.parse(value) })}
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
