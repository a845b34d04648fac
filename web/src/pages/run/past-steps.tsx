import type { Answer } from '../../api.ts'
import { When } from '../../parts/time.tsx'
import { plural, stepWords } from '../../words.ts'

/** What stood in the journal before somebody had the run go on again. */
export function PastSteps({ past }: { readonly past: Answer<'GET /api/runs/:id'>['past'] }) {
  if (past.length === 0) return null
  return (
    <details className="card past-steps">
      <summary>{plural(past.length, 'line')} put aside by a retry</summary>
      <table className="plain">
        <tbody>
          {past.map((one) => (
            <tr key={`${one.path} ${one.attempt}`}>
              <td>
                {one.title} <span className="dim">try {one.attempt}</span>
              </td>
              <td>{stepWords[one.state]}</td>
              <td className="dim">{one.error}</td>
              <td>
                {one.byName}, <When at={one.at} ago />: {one.reason}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}
