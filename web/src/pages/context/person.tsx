import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import type { PersonPage } from '../../../../src/contract/context.ts'
import { call } from '../../api.ts'
import { BackIcon } from '../../parts/icons.tsx'
import { Notes } from '../../parts/notes.tsx'
import { ErrorState, Loading } from '../../parts/states.tsx'
import { utc } from '../../parts/time.tsx'
import { personWords } from './fact-words.ts'
import { Age, Edits, FactsTable, ruleWords } from './facts-table.tsx'
import './context.css'

export function PersonRoute() {
  const { id } = useParams({ from: '/desk/context/people/$id' })
  const page = useQuery({ queryKey: ['people', id], queryFn: () => call('GET /api/people/:id', { params: { id } }) })
  if (page.data === undefined)
    return page.error === null ? <Loading /> : <ErrorState error={page.error} retry={() => void page.refetch()} />
  return <PersonView page={page.data} />
}

function PersonView({ page }: { readonly page: PersonPage }) {
  const { person, facts, entity, absences, assets } = page
  return (
    <>
      <div className="page-head">
        <Link to="/context/$part" params={{ part: 'people' }} className="row tight dim">
          <BackIcon /> People
        </Link>
        <h1 className="clip">{person.name}</h1>
        {person.privileged === true && <span className="tag warn">Privileged</span>}
        {absences.length > 0 && <span className="tag">Away</span>}
        <span className="dim">as of</span>
        <Age at={page.asOf} />
      </div>
      <div className="entity-grid">
        <div className="stack">
          <section className="card">
            <h2>What is known</h2>
            <FactsTable of={{ noun: 'people', entity }} facts={facts} words={personWords} />
            <p className="dim">{ruleWords}</p>
          </section>
          <Edits edits={page.edits} words={personWords} />
        </div>
        <div className="stack">
          <section className="card" aria-label="Notes">
            <h2>Notes</h2>
            {page.notes.length === 0 && (
              <p className="dim">None yet. What is written here stands on every later alert about it.</p>
            )}
            <Notes named={page.noteNames} alertId={null} queryKey={['people', entity]} notes={page.notes} />
          </section>
          <section className="card">
            <h2>Away now</h2>
            {absences.length === 0 && <p className="dim">Not by any calendar that was imported.</p>}
            {absences.map((absence) => (
              <p key={absence.id}>
                {absence.title}: {utc(absence.from).slice(0, 10)} to {utc(absence.to).slice(0, 10)}
                {absence.deputy !== null && `; ${absence.deputy} stands in`}
              </p>
            ))}
          </section>
          <section className="card">
            <h2>Answers for</h2>
            {assets.length === 0 && <p className="dim">No asset names this person as its owner.</p>}
            {assets.map((asset) => (
              <div key={asset.entity} className="edit-line">
                <Link to="/context/assets/$id" params={{ id: asset.entity }}>
                  {asset.name}
                </Link>
                {asset.role !== null && <span className="dim">{asset.role}</span>}
              </div>
            ))}
          </section>
        </div>
      </div>
    </>
  )
}
