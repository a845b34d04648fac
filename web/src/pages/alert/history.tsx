import { Link } from '@tanstack/react-router'
import type { AlertPage } from '../../../../src/contract/desk.ts'
import { When } from '../../parts/time.tsx'
import { outcomeShort, plural } from '../../words.ts'

/** The same rule about the same thing, before. */
export function History({ page }: { readonly page: AlertPage }) {
  const { history, alert } = page
  return (
    <section className="card">
      <h2>Same rule, same {alert.host !== null ? 'host' : 'subject'}, before</h2>
      {history.length === 0 ? (
        <p className="dim">
          {alert.rule === null || alert.entity === null
            ? 'The alert does not name a rule and a subject, so there is nothing to compare.'
            : 'This is the first time.'}
        </p>
      ) : (
        <>
          <p className="dim">{plural(history.length, 'earlier alert')}</p>
          <table className="plain">
            <tbody>
              {history.slice(0, 8).map((row) => (
                <tr key={row.id}>
                  <td>
                    <Link to="/alerts/$id" params={{ id: row.id }}>
                      A-{row.number}
                    </Link>
                  </td>
                  <td>
                    <When at={row.receivedAt} ago />
                  </td>
                  <td>
                    {row.outcome === null ? (
                      <span className="dim">not decided</span>
                    ) : (
                      <span className="tag">{outcomeShort[row.outcome]}</span>
                    )}
                  </td>
                  <td className="dim">
                    {row.reason} {row.by !== null && `(${row.by})`}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </section>
  )
}
