import type { Tried } from '../../../../src/contract/connectors.ts'
import { AsWords } from '../../parts/as-words.tsx'
import { findingWords } from './connector-words.ts'

/** What a test came to: a row as it came, what the key is good for, or why it failed and what to do. */
export function TriedOut({ tried }: { readonly tried: Tried }) {
  if (tried.kind === 'failed')
    return (
      <div className="tried bad" role="status">
        <strong>It could not read: {tried.why}</strong>
        <span>{tried.next}</span>
      </div>
    )
  if (tried.kind === 'answered')
    return (
      <div className="tried" role="status">
        <strong>
          {findingWords[tried.finding]} ({tried.ms} ms)
        </strong>
        {tried.why !== '' && <span>{tried.why}</span>}
        {tried.answer !== null && <AsWords value={tried.answer} />}
      </div>
    )
  return (
    <div className="tried" role="status">
      <strong>
        {tried.says} ({tried.ms} ms)
      </strong>
      {tried.warnings.map((warning) => (
        <span key={warning} className="tag warn">
          {warning}
        </span>
      ))}
      {tried.can.length > 0 && <span>With this key we can: {tried.can.join('; ')}.</span>}
      {tried.cannot.length > 0 && <span>We cannot: {tried.cannot.join('; ')}.</span>}
      {tried.rows.map((row, at) => (
        // Rows have no name but their place.
        <dl key={at} className="kv">
          {Object.entries(row).map(([name, value]) => (
            <div key={name} className="tried-cell">
              <dt>{name}</dt>
              <dd className="mono">{value}</dd>
            </div>
          ))}
        </dl>
      ))}
    </div>
  )
}
