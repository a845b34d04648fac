import type { Xray } from '../../../../src/model/xray.ts'
import { plural } from '../../words.ts'

const percent = (share: number): string => `${Math.round(share * 100)} %`

const listShown = 12

/** The lists behind the page: all rules, every question that came again, who is who, and what could not be read. */
export function Lists({ xray }: { readonly xray: Xray }) {
  const { messages } = xray
  return (
    <div className="stack no-print">
      <h2 className="section-title">The lists behind it</h2>
      <section className="card">
        <h2>Rules and their share</h2>
        {xray.rules.length === 0 && <p className="dim">No rule was named.</p>}
        {xray.rules.slice(0, listShown).map((rule) => (
          <Bar key={rule.rule} share={rule.share} says={rule.rule} value={`${rule.alerts} · ${percent(rule.share)}`} />
        ))}
        {xray.rules.length > listShown && <p className="dim">and {xray.rules.length - listShown} more rules</p>}
      </section>
      <section className="card">
        <h2>The same question, asked again</h2>
        {xray.repeated.length === 0 ? (
          <p className="dim">No question came twice.</p>
        ) : (
          <div className="scroll-x">
            <table className="plain">
              <thead>
                <tr>
                  <th>Rule</th>
                  <th>About</th>
                  <th className="num">Times</th>
                  <th>First</th>
                  <th>Last</th>
                </tr>
              </thead>
              <tbody>
                {xray.repeated.slice(0, 50).map((one) => (
                  <tr key={`${one.rule} ${one.entity}`}>
                    <td>{one.rule}</td>
                    <td className="mono">{one.entity}</td>
                    <td className="num">{one.times}</td>
                    <td className="dim">{one.first?.slice(0, 10) ?? 'not dated'}</td>
                    <td className="dim">{one.last?.slice(0, 10) ?? 'not dated'}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
      <div className="xray-two">
        <section className="card">
          <h2>Who is who</h2>
          <dl className="kv">
            <dt>Ours</dt>
            <dd>{xray.ours.length === 0 ? 'could not be told' : xray.ours.join(', ')}</dd>
            {xray.providers.map((provider) => (
              <Provider key={provider.id} provider={provider} />
            ))}
          </dl>
          <h2 className="section-title xray-kinds">Messages by kind</h2>
          <p className="dim">{`${messages.in} messages = ${messages.read} read + ${messages.reply} replies + ${messages.unread} unread: each is counted once.`}</p>
          {Object.entries(messages.kinds)
            .sort(([, a], [, b]) => (b ?? 0) - (a ?? 0))
            .map(([kind, n]) => (
              <Bar key={kind} share={(n ?? 0) / Math.max(1, messages.in)} says={kind} value={String(n ?? 0)} />
            ))}
        </section>
        <section className="card">
          <h2>Could not be read: {xray.unreadMessages.length}</h2>
          {xray.unreadMessages.length === 0 && <p className="dim">Every message was read.</p>}
          <ul className="unread">
            {xray.unreadMessages.slice(0, 100).map((one) => (
              <li key={one.name}>
                <span className="mono">{one.name}</span>
                <span className="dim">{one.why}</span>
              </li>
            ))}
          </ul>
        </section>
      </div>
    </div>
  )
}

function Provider({ provider }: { readonly provider: Xray['providers'][number] }) {
  return (
    <>
      <dt>{provider.name}</dt>
      <dd>
        {provider.domains.join(', ')} · {plural(provider.messages, 'message')}, {plural(provider.alerts, 'alert')}
      </dd>
    </>
  )
}

function Bar({ share, says, value }: { readonly share: number; readonly says: string; readonly value: string }) {
  return (
    <div className="bar">
      <div className="bar-line" title={says}>
        <i style={{ width: `${Math.min(100, share * 100)}%` }} />
        <span className="clip">{says}</span>
      </div>
      <span className="num">{value}</span>
    </div>
  )
}
