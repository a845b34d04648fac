import { Button, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { OfficesPage } from '../../../../src/contract/approvals.ts'
import { tooFewFor } from '../../../../src/model/approval.ts'
import { type Office, OfficeId, type Offices, officesMax } from '../../../../src/model/office.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { ErrorState, Loading } from '../../parts/states.tsx'
import { say } from '../../parts/toast.tsx'
import { Parties, roles } from './parties.tsx'
import { Refusal } from './refusal.tsx'
import './sign-off.css'
import './ticketing.css'

/** Who signs for HR, legal, data protection: playbooks name the office, and here stands who that is. */
export function SignOffPart() {
  const page = useQuery({ queryKey: ['offices'], queryFn: () => call('GET /api/offices') })
  if (page.data === undefined)
    return page.error === null ? <Loading /> : <ErrorState error={page.error} retry={() => void page.refetch()} />
  return (
    <>
      <Chains page={page.data} />
      <Holders key={page.data.version} page={page.data} />
    </>
  )
}

/** What a run would find out in the night, now. */
function Chains({ page }: { readonly page: OfficesPage }) {
  return (
    <section className="card" aria-label="Chains of signatures">
      <h2>Can every chain be signed?</h2>
      {page.problems.length === 0 ? (
        <p>Yes: whatever a playbook asks to be signed can be signed as things are now.</p>
      ) : (
        <ul className="plain-list">
          {page.problems.map(({ playbook, title, step, place, says, stops }) => (
            <li key={`${playbook} ${step} ${place} ${says}`}>
              <span className={stops ? 'tag bad' : 'tag warn'}>{stops ? 'Cannot be signed' : 'Look at it'}</span>{' '}
              <strong>
                {title}, {place}
              </strong>
              : {says}.
            </li>
          ))}
        </ul>
      )}
      <p className="dim">
        The same stands on each playbook&apos;s card, in <code>counterfoil playbook check</code>, and in the log at the
        start. Whoever signs needs an account and a passkey.
      </p>
    </section>
  )
}

function Holders({ page }: { readonly page: OfficesPage }) {
  const locked = !useMay()('setting.change')
  const client = useQueryClient()
  const [offices, setOffices] = useState(page.offices)
  const save = useMutation({
    mutationFn: () => call('PUT /api/offices', { body: { offices, version: page.version } }),
    onSuccess: () => say('Saved: the next time something is asked, it is asked of them.'),
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['offices'] }),
        client.invalidateQueries({ queryKey: ['playbooks'] }),
      ]),
  })
  const people = [...page.people.map(({ email }) => email), ...roles.keys()]
  const set = (id: string, change: Partial<Office>) =>
    setOffices((before) => {
      const office = before[id]
      return office === undefined ? before : { ...before, [id]: { ...office, ...change } }
    })
  const take = (id: string) => setOffices(Object.fromEntries(Object.entries(offices).filter(([one]) => one !== id)))
  return (
    <section className="card">
      <h2>Who signs for what</h2>
      <p className="dim">
        A playbook asks <code>office:dpo</code>; here stands who that is, so that nobody edits playbooks when somebody
        leaves. People by mail address, or a role. Deputies are asked when a member hands over, with the first reminder,
        and at once where too few members may sign or are there (absences of the calendar). What is asked already stays
        asked of whom it was. As a document it is part of{' '}
        <Link to="/settings/$part" params={{ part: 'config' }}>
          the settings as a file
        </Link>
        .
      </p>
      <div className="scroll-x" tabIndex={0} role="region" aria-label="Who signs for what">
        <table className="plain cards duties offices">
          <thead>
            <tr>
              <th>Office</th>
              <th>Signs</th>
              <th>Deputies</th>
              <th>Asked by</th>
              {!locked && <th>Take out</th>}
            </tr>
          </thead>
          <tbody>
            {Object.entries(offices).map(([id, office]) => (
              <tr key={id}>
                <th scope="row">
                  {office.title} <span className="mono dim">office:{id}</span>
                </th>
                <Parties
                  label="Signs"
                  what={`Signs for ${office.title}`}
                  data={people}
                  value={office.people}
                  locked={locked}
                  set={(value) => set(id, { people: value })}
                />
                <Parties
                  label="Deputies"
                  what={`Deputies of ${office.title}`}
                  data={people}
                  value={office.deputies}
                  locked={locked}
                  set={(value) => set(id, { deputies: value })}
                />
                <td data-label="Asked by">{page.uses[id]?.join(', ') ?? <span className="dim">no playbook</span>}</td>
                {!locked && (
                  <td>
                    <Button
                      size="compact-sm"
                      variant="default"
                      aria-label={`Take out ${office.title}`}
                      disabled={page.uses[id] !== undefined}
                      title={page.uses[id] === undefined ? undefined : 'A playbook asks it'}
                      onClick={() => take(id)}
                    >
                      Take out
                    </Button>
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {!locked && Object.keys(offices).length < officesMax && (
        <AddOffice taken={Object.keys(offices)} add={(id, office) => setOffices({ ...offices, [id]: office })} />
      )}
      <SamePeople offices={offices} chains={page.chains} />
      <Refusal error={save.error} />
      {locked ? (
        <p className="dim">An administrator changes it.</p>
      ) : (
        <Button loading={save.isPending} onClick={() => save.mutate()} style={{ alignSelf: 'flex-start' }}>
          Save
        </Button>
      )}
    </section>
  )
}

/** Said while it is written: one person in two offices of one chain counts once. */
function SamePeople({ offices, chains }: { readonly offices: Offices; readonly chains: OfficesPage['chains'] }) {
  const found = chains.flatMap(({ title, places }) => {
    const named = places.flatMap(({ office, quorum }) => {
      const { title: name = office, people = [] } = offices[office] ?? {}
      // A role may be many people: the check above knows how many, once it is saved.
      const isKnown = people.length > 0 && people.every((one) => !one.startsWith('role:'))
      return isKnown ? [{ title: name, quorum, people: new Set(people.map((one) => one.toLowerCase())) }] : []
    })
    const few = tooFewFor(named)
    return few === null
      ? []
      : [{ title, who: few.people.join(', '), offices: few.places.map((place) => place.title).join(' and ') }]
  })
  if (found.length === 0) return null
  return (
    <div className="notice" role="status" aria-label="One person in two offices">
      <ul className="plain-list">
        {found.map(({ title, who, offices: both }) => (
          <li key={`${title} ${both}`}>
            “{title}” asks {both}, and {who} would sign for each of them. One person counts once: name somebody else, or
            a deputy is asked for the other.
          </li>
        ))}
      </ul>
    </div>
  )
}

function AddOffice({
  taken,
  add,
}: {
  readonly taken: readonly string[]
  readonly add: (id: string, office: Office) => void
}) {
  const [title, setTitle] = useState('')
  const [id, setId] = useState('')
  const isFree = OfficeId.safeParse(id).success && !taken.includes(id)
  return (
    <div className="row wrap" style={{ alignItems: 'flex-end' }}>
      <TextInput
        label="One more office"
        placeholder="Works council"
        maxLength={60}
        value={title}
        onChange={(event) => setTitle(event.currentTarget.value)}
      />
      <TextInput
        label="Its id in playbooks"
        placeholder="works-council"
        value={id}
        error={id === '' || isFree ? undefined : 'Small letters, digits and hyphens, and not there yet'}
        onChange={(event) => setId(event.currentTarget.value)}
      />
      <Button
        variant="default"
        disabled={title.trim() === '' || !isFree}
        onClick={() => {
          add(id, { title: title.trim(), people: [], deputies: [] })
          setTitle('')
          setId('')
        }}
      >
        Add it
      </Button>
    </div>
  )
}
