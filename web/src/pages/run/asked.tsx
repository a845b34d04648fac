import { sourceWords } from '../../../../src/model/house-connectors.ts'
import type { Answer } from '../../api.ts'
import { findingWords, msWords } from '../../words.ts'
import type { Scale } from './scale.ts'

type Asked = Answer<'GET /api/runs/:id'>['asked'][number]

/** The questions of a step, which run beside each other: one lane each, on the time axis of the run. */
export function AskedRows({ asked, scale }: { readonly asked: readonly Asked[]; readonly scale: Scale }) {
  return (
    <ul className="asked-rows" aria-label="Questions of this step, asked beside each other">
      {asked.map((one) => {
        const start = Date.parse(one.askedAt)
        const { left, width } = scale.bar(start, start + one.costMs)
        return (
          <li key={one.id} className="step-line asked-line">
            <span />
            <span className="clip" title={one.title}>
              {one.title} <span className="dim">{sourceWords(one.connector)}</span>
            </span>
            <span className={`step-state ${one.kind}`}>{findingWords[one.kind]}</span>
            <span className="lane" aria-hidden="true">
              <i
                className={one.kind === 'failed' ? 'failed' : one.kind === 'found' ? 'done' : 'skipped'}
                style={{ left, width }}
              />
            </span>
            <span className="num dim">{msWords(one.costMs)}</span>
            {one.kind === 'failed' && <span className="asked-why">{one.why}</span>}
          </li>
        )
      })}
    </ul>
  )
}
