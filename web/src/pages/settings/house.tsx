import { Button, NumberInput, Select, TagsInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { HouseSettings } from '../../../../src/contract/house.ts'
import { ReleaseSigning, type SecondWait, secondWaitDefault } from '../../../../src/model/release.ts'
import { type Answer, call, fieldProblem } from '../../api.ts'
import { useMay } from '../../me.ts'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { say } from '../../parts/toast.tsx'

export function HousePart() {
  const settings = useQuery({ queryKey: ['settings'], queryFn: () => call('GET /api/settings') })
  if (settings.data === undefined)
    return settings.error === null ? (
      <Loading />
    ) : (
      <ErrorState error={settings.error} retry={() => void settings.refetch()} />
    )
  return (
    <>
      <Form start={settings.data.settings} />
      <Doors data={settings.data} />
    </>
  )
}

const signingWords: { value: ReleaseSigning; label: string }[] = [
  { value: 'when-they-have-one', label: 'By the second person, once they have a passkey' },
  { value: 'always', label: 'By both, always: no click counts' },
  { value: 'offered', label: 'Offered: a click is enough' },
]

function Form({ start }: { readonly start: HouseSettings }) {
  const may = useMay()
  const client = useQueryClient()
  const [settings, setSettings] = useState(start)
  const save = useMutation({
    mutationFn: () => call('PUT /api/settings', { body: settings }),
    onSuccess: () => say('Saved.'),
    onSettled: () => client.invalidateQueries({ queryKey: ['settings'] }),
  })
  const locked = !may('setting.change')
  return (
    <section className="card">
      <h2>Our side</h2>
      <TagsInput
        label="Our own mail domains"
        description="Tell our mail from theirs in a thread"
        readOnly={locked}
        value={settings.ownDomains}
        error={fieldProblem(save.error, 'ownDomains')}
        onChange={(ownDomains) => setSettings({ ...settings, ownDomains })}
      />
      <NumberInput
        label="Hold before a released reply leaves, in seconds"
        min={0}
        max={3600}
        readOnly={locked}
        value={settings.replyHoldSeconds}
        onChange={(value) => setSettings({ ...settings, replyHoldSeconds: typeof value === 'number' ? value : 30 })}
      />
      <Select
        label="Answers that two people must release are signed with a passkey"
        description="The first person may always sign; a click stands in the ledger, and nobody can check it without trusting us"
        readOnly={locked}
        allowDeselect={false}
        data={signingWords}
        value={settings.releaseSigning ?? null}
        onChange={(value) => {
          const parsed = ReleaseSigning.safeParse(value)
          if (parsed.success) setSettings({ ...settings, releaseSigning: parsed.data })
        }}
      />
      <SecondWaitFields
        value={settings.secondWait ?? secondWaitDefault}
        locked={locked}
        says={(field) => fieldProblem(save.error, `secondWait.${field}`)}
        change={(secondWait) => setSettings({ ...settings, secondWait })}
      />
      <Problem error={save.error} />
      {!locked && (
        <Button loading={save.isPending} onClick={() => save.mutate()} style={{ alignSelf: 'flex-start' }}>
          Save
        </Button>
      )}
    </section>
  )
}

/** How long an answer waits for its second person, and when they hear of it again. */
function SecondWaitFields({
  value,
  locked,
  says,
  change,
}: {
  readonly value: SecondWait
  readonly locked: boolean
  readonly says: (field: keyof SecondWait) => string | undefined
  readonly change: (value: SecondWait) => void
}) {
  return (
    <>
      <NumberInput
        label="An answer waits for its second person at most, in hours"
        description="Then nothing leaves, it is back in its review, and whoever released it first is told. What waits already keeps its end"
        min={1}
        allowDecimal={false}
        readOnly={locked}
        value={value.hours}
        error={says('hours')}
        onChange={(hours) => typeof hours === 'number' && change({ ...value, hours })}
      />
      <TagsInput
        label="Who is asked is reminded after so many hours"
        description="The first reminder asks everybody else who may release"
        readOnly={locked}
        value={value.remindAfterHours.map(String)}
        error={says('remindAfterHours')}
        onChange={(tags) =>
          change({
            ...value,
            remindAfterHours: tags
              .filter((tag) => /^[1-9]\d{0,2}$/.test(tag))
              .map(Number)
              .toSorted((a, b) => a - b),
          })
        }
      />
    </>
  )
}

function Doors({ data }: { readonly data: Answer<'GET /api/settings'> }) {
  return (
    <section className="card">
      <h2>Doors</h2>
      <p className="dim">
        These stand in <code>counterfoil.yaml</code> in the data folder, since they need a restart and a firewall.
      </p>
      <ul>
        {data.doors.map((door) => (
          <li key={door}>{door}</li>
        ))}
      </ul>
      <dl className="kv">
        <dt>Mail out</dt>
        <dd>{data.mailOut ?? 'not configured: replies cannot be sent, and are kept'}</dd>
        <dt>This address</dt>
        <dd>{data.publicUrl}</dd>
      </dl>
    </section>
  )
}
