import type { Risk } from '../../../../src/model/triage.ts'
import { severityWords } from '../../words.ts'

/** Never a bare number: every part, its weight, and whether it is known at all. */
export function RiskCard({ risk }: { readonly risk: Risk }) {
  return (
    <section className="card">
      <h2>
        Risk{' '}
        <span className={`sev ${risk.level}`}>
          {Math.round(risk.score)} of 100, {severityWords[risk.level].toLowerCase()}
        </span>
      </h2>
      <div className="scroll-x" tabIndex={0} role="region" aria-label="Parts of the risk">
        <table className="plain risk">
          <thead>
            <tr>
              <th>Part</th>
              <th>Value</th>
              <th className="num">Weight</th>
              <th>Because</th>
            </tr>
          </thead>
          <tbody>
            {risk.parts.map((part) => (
              <tr key={part.name}>
                <td>{part.name}</td>
                <td>{part.known ? part.value : <span className="dim">not known</span>}</td>
                <td className="num">× {part.weight.toFixed(2)}</td>
                <td className="dim">{part.because}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
