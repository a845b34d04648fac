import type { ConnectorCard } from '../../../../src/contract/connectors.ts'
import type { Rung } from '../../../../src/model/question.ts'
import { plural } from '../../words.ts'
import { stateWords } from './connector-words.ts'

/** Sources by rungs of the evidence ladder: which rung would stay empty, and who fills the others. */
export function CoverageMap({
  connectors,
  rungs,
}: {
  readonly connectors: readonly ConnectorCard[]
  readonly rungs: readonly { readonly rung: Rung; readonly title: string }[]
}) {
  const works = (one: ConnectorCard) => one.state !== 'not-configured' && one.state !== 'off' && one.state !== 'failing'
  const fills = (one: ConnectorCard, rung: Rung) => one.answers.filter((answer) => answer.rung === rung).length
  return (
    <section className="card">
      <h2>Coverage: sources by rungs of the evidence ladder</h2>
      <div className="coverage">
        <table className="plain cards">
          <thead>
            <tr>
              <th scope="col">Source</th>
              {rungs.map(({ rung, title }) => (
                <th key={rung} scope="col">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {connectors.map((one) => (
              <tr key={one.id}>
                <th scope="row">{one.title}</th>
                {rungs.map(({ rung, title }) => {
                  const n = fills(one, rung)
                  if (n === 0) return <td key={rung} />
                  return (
                    <td key={rung} data-label={title}>
                      <span className={`tag ${stateWords[one.state][1]}`}>
                        {works(one) ? plural(n, 'question') : stateWords[one.state][0]}
                      </span>
                    </td>
                  )
                })}
              </tr>
            ))}
            <tr>
              <th scope="row">Together</th>
              {rungs.map(({ rung, title }) => {
                const n = connectors.filter((one) => works(one) && fills(one, rung) > 0).length
                return (
                  <td key={rung} data-label={title}>
                    <strong>{n === 0 ? 'Nobody answers' : n === 1 ? '1 source' : `${n} sources`}</strong>
                  </td>
                )
              })}
            </tr>
          </tbody>
        </table>
      </div>
    </section>
  )
}
