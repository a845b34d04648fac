import type { ReactNode } from 'react'
import type { Xray } from '../../../../src/model/xray.ts'
import { plural, rungWords } from '../../words.ts'

const percent = (share: number | null): string => (share === null ? 'not known' : `${Math.round(share * 100)} %`)

/** "45 min", "6.5 h", "3 d". */
function minutes(value: number | null): string {
  if (value === null) return 'not known'
  if (value < 90) return `${Math.round(value)} min`
  if (value < 48 * 60) return `${(value / 60).toFixed(1)} h`
  return `${Math.round(value / 60 / 24)} d`
}

const listShown = 12

export function Result({ xray }: { readonly xray: Xray }) {
  const { messages, waits, evidence } = xray
  const asked = xray.repeated.reduce((sum, one) => sum + one.times - 1, 0)
  return (
    <div className="stack">
      <div className="tiles">
        <Tile
          name="Messages"
          value={messages.in.toLocaleString('en')}
          says={`${messages.read} read + ${messages.reply} replies + ${messages.unread} unread`}
        />
        <Tile
          name="Alerts"
          value={xray.alerts.toLocaleString('en')}
          says={`${plural(xray.tickets, 'ticket')}${span(xray)}`}
        />
        <Tile
          name="Asked again"
          value={asked.toLocaleString('en')}
          says={`${plural(xray.repeated.length, 'question')} came twice or more`}
        />
        <Tile
          name="We waited for them"
          value={minutes(waits.them.medianMinutes)}
          says={`median of ${plural(waits.them.n, 'answer')}`}
        />
        <Tile
          name="They waited for us"
          value={minutes(waits.us.medianMinutes)}
          says={`median of ${plural(waits.us.n, 'answer')}`}
        />
        <Tile name="Outside business hours" value={percent(xray.offHoursShare)} says="of the alerts" />
        <Tile
          name="Delivered fidelity"
          value={percent(evidence.fidelity)}
          says="of the evidence ladder came with the alerts"
        />
      </div>
      <div className="xray-two">
        <section className="card">
          <h2>Rules and their share</h2>
          {xray.rules.length === 0 && <p className="dim">No rule was named.</p>}
          {xray.rules.slice(0, listShown).map((rule) => (
            <Bar
              key={rule.rule}
              share={rule.share}
              says={rule.rule}
              value={`${rule.alerts} · ${percent(rule.share)}`}
            />
          ))}
          {xray.rules.length > listShown && <p className="dim">and {xray.rules.length - listShown} more rules</p>}
        </section>
        <section className="card">
          <h2>Evidence the alerts came with</h2>
          {evidence.rungs.map((one) => (
            <Bar
              key={one.rung}
              share={one.share}
              says={rungWords[one.rung]}
              value={`${one.alerts} · ${percent(one.share)}`}
            />
          ))}
          <p className="dim">What is missing here is what your people look up by hand.</p>
        </section>
      </div>
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

function span(xray: Xray): string {
  return xray.from === null || xray.to === null ? '' : `, ${xray.from.slice(0, 10)} to ${xray.to.slice(0, 10)}`
}

function Tile({ name, value, says }: { readonly name: string; readonly value: ReactNode; readonly says: string }) {
  return (
    <div className="card tile">
      <span className="tile-name">{name}</span>
      <strong className={value === 'not known' ? 'unknown' : ''}>{value}</strong>
      <span className="dim">{says}</span>
    </div>
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
