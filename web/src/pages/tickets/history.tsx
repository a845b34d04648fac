import { RecordLine, useRaw } from '../../parts/records.tsx'
import type { Props } from './ticket-act.ts'

export function History({ ticket }: Props) {
  const { raw, button } = useRaw()
  return (
    <section className="card">
      <div className="row between">
        <h2>History</h2>
        {button}
      </div>
      <p className="dim">Out of the ledger, newest first; nobody can change it.</p>
      <ul className="ticket-history">
        {ticket.history.map((record) => (
          <li key={`${record.at} ${record.kind} ${JSON.stringify(record.body)}`}>
            <RecordLine record={record} raw={raw} />
          </li>
        ))}
      </ul>
    </section>
  )
}
