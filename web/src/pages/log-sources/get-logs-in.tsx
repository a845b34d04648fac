import type { LakePage } from '../../../../src/contract/logs.ts'
import { curlOf } from './keys.tsx'

const syslogExample = `lake:
  syslog:
    host: 0.0.0.0
    udp: 5514
    tcp: 5514
    sources:
      - { from: [192.0.2.0/24], source: fw-1 }`

/** Three ways to get logs in; open where there are none yet. */
export function GetLogsIn({ lake, open }: { readonly lake: LakePage; readonly open: boolean }) {
  return (
    <details className="card get-logs-in" open={open}>
      <summary>
        <h2>{open ? 'No logs come in yet. Three ways to get them in' : 'Three ways to get more logs in'}</h2>
      </summary>
      <div className="three">
        <section>
          <h3 className="section-title">1. Syslog</h3>
          <p>
            For firewalls, switches and Linux. In <code>counterfoil.yaml</code>, then restart:
          </p>
          <pre>{syslogExample}</pre>
        </section>
        <section>
          <h3 className="section-title">2. HTTP</h3>
          <p>
            For shippers such as Vector, Fluent Bit or anything that speaks to Splunk’s HEC. Add a source, make a key,
            and:
          </p>
          <pre>{curlOf('fw-1', 'KEY')}</pre>
        </section>
        <section>
          <h3 className="section-title">3. Files</h3>
          <p>For what you have already, packed or not; it goes on where it stopped:</p>
          <pre>counterfoil lake ingest /var/log/app --source app</pre>
          <p className="dim">
            Files that grow are read as they do: <code>lake.files</code> in <code>counterfoil.yaml</code>.
          </p>
        </section>
      </div>
      <p className="dim">Open doors now: {lake.doors.length === 0 ? 'none' : lake.doors.join('; ')}</p>
    </details>
  )
}
