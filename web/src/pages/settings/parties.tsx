import { TagsInput } from '@mantine/core'
import { roleWords } from '../../words.ts'

/** Everybody of a role, as the page says it and as the rules write it. */
export const roles = new Map(
  (['administrator', 'lead', 'analyst', 'approver'] as const).map((role) => [
    `Any ${roleWords[role].toLowerCase()}`,
    `role:${role}`,
  ]),
)
export const asWritten = (said: string): string => roles.get(said) ?? said
export const asSaid = (written: string): string => [...roles].find(([, role]) => role === written)?.[0] ?? written

/** People of a cell: mail addresses, roles. */
export function Parties(props: {
  readonly label: string
  readonly what: string
  readonly data: readonly string[]
  readonly value: readonly string[]
  readonly locked: boolean
  readonly set: (value: string[]) => void
}) {
  return (
    <td data-label={props.label}>
      <TagsInput
        size="xs"
        aria-label={props.what}
        data={[...props.data]}
        disabled={props.locked}
        value={props.value.map(asSaid)}
        onChange={(said) => props.set(said.map(asWritten))}
      />
    </td>
  )
}
