import { Button, Checkbox, Modal, PasswordInput, Select, Switch, TagsInput, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Tlp } from '../../../../src/model/intelligence.ts'
import { fieldProblem, problemOf } from '../../api.ts'
import { Problem } from '../../parts/states.tsx'
import { say } from '../../parts/toast.tsx'

/** What every place outside has: a kind, names, where it may be, whether it is on. */
type PlaceDraft<K extends string> = {
  readonly id: string
  readonly kind: K
  readonly title: string
  readonly enabled: boolean
  readonly version: number
  readonly settings: { readonly allowAddresses: readonly string[]; readonly plainHttp: boolean }
}

type Props<K extends string, D extends PlaceDraft<K>> = {
  readonly title: string
  readonly size: 'lg' | 'xl'
  readonly draft: D
  readonly set: (draft: D) => void
  readonly kinds: Readonly<Record<K, string>>
  readonly queryKey: string
  readonly save: () => Promise<unknown>
  readonly close: () => void
  /** Beside kind and names. */
  readonly fields: (error: unknown) => ReactNode
  readonly children: (error: unknown) => ReactNode
  readonly words: { readonly network: string; readonly plainHttp: string; readonly enabled: string }
}

/** The dialog that sets up a place outside. */
export function PlaceForm<K extends string, D extends PlaceDraft<K>>(props: Props<K, D>) {
  const { draft, set, kinds, queryKey, close, words } = props
  const { settings } = draft
  const isNew = draft.version === 0
  const client = useQueryClient()
  const save = useMutation({
    mutationFn: props.save,
    onSuccess: () => {
      say(`${draft.title} is saved.`)
      close()
    },
    onSettled: () => client.invalidateQueries({ queryKey: [queryKey] }),
  })
  return (
    <Modal opened size={props.size} onClose={close} title={props.title} closeButtonProps={{ 'aria-label': 'Close' }}>
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
            data={Object.entries<string>(kinds).map(([value, label]) => ({ value, label }))}
            value={draft.kind}
            onChange={(kind) => kind !== null && set({ ...draft, kind: kind as K })}
          />
          <TextInput
            label="Name"
            required
            value={draft.title}
            onChange={(event) => set({ ...draft, title: event.currentTarget.value })}
          />
          <TextInput
            label="Short name"
            description="Small letters, digits, hyphens; stays as it is"
            required
            disabled={!isNew}
            error={fieldProblem(save.error, 'id')}
            value={draft.id}
            onChange={(event) => set({ ...draft, id: event.currentTarget.value })}
          />
          {props.fields(save.error)}
        </div>
        {props.children(save.error)}
        <details>
          <summary>{words.network}</summary>
          <div className="stack">
            <TagsInput
              label="Internal addresses it may be at"
              description="10.20.30.0/28. Public addresses need no entry."
              value={[...settings.allowAddresses]}
              onChange={(allowAddresses) => set({ ...draft, settings: { ...settings, allowAddresses } })}
            />
            <Checkbox
              label={words.plainHttp}
              checked={settings.plainHttp}
              onChange={(event) => set({ ...draft, settings: { ...settings, plainHttp: event.currentTarget.checked } })}
            />
          </div>
        </details>
        <Switch
          label={words.enabled}
          checked={draft.enabled}
          onChange={(event) => set({ ...draft, enabled: event.currentTarget.checked })}
        />
        <Problem error={save.error} />
        {save.error !== null && (
          <ul>
            {problemOf(save.error).details.map(({ field, says }) => (
              <li key={field}>
                <code>{field}</code>: {says}
              </li>
            ))}
          </ul>
        )}
        <Button type="submit" loading={save.isPending}>
          Save
        </Button>
      </form>
    </Modal>
  )
}

/** A secret that is written and never shown. */
export function SecretField(props: {
  readonly label: string
  readonly description: string
  readonly error: string | undefined
  readonly value: string
  readonly set: (value: string) => void
}) {
  const { set, ...rest } = props
  return <PasswordInput {...rest} autoComplete="new-password" onChange={(event) => set(event.currentTarget.value)} />
}

export const sealedWords = (isNew: boolean): string =>
  isNew ? 'Sealed, never shown again' : 'Empty: the one that is set stays'

/** Up to which marking things may leave. */
export function TlpField(props: {
  readonly description: string
  readonly value: Tlp
  readonly set: (value: Tlp) => void
}) {
  return (
    <Select
      label="Up to which traffic light"
      description={props.description}
      allowDeselect={false}
      data={Tlp.options.map((value) => ({ value, label: `TLP:${value}` }))}
      value={props.value}
      onChange={(value) => value !== null && props.set(Tlp.parse(value))}
    />
  )
}
