import { Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { call } from '../api.ts'
import { Problem } from './states.tsx'

/** Playbooks to choose from, with what the chosen one is for. */
export function PlaybookPicker({
  value,
  choose,
}: {
  readonly value: string | null
  readonly choose: (id: string | null) => void
}) {
  const list = useQuery({ queryKey: ['playbooks'], queryFn: () => call('GET /api/playbooks') })
  const playbooks = list.data?.playbooks ?? []
  const chosen = playbooks.find((one) => one.id === value)
  return (
    <>
      <Select
        label="Playbook"
        placeholder={list.isPending ? 'Loading' : 'Choose one'}
        searchable
        data={playbooks.map((one) => ({ value: one.id, label: one.title }))}
        value={value}
        onChange={choose}
      />
      {chosen !== undefined && <p className="dim">{chosen.description}</p>}
      {chosen?.signOff.some(({ stops }) => stops) === true && (
        <p className="notice">
          It will stop where it asks for signatures:{' '}
          {chosen.signOff.flatMap(({ place, says, stops }) => (stops ? [`${place}: ${says}`] : [])).join('. ')}.
        </p>
      )}
      {chosen?.signOff.some(({ stops }) => !stops) === true && (
        <p className="dim">
          Where it asks for signatures:{' '}
          {chosen.signOff.flatMap(({ place, says, stops }) => (stops ? [] : [`${place}: ${says}`])).join('. ')}.
        </p>
      )}
      <Problem error={list.error} />
    </>
  )
}
