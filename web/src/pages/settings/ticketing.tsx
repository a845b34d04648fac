import { Button, Select, Textarea } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type Ticketing, TicketType } from '../../../../src/model/ticket.ts'
import { type Answer, call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { ErrorState, Loading } from '../../parts/states.tsx'
import { say } from '../../parts/toast.tsx'
import { ticketTypeWords } from '../tickets/ticket-words.ts'
import { asSaid, asWritten, Parties, roles } from './parties.tsx'
import { Refusal } from './refusal.tsx'
import './ticketing.css'

type Rules = Answer<'GET /api/ticketing'>

/** Who is responsible for what, and how long things may take: as a grid, and whole as YAML. */
export function TicketingPart() {
  const rules = useQuery({ queryKey: ['ticketing'], queryFn: () => call('GET /api/ticketing') })
  if (rules.data === undefined)
    return rules.error === null ? <Loading /> : <ErrorState error={rules.error} retry={() => void rules.refetch()} />
  return (
    <>
      <Matrix key={`m${rules.data.version}`} rules={rules.data} />
      <AsYaml key={`y${rules.data.version}`} rules={rules.data} />
    </>
  )
}

function useSave(version: number) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (change: { ticketing?: Ticketing; yaml?: string }) =>
      call('PUT /api/ticketing', { body: { ...change, version } }),
    onSuccess: () => say('The rules for tickets are saved.'),
    onSettled: () => client.invalidateQueries({ queryKey: ['ticketing'] }),
  })
}

type Duty = Ticketing['types'][TicketType]

function Matrix({ rules }: { readonly rules: Rules }) {
  const locked = !useMay()('ticketing.change')
  const [types, setTypes] = useState(rules.ticketing.types)
  const save = useSave(rules.version)
  const people = [...roles.keys(), ...rules.people.map(({ email }) => email)]
  const set = (type: TicketType, change: Partial<Duty>) => setTypes({ ...types, [type]: { ...types[type], ...change } })
  return (
    <section className="card">
      <h2>Who does what</h2>
      <p className="dim">
        A new ticket goes to the first person who is named as responsible and not away (Context, Calendar); a role
        leaves it to whoever takes it up. Exactly one answers for it. People are named by mail address.
      </p>
      <div className="scroll-x" tabIndex={0} role="region" aria-label="Who does what">
        <table className="plain cards duties">
          <thead>
            <tr>
              <th>Type</th>
              <th>Responsible</th>
              <th>Accountable</th>
              <th>Consulted</th>
              <th>Informed</th>
              <th>Tasks it brings</th>
            </tr>
          </thead>
          <tbody>
            {TicketType.options.map((type) => (
              <tr key={type}>
                <th scope="row">{ticketTypeWords[type]}</th>
                <Parties
                  label="Responsible"
                  what={`Responsible for ${ticketTypeWords[type]}`}
                  data={people}
                  value={types[type].responsible}
                  locked={locked}
                  set={(responsible) => set(type, { responsible })}
                />
                <td data-label="Accountable">
                  <Select
                    size="xs"
                    aria-label={`Accountable for ${ticketTypeWords[type]}`}
                    allowDeselect={false}
                    searchable
                    disabled={locked}
                    data={[...new Set([...people, asSaid(types[type].accountable)])]}
                    value={asSaid(types[type].accountable)}
                    onChange={(said) => said !== null && set(type, { accountable: asWritten(said) })}
                  />
                </td>
                <Parties
                  label="Consulted"
                  what={`Consulted about ${ticketTypeWords[type]}`}
                  data={people}
                  value={types[type].consulted}
                  locked={locked}
                  set={(consulted) => set(type, { consulted })}
                />
                <Parties
                  label="Informed"
                  what={`Informed about ${ticketTypeWords[type]}`}
                  data={people}
                  value={types[type].informed}
                  locked={locked}
                  set={(informed) => set(type, { informed })}
                />
                <Parties
                  label="Tasks it brings"
                  what={`Tasks of ${ticketTypeWords[type]}`}
                  data={[]}
                  value={types[type].tasks}
                  locked={locked}
                  set={(tasks) => set(type, { tasks })}
                />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Refusal error={save.error} />
      {!locked && (
        <Button
          loading={save.isPending}
          onClick={() => save.mutate({ ticketing: { ...rules.ticketing, types } })}
          style={{ alignSelf: 'flex-start' }}
        >
          Save
        </Button>
      )}
    </section>
  )
}

function AsYaml({ rules }: { readonly rules: Rules }) {
  const locked = !useMay()('ticketing.change')
  const [yaml, setYaml] = useState(rules.yaml)
  const save = useSave(rules.version)
  return (
    <section className="card">
      <h2>Hours, clocks and escalation</h2>
      <p className="dim">
        All of it as one document: business hours, minutes allowed by severity on both sides (of each provider under{' '}
        <code>providers</code>), who is told how long after a clock ran out, and the matrix above.{' '}
        <code>hours: null</code> means round the clock.
      </p>
      <Textarea
        aria-label="The rules as YAML"
        autosize
        minRows={12}
        maxRows={30}
        readOnly={locked}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        value={yaml}
        onChange={(event) => setYaml(event.currentTarget.value)}
      />
      <Refusal error={save.error} />
      <div className="row">
        {!locked && (
          <Button loading={save.isPending} disabled={yaml === rules.yaml} onClick={() => save.mutate({ yaml })}>
            Save the YAML
          </Button>
        )}
        <Button
          component="a"
          variant="default"
          href={`data:application/yaml;charset=utf-8,${encodeURIComponent(yaml)}`}
          download="tickets.yaml"
        >
          Download
        </Button>
      </div>
    </section>
  )
}
